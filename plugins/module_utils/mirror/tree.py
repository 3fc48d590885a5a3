# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays what was downloaded out as the tree of a release."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import zipfile


class TreeError(Exception):
    """The tree cannot be made as the catalogue asks."""


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def unzip(archive, destination):
    """Like zipfile's extractall, but keeps the permissions that wheels carry."""
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            path = opened.extract(info, destination)
            if info.external_attr >> 16 & 0o111 and not info.is_dir():
                os.chmod(path, 0o755)


def place(source, root, part):
    """Moves the wanted paths of a part into the release's tree, less what it does not want."""
    if part.get("rename") or part.get("executable"):
        _rename(source, part)
    for origin, destination in sorted(part.get("paths", {".": part.get("to", ".")}).items()):
        path = os.path.normpath(os.path.join(source, origin))
        if not os.path.lexists(path):
            raise TreeError("%s is not in what was downloaded" % origin)
        _merge(path, os.path.normpath(os.path.join(root, destination)), root)
    for folder, names in sorted(part.get("keep", {}).items()):
        keep_only(root, folder, names)
    for pattern in part.get("exclude", []):
        remove_matching(root, pattern)


def settle_venv(root, home):
    """Turns a virtual environment that was made in one folder into one that works in another, and only there."""
    programs = os.path.join(root, "bin")
    for name in sorted(os.listdir(programs)):
        path = os.path.join(programs, name)
        if name.lower().startswith("activate"):  # for people's shells, and full of the old folder
            os.remove(path)
        elif not os.path.islink(path):
            _move_shebang(path, root, home)
    # What else it says, the command that made it, names the old folder too.
    configuration = os.path.join(root, "pyvenv.cfg")
    with open(configuration, encoding="utf-8") as stream:
        lines = [line for line in stream if root not in line]
    with open(configuration, "w", encoding="utf-8") as stream:
        stream.writelines(lines)


def _move_shebang(path, root, home):
    with open(path, "rb") as stream:
        first, rest = stream.readline(), stream.read()
    if first.startswith(b"#!" + root.encode()):
        with open(path, "wb") as stream:
            stream.write(first.replace(root.encode(), home.encode()) + rest)


def keep_only(root, folder, names):
    path = os.path.join(root, folder)
    present = os.listdir(path) if os.path.isdir(path) else []
    missing = sorted(set(names) - set(present))
    if missing:
        raise TreeError("%s is to be kept, but it is not in %s, which has %s" % (missing[0], folder, ", ".join(sorted(present)) or "nothing"))
    for name in present:
        if name not in names:
            _remove(os.path.join(path, name))


def remove_matching(root, pattern):
    """A pattern that matches nothing is a slip or a sign that upstream's layout changed."""
    matches = [
        os.path.join(parent, name)
        for parent, folders, files in os.walk(root)
        for name in folders + files
        if fnmatch.fnmatchcase(os.path.relpath(os.path.join(parent, name), root), pattern)
    ]
    if not matches:
        raise TreeError("exclude pattern %r matches nothing" % pattern)
    for path in matches:
        if os.path.lexists(path):
            _remove(path)


def _rename(source, part):
    (name,) = os.listdir(source)
    final = os.path.join(source, part.get("rename", name))
    os.rename(os.path.join(source, name), final)
    if part.get("executable"):
        os.chmod(final, 0o755)


def _merge(source, destination, root):
    if os.path.isdir(source) and not os.path.islink(source):
        os.makedirs(destination, exist_ok=True)
        for name in sorted(os.listdir(source)):
            _merge(os.path.join(source, name), os.path.join(destination, name), root)
        return
    if os.path.lexists(destination):
        raise TreeError("two parts give %s" % os.path.relpath(destination, root))
    os.makedirs(os.path.dirname(destination), exist_ok=True)
    os.rename(source, destination)


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)
