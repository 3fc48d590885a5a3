# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be measured: counters that outlive a run, and the state of machine and buffer; as Prometheus text and as JSON."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import shutil
import time

from .buffer import FAILED, SENT, WAITING

# Name, kind and meaning; samples of a name that is not here do not exist.
KNOWN = {
    "runs_total": ("counter", "Runs by type and result."),
    "records_total": ("counter", "Records that were made and kept, by type."),
    "records_rejected_total": ("counter", "Records that were set aside because they are not as their schema says, by type."),
    "buffer_full_total": ("counter", "Batches that were not made because the buffer is full, by type."),
    "batches_sent_total": ("counter", "Batches that every destination has, by type."),
    "batches_failed_total": ("counter", "Batches that could not be sent, counted at each run, by type."),
    "sent_bytes_total": ("counter", "Bytes sent, by destination."),
    "last_slot": ("gauge", "Start of the slot that was made last, in seconds since 1970, by type."),
    "last_success_seconds": ("gauge", "When a run last ended with everything sent, in seconds since 1970, by type."),
    "last_full_seconds": ("gauge", "When a batch was last not made because the buffer is full, in seconds since 1970, by type."),
    "buffer_files": ("gauge", "Batches in the buffer, by folder."),
    "buffer_bytes": ("gauge", "Bytes in the buffer, by folder."),
    "buffer_limit_bytes": ("gauge", "Most bytes that the buffer may hold."),
    "disk_free_bytes": ("gauge", "Free bytes of the buffer's disk."),
    "cpu_percent": ("gauge", "How busy the processors are."),
    "memory_used_bytes": ("gauge", "Memory in use."),
    "memory_total_bytes": ("gauge", "Memory of the container."),
}


class Counters:
    """A file of samples, changed by one process at a time."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def add(self, name, amount, **labels):
        self._change(sample(name, **labels), lambda value: value + amount)

    def set(self, name, value, **labels):
        self._change(sample(name, **labels), lambda _: value)

    def get(self, name, **labels):
        return self.read().get(sample(name, **labels))

    def read(self):
        try:
            return json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}

    def _change(self, key, change):
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            values = self.read()
            values[key] = change(values.get(key, 0))
            write_whole(self.path, json.dumps(values, indent=0, sort_keys=True))


def sample(name, **labels):
    assert name in KNOWN, name
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"datagen_{name}{{{inside}}}" if inside else f"datagen_{name}"


def collect(buffer, pause=0.2):
    """The state of machine and buffer now."""
    values = {sample("buffer_limit_bytes"): buffer.limit, sample("disk_free_bytes"): shutil.disk_usage(buffer.root).free}
    usage = buffer.usage()
    for folder in (WAITING, FAILED, SENT):
        values[sample("buffer_files", folder=folder)] = usage[folder]["files"]
        values[sample("buffer_bytes", folder=folder)] = usage[folder]["bytes"]
    before = _cpu_times()
    time.sleep(pause)
    total, idle = (after - earlier for after, earlier in zip(_cpu_times(), before))
    values[sample("cpu_percent")] = round(100 * (1 - idle / total), 1) if total > 0 else 0.0
    memory = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    whole, available = (int(memory[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    values[sample("memory_total_bytes")], values[sample("memory_used_bytes")] = whole, whole - available
    return values


def _cpu_times():
    """Ticks since the start: all of them, and those in which there was nothing to do."""
    ticks = [int(value) for value in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def prometheus(values):
    """The text format, samples of one name together under its meaning."""
    lines = []
    for name, (kind, meaning) in KNOWN.items():
        found = [f"{key} {value}" for key, value in sorted(values.items()) if key.split("{")[0] == f"datagen_{name}"]
        if found:
            lines += [f"# HELP datagen_{name} {meaning}", f"# TYPE datagen_{name} {kind}", *found]
    return "\n".join(lines) + "\n"


def write_whole(path, text):
    """Readers see the file as it was or as it is now, never half of it."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text)
    part.rename(path)
