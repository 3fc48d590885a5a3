# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare copy of one repository, fetched over SSH from a server whose key is known beforehand.

Nothing of what is in it is run here: no hooks, no filters, no checkout; a tree leaves it as an archive.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from .settings import Repository, Settings, Unfinished

TIMEOUT = 120
# Beyond that it is not a repository of jobs any more.
ARCHIVE_BYTES = 64 * 1024 * 1024


class Conflict(Exception):
    """The branch cannot be merged as it is."""


class Copy:
    def __init__(self, settings: Settings, repository: Repository):
        self.folder = settings.state / "repositories" / f"{repository.name}.git"
        self.url = f"ssh://git@{settings.ssh_host}:{settings.ssh_port}/{repository.full_name}.git"
        ssh = [
            "ssh", "-F", "none", "-i", str(settings.folder / "deploy_key"), "-o", f"UserKnownHostsFile={settings.folder / 'known_hosts'}",
            "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
        ]  # fmt: skip
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(settings.state),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "ssh",
            "GIT_SSH_COMMAND": " ".join(ssh),
        }

    def refs(self) -> dict[str, str]:
        """Commit by name of reference, as fetched last."""
        if not self.folder.is_dir():
            return {}
        lines = self._must("for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split() for line in lines)

    def fetch(self, refs: list[str]) -> None:
        if not self.folder.is_dir():
            self._make()
        # Nobody else writes here, so whoever holds a lock was killed.
        for lock in self.folder.rglob("*.lock"):
            lock.unlink()
        options = ["-c", "transfer.fsckObjects=true", "-c", "gc.autoDetach=false", "-c", "core.fsync=all"]
        self._must(*options, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.url, *(f"+{ref}:{ref}" for ref in refs))

    def _make(self) -> None:
        """Whole or not at all."""
        new = self.folder.with_suffix(".new")
        if new.exists():  # of a run that was killed
            shutil.rmtree(new)
        new.parent.mkdir(parents=True, exist_ok=True)
        self._must("init", "--quiet", "--bare", "--initial-branch=main", str(new), within=False)
        new.rename(self.folder)

    def tree(self, commit: str) -> str:
        return self._must("rev-parse", "--verify", commit + "^{tree}").decode().strip()

    def merged(self, base: str, head: str) -> str:
        """The tree that a merge of head into base would give."""
        done = self._run("merge-tree", "--write-tree", "--name-only", base, head)
        if done.returncode == 1:
            names = done.stdout.decode(errors="replace").split("\n\n")[0].split("\n")[1:]
            raise Conflict(", ".join(name for name in names if name))
        if done.returncode:
            raise Unfinished(f"git merge-tree: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode().strip()

    def contains(self, base: str, head: str) -> bool:
        """Whether base has head in it already."""
        return self._run("merge-base", "--is-ancestor", head, base).returncode == 0

    def archive(self, tree: str) -> bytes:
        content = self._must("archive", "--format=tar", tree)
        if len(content) > ARCHIVE_BYTES:
            raise ValueError(f"the tree is larger than {ARCHIVE_BYTES // 1024 // 1024} MiB")
        return content

    def about(self, commit: str) -> dict[str, str]:
        """Who and what, for the record."""
        names = ["author", "author_email", "committer", "committed", "subject"]
        values = self._must("show", "--no-patch", "--format=%an%x00%ae%x00%cn%x00%cI%x00%s", commit).decode(errors="replace").strip("\n").split("\0")
        return dict(zip(names, values))

    def _run(self, *arguments: str, within: bool = True) -> subprocess.CompletedProcess:
        command = ["git", *(["--git-dir", str(self.folder)] if within else []), *arguments]
        try:
            return subprocess.run(
                command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False, cwd=pathlib.Path("/")
            )
        except subprocess.TimeoutExpired as error:
            raise Unfinished(f"git {arguments[0]} takes longer than {TIMEOUT} s") from error

    def _must(self, *arguments: str, within: bool = True) -> bytes:
        done = self._run(*arguments, within=within)
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines() or [f"ended with {done.returncode}"]
            raise Unfinished(f"git: {words[-1]}")
        return done.stdout
