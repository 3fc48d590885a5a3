# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases beside one another, and a link that is one of them: the new one at once, or the old one."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import tarfile


class Refused(Exception):
    """What is in the tree has no place in a release."""


def unpack(archive: bytes, folder: pathlib.Path) -> None:
    """Files and folders, readable by all and written by nobody else. What they are dated is when they came, so that whoever looks for
    new files finds them."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            place = pathlib.PurePosixPath(member.name)
            if place.is_absolute() or ".." in place.parts:
                raise Refused(f"{member.name} leads out of the tree")
            path = folder / place
            if member.isdir():
                path.mkdir(mode=0o755, parents=True, exist_ok=True)
            elif member.isfile():
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                with open(path, "xb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
                    file.flush()
                    os.fsync(file.fileno())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)
            else:
                raise Refused(f"{member.name} is a link, and a release has none")


class Releases:
    def __init__(self, root: pathlib.Path, name: str):
        self.name = name
        self.link = root / name
        self.folder = root / "releases"

    def path(self, commit: str) -> pathlib.Path:
        return self.folder / f"{self.name}-{commit}"

    def current(self) -> str:
        """The commit that the link is, or nothing."""
        try:
            return os.path.basename(os.readlink(self.link)).removeprefix(self.name + "-")
        except FileNotFoundError:
            return ""

    def add(self, commit: str, archive: bytes) -> None:
        """Whole under its own name, or not at all."""
        made = self.folder / f".{self.name}-{commit}"
        for rest in (made, self.path(commit)):
            # The current one is whole, and in use.
            if rest.exists() and commit != self.current():
                shutil.rmtree(rest)
        if self.path(commit).exists():
            return
        made.mkdir(mode=0o755, parents=True)
        try:
            unpack(archive, made)
        except BaseException:
            shutil.rmtree(made)
            raise
        made.rename(self.path(commit))

    def put(self, commit: str) -> None:
        """Point the link at a release. Nobody ever sees none."""
        new = self.link.with_name(f".{self.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(pathlib.Path("releases") / self.path(commit).name)
        new.rename(self.link)

    def back(self, previous: str) -> None:
        """To what was before; where nothing was, to nothing."""
        if previous:
            self.put(previous)
        else:
            self.link.unlink()

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest, and what runs that were killed began; what still runs from one of the last ones keeps it."""
        mine = self.name + "-" + "[0-9a-f]" * 40
        releases = sorted(self.folder.glob(mine), key=lambda path: path.stat().st_mtime, reverse=True)
        old = [path for path in releases if path != self.path(self.current())][max(keep - 1, 0) :] + list(self.folder.glob("." + mine))
        for path in old:
            shutil.rmtree(path)
        return [path.name for path in old]
