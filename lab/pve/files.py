# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small state files: on disk, replaced atomically, or in memory when there is no directory."""

import json
import os
import threading
from pathlib import Path


class Files:
    """Named texts. With a directory they survive the server; without one they live as long as the object."""

    def __init__(self, directory=None):
        self.directory = Path(directory) if directory else None
        self.memory = {}
        self.lock = threading.Lock()

    def read(self, name):
        """The text, or None."""
        if not self.directory:
            return self.memory.get(name)
        try:
            return (self.directory / name).read_text()
        except FileNotFoundError:
            return None

    def write(self, name, text):
        if not self.directory:
            self.memory[name] = text
            return
        target = self.directory / name
        with self.lock:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            scratch = target.with_name(target.name + ".tmp")
            with open(scratch, "w", opener=_private) as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            scratch.rename(target)

    def append(self, name, text):
        """Add to a log; not atomic, and need not be."""
        if not self.directory:
            self.memory[name] = self.memory.get(name, "") + text
            return
        target = self.directory / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(target, "a", opener=_private) as handle:
            handle.write(text)

    def delete(self, name):
        if not self.directory:
            self.memory.pop(name, None)
        else:
            (self.directory / name).unlink(missing_ok=True)

    def names(self, folder, suffix=""):
        """Names below a folder, without folder and suffix."""
        if not self.directory:
            found = [name[len(folder) + 1:] for name in list(self.memory) if name.startswith(folder + "/")]
        else:
            found = [path.name for path in (self.directory / folder).glob("*")] if (self.directory / folder).is_dir() \
                else []
        return sorted(name[:len(name) - len(suffix)] for name in found if name.endswith(suffix))

    def read_json(self, name, default):
        text = self.read(name)
        return default if text is None else json.loads(text)

    def write_json(self, name, value):
        self.write(name, json.dumps(value, indent=1, sort_keys=True))


def _private(path, flags):
    return os.open(path, flags, 0o600)
