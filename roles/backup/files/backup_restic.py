# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""restic, as this host's backups use it. Neither its key nor its account at the store is on a command line."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, Iterator, Optional, Sequence

# What restic ends with, see its manual.
NOT_ALL_READ, NO_REPOSITORY, LOCKED, WRONG_KEY = 3, 10, 11, 12
# A store that is away is asked again by restic itself for a quarter of an hour, which is longer than most sets wait for their next turn.
ANSWER_SECONDS = 60
UNCHECKED = ".unchecked"


class Failed(Exception):
    """A backup that is none."""

    def __init__(self, message: str, told: Optional[dict[str, Any]] = None) -> None:
        super().__init__(message)
        self.told = told or {}


class Restic:
    """By settings: restic (path), repository, host, password_file, ca, environment, state."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.program, self.host = settings["restic"], settings["host"]
        self.environment = {
            "HOME": settings["state"], "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "RESTIC_CACHE_DIR": os.path.join(settings["state"], "cache"),
            "RESTIC_PASSWORD_FILE": settings["password_file"], "RESTIC_REPOSITORY": settings["repository"], "RESTIC_PROGRESS_FPS": "0.01",
            **({"RESTIC_CACERT": settings["ca"]} if settings.get("ca") else {}), **settings["environment"]}

    def call(self, *arguments: str, seconds: Optional[int] = None) -> tuple[int, str, str]:
        try:
            done = subprocess.run([self.program, "--json", *arguments], env=self.environment, capture_output=True, text=True, check=False, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            # What restic said meanwhile, each time before it tried again, tells a name that is not known from a port that is closed.
            said = (error.stderr or b"").decode(errors="replace").split("\n")
            last = next((": " + line.strip()[-200:] for line in reversed(said) if line.strip()), "")
            raise Failed("the store %s does not answer within %d s%s" % (self.settings["repository"], ANSWER_SECONDS, last)) from error
        return done.returncode, done.stdout, done.stderr

    def run(self, *arguments: str) -> str:
        code, out, err = self.call(*arguments)
        if code:
            raise Failed(reason_of(code, err, self.settings["repository"]))
        return out

    def begin(self) -> bool:
        """Have a repository; whether a new one had to be made."""
        code, dummy, err = self.call("--no-lock", "cat", "config", seconds=ANSWER_SECONDS)
        if code == NO_REPOSITORY:
            self.run("init")
            return True
        if code:
            raise Failed(reason_of(code, err, self.settings["repository"]))
        return False

    def backup(self, paths: list[str], tags: list[str], exclude: Sequence[str] = (), checked: bool = True) -> dict[str, Any]:
        """Make a snapshot, under a name that does not count if it has to be checked first; returns its id and figures."""
        for path in paths:
            if not os.path.isdir(path):  # restic would leave it out
                raise Failed("%s is not there" % path)
        code, out, err = self.call(
            "--retry-lock", "2h", "backup", "--host", self.host + ("" if checked else UNCHECKED), "--group-by", "paths",
            *(option for tag in tags for option in ("--tag", tag)), *(option for pattern in exclude for option in ("--exclude", pattern)), "--", *paths)
        told = [json.loads(line) for line in (out + err).splitlines() if line.startswith("{")]
        lost = [each["item"] for each in told if each["message_type"] == "error" and os.path.lexists(each.get("item") or "/")]
        summary = next((each for each in told if each["message_type"] == "summary"), None)
        # What is no more when it should be read was on its way out.
        if summary is None or code not in (0, NOT_ALL_READ) or (code == NOT_ALL_READ and lost):
            raise Failed("%d files could not be read, such as %s" % (len(lost), lost[0]) if lost else reason_of(code, err, self.settings["repository"]))
        return {"snapshot": summary["snapshot_id"], "files": summary["total_files_processed"], "bytes": summary["total_bytes_processed"],
                "added_bytes": summary["data_added_packed"]}

    def promote(self, snapshot: str) -> str:
        """Give a snapshot this host's name, and so let it count. The store lets nobody change one: it is another, of the same tree."""
        self.run("--retry-lock", "2h", "rewrite", "--new-host", self.host, snapshot)
        found = json.loads(self.run("--no-lock", "snapshots", "--host", self.host))
        made = next((each for each in found if each.get("original") == snapshot), None)
        if made is None:
            raise Failed("the snapshot %s was checked, and is not among those of %s" % (snapshot, self.host))
        return made["id"]

    def good(self, name: str) -> list[dict[str, Any]]:
        """The snapshots of a set that count."""
        return json.loads(self.run("snapshots", "--host", self.host, "--tag", "set=" + name)) or []

    def ls(self, snapshot: str, folders: list[str]) -> Iterator[tuple[str, int]]:
        """Paths and sizes of the files of a snapshot, below folders."""
        command = [self.program, "--json", "--no-lock", "ls", "--recursive", snapshot, *folders]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                node = json.loads(line)
                if node.get("message_type") == "node" and node["type"] == "file":
                    yield node["path"], node.get("size", 0)
            err = process.stderr.read()
        if process.returncode:
            raise Failed(reason_of(process.returncode, err, self.settings["repository"]))


def reason_of(code: int, err: str, repository: str) -> str:
    """A sentence for what restic ended with."""
    said = [json.loads(line).get("message", line) if line.startswith("{") else line for line in err.splitlines() if line.strip()]
    if code == WRONG_KEY:
        return "the key does not open the repository %s: it is not the one that it was made with" % repository
    if code == LOCKED:
        return "the store keeps the repository %s locked, as it does while it removes what is old: %s" % (repository, said[-1] if said else "")
    if "507 Insufficient Storage" in err:
        return "the store is full: %s" % repository
    return "restic ended with %d: %s" % (code, " ".join(said[-3:]))
