# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mirror has published, and whether it still is what was built."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import stat

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import catalogue
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import tree


class CorruptError(Exception):
    """A published file that is not what was built."""


class Store:
    """What is published belongs to the caller, root; the folders of what is downloaded and built to the account that does it."""

    def __init__(self, cache, account=None):
        self.cache = cache
        self.account = account
        self.kept = os.path.join(cache, "build")
        self.public = os.path.join(cache, "public")
        self.work = os.path.join(cache, "work")

    def is_current(self, entry, recipe):
        """Whether the release is published as its recipe asks; raises when a published file was damaged."""
        manifest = self._manifest(entry)
        if not manifest or manifest["recipe"] != recipe:
            return False
        for name, known in manifest["files"].items():
            path = os.path.join(self.public, name)
            if not os.path.exists(path):
                return False
            # Gigabytes need no reading while their time stamps are those of the build.
            if _stamp(path) != known["stamp"] and tree.sha256(path) != known["sha256"]:
                raise CorruptError(
                    "release %s: %s is corrupt (its SHA-256 checksum is not %s any more). Delete it and run again: it is then rebuilt"
                    % (catalogue.release_id(entry), path, known["sha256"])
                )
        return True

    def checksum(self, entry):
        """What a client holds the release against: its archive's checksum, or that of the wheels' requirements.txt, which has theirs."""
        files = self._manifest(entry)["files"]
        return files[_archive(entry) if _archive(entry) in files else _wheels(entry, "requirements.txt")]["sha256"]

    def publish(self, entry, recipe, built):
        """Puts a copy of what was built in place: wheels as a folder, everything else as an archive with its checksum beside it."""
        # First, so that a run which is killed below leaves a release that is due, not one that looks corrupt.
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._manifest_path(entry))
        if entry["parts"][0]["kind"] == "wheels":
            target = os.path.join(self.public, _wheels(entry))
            shutil.rmtree(target, ignore_errors=True)
            os.makedirs(target)
            with self._folder(built) as folder:
                for name in os.listdir(folder):
                    _copy(name, os.path.join(target, name), folder)
            names = [_wheels(entry, name) for name in os.listdir(target)]
        else:
            target = os.path.join(self.public, _archive(entry))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with self._folder(os.path.dirname(built)) as folder:
                _copy(os.path.basename(built), target + ".new", folder)
            checksum = "%s  %s\n" % (tree.sha256(target + ".new"), os.path.basename(target))
            os.replace(target + ".new", target)
            _write(target + ".sha256", checksum)
            names = [_archive(entry), _archive(entry) + ".sha256"]
        files = {}
        for name in sorted(names):
            path = os.path.join(self.public, name)
            files[name] = {"sha256": tree.sha256(path), "stamp": _stamp(path)}
        os.makedirs(os.path.join(self.cache, "manifests"), exist_ok=True)
        _write(self._manifest_path(entry), json.dumps({"recipe": recipe, "files": files}, indent=1, sort_keys=True) + "\n")

    @contextlib.contextmanager
    def working(self):
        """An empty work folder, for one build at a time."""
        os.makedirs(self.cache, exist_ok=True)
        with open(os.path.join(self.cache, ".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(self.work, ignore_errors=True)
            os.makedirs(self.kept, exist_ok=True)
            os.makedirs(self.work)
            if self.account:
                os.chown(self.work, pwd.getpwnam(self.account).pw_uid, -1)
            try:
                yield self.work
            finally:
                shutil.rmtree(self.work, ignore_errors=True)

    @contextlib.contextmanager
    def _folder(self, path):
        """One below the work folder, on a way that no link leads away from: the account could have put one there."""
        with contextlib.ExitStack() as opened:
            def enter(name, folder=None):
                number = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                opened.callback(os.close, number)
                return number
            folder = enter(self.work)
            for name in os.path.relpath(path, self.work).split(os.sep):
                folder = folder if name == os.curdir else enter(name, folder)
            yield folder

    def _manifest(self, entry):
        try:
            with open(self._manifest_path(entry), encoding="utf-8") as stream:
                return json.load(stream)
        except FileNotFoundError:
            return None

    def _manifest_path(self, entry):
        return os.path.join(self.cache, "manifests", catalogue.release_id(entry) + ".json")


def _archive(entry):
    return os.path.join("releases", catalogue.release_id(entry) + ".tar.zst")


def _wheels(entry, *name):
    return os.path.join("wheels", catalogue.release_id(entry), *name)


def _copy(source, target, folder):
    """Of a plain file of a folder alone: what was built could be a link to what only the caller may read."""
    with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise CorruptError("%s is no plain file" % source)
        with open(target, "wb") as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)


def _stamp(path):
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(path + ".new", path)
