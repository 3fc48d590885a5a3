# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream of records at a stated rate, for benchmarks: so many a second, for so many seconds, and never more."""

from __future__ import annotations

import random
import time

from .generators import TYPES
from .times import iso
from .validator import validator

TICK = 0.02
MOST_PER_SECOND, MOST_SECONDS = 100_000, 3600


def stream(isp, name, per_second, seconds, run, produce, clock=time.monotonic, sleep=time.sleep, now=time.time):
    """Hands records to produce(line) as they are due; each holds the run's name and its number, so that none can be lost
    or doubled unseen, and the moment at which it was made. One that comes too late is not made up for after the end.
    """
    encode, chance, began, sent, elapsed = validator(name).encode, random.Random(run), clock(), 0, 0.0
    while elapsed < seconds:
        elapsed = min(clock() - began, seconds)
        due = min(int(elapsed * per_second) + 1, per_second * seconds)
        while sent < due and clock() - began < seconds + TICK:
            produce(encode({"event_id": f"{run}-{sent:010}", **_record(isp, name, chance, now())}))
            sent += 1
        sleep(TICK)
    return sent


def _record(isp, name, chance, moment):
    while True:
        record = TYPES[name].live(isp, chance, moment)
        if record:
            record["event_time"] = iso(moment)
            return record
