# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flow is told: one JSON file without secrets, and a file for each secret beside it."""

from __future__ import annotations

import dataclasses
import json
import pathlib


class Unfinished(Exception):
    """Something that is needed does not answer; nothing is known of the commit, and it is tried again."""


@dataclasses.dataclass(frozen=True)
class Repository:
    organization: str
    name: str
    checks: list[str]
    interpreter: str
    after_socket: str = ""
    branch: str = "main"
    pulls: bool = True  # whether this host answers pull requests: of several that deploy it, one does
    status: str = "lakehouse/deploy"
    approvals: int = 0  # that each merge needs, by others than its author and who pushed it last

    @property
    def full_name(self) -> str:
        return f"{self.organization}/{self.name}"

    @property
    def main_ref(self) -> str:
        return f"refs/heads/{self.branch}"


@dataclasses.dataclass(frozen=True)
class Settings:
    folder: pathlib.Path  # of this file and the secrets
    state: pathlib.Path
    root: pathlib.Path  # of the links and releases
    repositories: list[Repository]
    gitea_url: str
    gitea_user: str
    ssh_host: str
    ssh_port: int
    trino_url: str
    trino_user: str
    check_socket: str
    check_seconds: int
    keep_releases: int
    checked_with: str  # of which make the checks are: a tree that was green with others is checked again

    def secret(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    def repository(self, name: str) -> Repository:
        for repository in self.repositories:
            if repository.name == name:
                return repository
        raise KeyError(f"{name} is not among {', '.join(repository.name for repository in self.repositories)}")


def load(path: pathlib.Path) -> Settings:
    content = json.loads(path.read_text())
    return Settings(
        folder=path.parent,
        repositories=[Repository(**repository) for repository in content.pop("repositories")],
        state=pathlib.Path(content.pop("state")),
        root=pathlib.Path(content.pop("root")),
        **content,
    )
