# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings what waits in the buffer to every sink, oldest first, and keeps what could not be brought."""

from __future__ import annotations

import random
import time

from .sinks import Away, Conflict, Refused


class Delivery:
    def __init__(self, buffer, sinks, journal, counters, attempts=3, backoff=1.0, sleep=time.sleep):
        self.buffer, self.sinks, self.journal, self.counters = buffer, sinks, journal, counters
        self.attempts, self.backoff, self.sleep = attempts, backoff, sleep

    def run(self):
        """Returns how many batches every sink has now, and how many are kept."""
        sent = kept = 0
        # Sinks that are away, and types that a sink refuses: not tried again in this run.
        self._given_up = {}
        with self.buffer.lock("send"):
            for batch in self.buffer.pending():
                if self._bring(batch):
                    sent += 1
                else:
                    kept += 1
        return sent, kept

    def _bring(self, batch):
        reasons, tried = {}, False
        for sink in self.sinks:
            if sink.name in batch.delivered:
                continue
            known = self._given_up.get(sink.name) or self._given_up.get((sink.name, batch.type))
            if known:
                reasons[sink.name] = known
                continue
            tried = True
            try:
                self._send(sink, batch)
            except Away as error:
                reasons[sink.name] = self._given_up[sink.name] = str(error)
            except Refused as error:
                reasons[sink.name] = self._given_up[sink.name, batch.type] = str(error)
            except Conflict as error:
                reasons[sink.name] = str(error)
        if not reasons:
            self.buffer.settle(batch)
            self.counters.add("batches_sent_total", 1, type=batch.type)
            return True
        # One that was not even tried waits where it is.
        if tried:
            self.buffer.set_aside(batch, reasons)
            self.counters.add("batches_failed_total", 1, type=batch.type)
            self.journal.write("upload", "not_sent", loud=True, batch=batch.name, data_type=batch.type, success=False, reasons=reasons)
        return False

    def _send(self, sink, batch):
        began, size = time.monotonic(), batch.path.stat().st_size
        for attempt in range(1, self.attempts + 1):
            try:
                new = sink.send(batch)
                break
            except Away:
                if attempt == self.attempts:
                    raise
                self.sleep(self.backoff * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))
        # Of one sink alone this must be remembered; with all of them it is settled next.
        if len(self.sinks) > 1:
            self.buffer.note(batch, delivered=[*batch.delivered, sink.name])
        self.counters.add("sent_bytes_total", size if new else 0, sink=sink.name)
        self.journal.write(
            "upload", "sent" if new else "already_there", batch=batch.name, data_type=batch.type, sink=sink.name,
            bytes=size, attempts=attempt, duration_seconds=round(time.monotonic() - began, 3), success=True,
        )  # fmt: skip
