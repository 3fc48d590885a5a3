# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structured logs: one line of JSON for each thing that happened, in one file a day for each kind of log."""

from __future__ import annotations

import json
import pathlib
import sys
import time

from .times import DAY, iso, utc

KINDS = ("generation", "rejected", "upload", "metrics")


class Journal:
    def __init__(self, folder, keep_days):
        self.folder, self.keep_days = pathlib.Path(folder), keep_days

    def write(self, kind, event, loud=False, **fields):
        """Loud ones are shown on the error output too, and so reach systemd's journal."""
        now = time.time()
        line = json.dumps({"timestamp": iso(now), "event": event, **fields}, ensure_ascii=False, default=repr)
        folder = self.folder / kind
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        # Whole lines in append mode: processes may write at the same time.
        with open(folder / f"{utc(now):%Y-%m-%d}.jsonl", "a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        if loud:
            print(f"{event}: " + ", ".join(f"{name}={value}" for name, value in fields.items()), file=sys.stderr)

    def last(self, kind, count):
        """The last lines of a kind, oldest first."""
        lines = []
        for path in sorted((self.folder / kind).glob("*.jsonl"), reverse=True):
            lines = path.read_text("utf-8").splitlines() + lines
            if len(lines) >= count:
                break
        return lines[-count:]

    def prune(self):
        oldest = f"{utc(time.time() - self.keep_days * DAY):%Y-%m-%d}"
        for kind in KINDS:
            for path in (self.folder / kind).glob("*.jsonl"):
                if path.stem < oldest:
                    path.unlink(missing_ok=True)
