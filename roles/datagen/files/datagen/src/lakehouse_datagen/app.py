# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands do, on the parts that the settings describe."""

from __future__ import annotations

import functools
import shutil
import time

from . import metrics
from .buffer import FAILED, WAITING, Buffer, BufferFull, batch_name
from .deliver import Delivery
from .generators import TYPES, records
from .isp import Isp
from .journal import Journal
from .sinks import Away, KafkaSink, Refused, S3Sink
from .times import DAY, compact, iso
from .validator import Rejected, validator

OK, FAILURE, USAGE, KEPT, FULL = 0, 1, 2, 3, 4
# Slots that a run makes at most for the time in which there were no runs.
CATCH_UP = 24


class App:
    def __init__(self, settings, only=None):
        """Only: the name of the one sink to send to."""
        self.settings, self.only = settings, only
        self.buffer = Buffer(settings.state_dir, settings.buffer_mib * 1024**2, settings.keep_sent_hours * 3600)
        self.journal = Journal(settings.log_dir, settings.keep_log_days)
        self.counters = metrics.Counters(settings.state_dir / "counters.json")

    @functools.cached_property
    def isp(self):
        return Isp(self.settings.seed, self.settings.timezone)

    @functools.cached_property
    def sinks(self):
        kinds = {S3Sink: self.settings.s3, KafkaSink: self.settings.kafka}
        return [kind(settings) for kind, settings in kinds.items() if settings and self.only in (None, kind.name)]

    @property
    def delivery(self):
        return Delivery(self.buffer, self.sinks, self.journal, self.counters, self.settings.attempts, self.settings.backoff_seconds)

    # --- runs ---

    def run(self, name, at=None, **options):
        """Makes the slots of a type that are due, and sends what waits. Returns an exit code and what was made."""
        made, full = [], False
        with self.buffer.lock(f"make-{name}"):
            last = self.counters.get("last_slot", type=name)
            slots = TYPES[name].slots(last, time.time()) if at is None else TYPES[name].slots(None, at)
            for slot in slots[-CATCH_UP:]:
                try:
                    made.append(self._make_with_room(name, slot, **options))
                except BufferFull as error:
                    full = True
                    self.counters.add("buffer_full_total", 1, type=name)
                    self.counters.set("last_full_seconds", int(time.time()), type=name)
                    self.journal.write(
                        "generation", "buffer_full", loud=True, data_type=name, slot=compact(slot), success=False,
                        reason=str(error), remedy="repair the destination, or raise the limit; nothing is made until there is room",
                    )  # fmt: skip
                    break
                self.counters.set("last_slot", max(slot, last or 0), type=name)
        kept = self.send(name)
        code = FULL if full else KEPT if kept else OK
        self.counters.add("runs_total", 1, type=name, result={OK: "sent", KEPT: "kept", FULL: "buffer_full"}[code])
        if code == OK:
            self.counters.set("last_success_seconds", int(time.time()), type=name)
        self.publish()
        return code, made

    def _make_with_room(self, name, slot, **options):
        try:
            return self._make(name, slot, **options)
        except BufferFull:
            # Perhaps the destination is back: what waits goes first.
            self.delivery.run()
            return self._make(name, slot, **options)

    def _make(self, name, slot, **options):
        began, rejected = time.monotonic(), 0
        variant = "".join(f"-{option}{value}" for option, value in sorted(options.items()))
        batch = batch_name(name, slot, self.settings.seed, variant)
        if self.buffer.find(batch):
            return {"batch": batch, "slot": iso(slot), "new": False}

        def lines():
            nonlocal rejected
            encode = validator(name).encode
            for record in records(self.isp, name, slot, **options):
                try:
                    yield encode(record)
                except Rejected as reason:
                    rejected += 1
                    self.journal.write("rejected", "rejected", data_type=name, batch=batch, reason=str(reason), record=record)

        count = self.buffer.add(batch, lines())
        self.counters.add("records_total", count, type=name)
        self.counters.add("records_rejected_total", rejected, type=name)
        self.journal.write(
            "generation", "generated", loud=rejected > 0, data_type=name, batch=batch, slot=iso(slot), records_generated=count,
            records_rejected=rejected, duration_seconds=round(time.monotonic() - began, 3), success=True,
        )  # fmt: skip
        return {"batch": batch, "slot": iso(slot), "new": True, "records": count, "rejected": rejected}

    def send(self, name=None):
        """Sends what waits, and returns how many batches of a type (or of all) are kept."""
        self.delivery.run()
        return sum(name in (None, batch.type) for batch in self.buffer.pending())

    # --- looking after it ---

    def publish(self):
        """Removes what is old, and writes the metrics: for Prometheus' node exporter to pick up, and as a line of JSON."""
        self.journal.prune()
        self.buffer.prune()
        values = {**self.counters.read(), **metrics.collect(self.buffer)}
        metrics.write_whole(self.settings.state_dir / "metrics" / "datagen.prom", metrics.prometheus(values))
        self.journal.write("metrics", "metrics", **values)

    def health(self):
        """What was looked at, each with a level: 0 well, 1 to be looked at, 2 bad."""
        now, samples, limit = time.time(), self.counters.read(), self.buffer.limit
        for sink in self.sinks:
            try:
                sink.probe()
                yield sink.name, 0, "lets this account in"
            except (Away, Refused) as error:
                yield sink.name, 2, str(error)
        for name, span in self.settings.scheduled.items():
            last, success, full = (
                samples.get(metrics.sample(what, type=name)) for what in ("last_slot", "last_success_seconds", "last_full_seconds")
            )
            if full and full > (success or 0):
                yield name, 2, f"not made since {iso(full)}: the buffer is full"
            elif last is None:
                yield name, 1 if span <= DAY else 0, "has not been made yet"
            else:
                yield name, 2 if now - last > 3 * span + 300 else 0, f"made up to the slot of {iso(last)}"
        usage = self.buffer.usage()
        share = (usage[WAITING]["bytes"] + usage[FAILED]["bytes"]) / limit
        yield "buffer", 2 if share >= 0.95 else 1 if share >= 0.7 else 0, f"{share:.0%} of {limit >> 20} MiB wait to be sent"
        failed = [batch for batch in self.buffer.pending() if batch.path.parent.name == FAILED]
        yield "failed", 1 if failed else 0, f"{len(failed)} batches could not be sent" + (f": {failed[0].state.get('reason')}" if failed else "")
        disk = shutil.disk_usage(self.buffer.root)
        yield "disk", 2 if disk.free < 32 << 20 else 1 if disk.free < disk.total // 20 else 0, f"{disk.free >> 20} MiB free"
