# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local buffer: batches that wait (raw_buffer), that could not be sent (failed_uploads), that were sent (success_uploads).

A batch is one file whose name says type, slot and seed, so it is made, kept and sent under one name, however often
any of that is tried. It counts as there only when it is whole: it is written beside its name first.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gzip
import json
import os
import pathlib
import re
import time
from dataclasses import dataclass, field

from .times import utc

NAME = re.compile(r"(?P<type>[a-z_]+)-(?P<slot>(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T\d{6}Z)-[a-z0-9-]+\.jsonl\.gz")
WAITING, FAILED, SENT = "raw_buffer", "failed_uploads", "success_uploads"
STALE = 3600


class BufferFull(Exception):
    """No room for a batch: what is already waiting to be sent takes all that the buffer may take."""


@dataclass
class Batch:
    path: pathlib.Path
    state: dict = field(default_factory=dict)

    @property
    def name(self):
        return self.path.name

    @property
    def type(self):
        return NAME.fullmatch(self.name)["type"]

    @property
    def slot(self):
        return NAME.fullmatch(self.name)["slot"]

    @property
    def key(self):
        """Its place below the raw zone's prefix."""
        parts = NAME.fullmatch(self.name)
        return f"{parts['type']}/{parts['year']}/{parts['month']}/{parts['day']}/{self.name}"

    @property
    def delivered(self):
        """The names of the sinks that have it."""
        return self.state.get("delivered", [])


class Buffer:
    def __init__(self, root, limit, keep_sent=86400):
        self.root, self.limit, self.keep_sent = pathlib.Path(root), limit, keep_sent
        for folder in (WAITING, FAILED, SENT):
            (self.root / folder).mkdir(mode=0o750, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def lock(self, name):
        """One at a time among all processes; the kernel lets go of it when one dies."""
        with open(self.root / f".{name}.lock", "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def find(self, name):
        return next((path for folder in (WAITING, FAILED, SENT) if (path := self.root / folder / name).exists()), None)

    def add(self, name, lines):
        """Keeps a new batch and returns how many lines it has. Raises BufferFull, and then nothing of it is left."""
        part, count = self.root / WAITING / f".{name}.{os.getpid()}", 0
        try:
            with open(part, "wb") as stream:
                # The same lines give the same bytes.
                with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:
                    for line in lines:
                        packed.write(line)
                        count += 1
                stream.flush()
                os.fsync(stream.fileno())
            with self.lock("room"):
                self._make_room(part.stat().st_size)
                part.rename(self.root / WAITING / name)
            sync(self.root / WAITING)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise BufferFull(f"the disk of {self.root} is full") from error
            raise
        finally:
            part.unlink(missing_ok=True)
        return count

    def _make_room(self, needed):
        usage = self.usage()
        unsent = usage[WAITING]["bytes"] + usage[FAILED]["bytes"]
        if unsent + needed > self.limit:
            raise BufferFull(f"{unsent} bytes wait to be sent and {needed} more would pass the limit of {self.limit}")
        excess = unsent + needed + usage[SENT]["bytes"] - self.limit
        for path, stat in sorted(self._batches(SENT), key=lambda found: found[1].st_mtime):
            if excess <= 0:
                break
            excess -= stat.st_size
            path.unlink(missing_ok=True)

    def pending(self):
        """What is not sent, oldest slot first."""
        paths = [path for folder in (WAITING, FAILED) for path, dummy in self._batches(folder)]
        found = [Batch(path, self._read_state(path)) for path in paths]
        return sorted(found, key=lambda batch: (batch.slot, batch.name))

    def note(self, batch, **state):
        """Remembers what happened to a batch, beside it."""
        batch.state.update(state)
        path = self._state_path(batch.path)
        part = path.with_name(f".{path.name}")
        part.write_text(json.dumps(batch.state))
        part.rename(path)

    def settle(self, batch):
        """Every sink has it."""
        target = self.root / SENT / batch.name
        os.utime(batch.path)
        batch.path.rename(target)
        self._state_path(batch.path).unlink(missing_ok=True)
        batch.path = target

    def set_aside(self, batch, reason):
        """It could not be sent; it stays, with the reason beside it, and is sent again with the others."""
        source, target = batch.path, self.root / FAILED / batch.name
        batch.path = target
        self.note(batch, reason=reason, failures=batch.state.get("failures", 0) + 1, failed_at=int(time.time()))
        if source != target:
            source.rename(target)
            self._state_path(source).unlink(missing_ok=True)

    def usage(self):
        """Files and bytes by folder."""
        sizes = {folder: [stat.st_size for dummy, stat in self._batches(folder)] for folder in (WAITING, FAILED, SENT)}
        return {folder: {"files": len(found), "bytes": sum(found)} for folder, found in sizes.items()}

    def prune(self, all_sent=False, failed=False):
        """Removes sent batches that are old enough, and what killed runs left behind; unsent batches only when told so."""
        now, removed = time.time(), 0
        with self.lock("send"):
            for folder in (WAITING, FAILED, SENT):
                for path, stat in self._entries(folder):
                    if NAME.fullmatch(path.name):
                        goes = failed if folder == FAILED else folder == SENT and (all_sent or now - stat.st_mtime > self.keep_sent)
                        removed += goes
                    else:
                        of_batch = path.with_name(path.name.removesuffix(".state"))
                        goes = now - stat.st_mtime > STALE and (of_batch == path or not of_batch.exists())
                    if goes:
                        path.unlink(missing_ok=True)
        return removed

    def _entries(self, folder):
        for path in (self.root / folder).iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process moved it meanwhile
                yield path, path.stat()

    def _batches(self, folder):
        return [(path, stat) for path, stat in self._entries(folder) if NAME.fullmatch(path.name)]

    def _state_path(self, path):
        return path.with_name(path.name + ".state")

    def _read_state(self, path):
        try:
            return json.loads(self._state_path(path).read_text())
        except (FileNotFoundError, ValueError):
            return {}


def batch_name(type_name, slot, seed, variant=""):
    return f"{type_name}-{utc(slot):%Y%m%dT%H%M%SZ}-s{seed}{variant}.jsonl.gz"


def sync(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
