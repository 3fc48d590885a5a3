# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done, a line of JSON for each; and what is known of commits, so that none is checked twice."""

from __future__ import annotations

import datetime
import json
import os
import pathlib

KEPT = 500


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printable(text: str) -> str:
    """Text that people pushed, as a terminal may have it: what would move its cursor or turn its writing is written out."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] if ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}" for sign in text)


class Record:
    """Only ever added to."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def add(self, **entry) -> None:
        line = json.dumps({"time": now(), **entry}, ensure_ascii=False) + "\n"
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[dict]:
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # the machine went down in the middle of it
        return found


class Memory:
    """By repository: the trees that were green, the heads of pull requests and what they were answered, and how main was judged last."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        try:
            self.content = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            self.content = {}

    def _of(self, repository: str) -> dict:
        return self.content.setdefault(repository, {"main": {}, "green": {}, "heads": {}})

    def judged(self, repository: str) -> dict:
        """{"commit", "result", "report"} of main; empty when there was none. `report` is what Gitea was not told yet."""
        return self._of(repository)["main"]

    def judge(self, repository: str, commit: str, result: str, report: list[str] | None) -> None:
        self._of(repository)["main"] = {"commit": commit, "result": result, "report": report}
        self._save()

    def green(self, repository: str, tree: str, way: str) -> bool:
        """Whether the tree was checked in the same way, and nothing found."""
        return self._of(repository)["green"].get(tree) == way

    def checked(self, repository: str, tree: str, way: str) -> None:
        self._remember(self._of(repository)["green"], tree, way)

    def answered(self, repository: str, head: str) -> str:
        """The state that a pull request's commit was given, or nothing."""
        return self._of(repository)["heads"].get(head, "")

    def answer(self, repository: str, head: str, state: str) -> None:
        self._remember(self._of(repository)["heads"], head, state)

    def accepted(self, repository: str) -> list[str]:
        """Commits of main that somebody with root's rights here let through without approvals."""
        return self._of(repository).get("accepted", [])

    def accept(self, repository: str, commit: str) -> None:
        known = self._of(repository)
        known["accepted"] = [*known.get("accepted", []), commit][-KEPT:]
        known["main"] = {}
        self._save()

    def forget(self, repository: str) -> None:
        self.content[repository] = {"main": {}, "green": {}, "heads": {}, "accepted": self.accepted(repository)}
        self._save()

    def _remember(self, known: dict, key: str, value: str) -> None:
        known.pop(key, None)
        known[key] = value
        for old in list(known)[:-KEPT]:
            del known[old]
        self._save()

    def _save(self) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.content))
        new.rename(self.path)
