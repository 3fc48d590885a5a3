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
POOL = 4000
MOST_PER_SECOND, MOST_SECONDS = 100_000, 3600


def stream(isp, name, per_second, seconds, run, produce, clock=time.monotonic, sleep=time.sleep, now=time.time):
    """Hands records to produce(key, line) as they are due. Each has the run's name and its number, so that none can be lost
    or doubled unseen, and the moment at which it was sent. One that comes too late is not made up for after the end.

    What else they say is drawn from a pool that is made before, so that the load takes little of the machine that is measured.
    """
    chance = random.Random(run)
    pool = _pool(isp, name, chance, now())
    began, sent, elapsed, stamp, millisecond = clock(), 0, 0.0, b"", None
    while elapsed < seconds:
        elapsed = min(clock() - began, seconds)
        due = min(int(elapsed * per_second) + 1, per_second * seconds)
        while sent < due and clock() - began < seconds + TICK:
            moment = now()
            if int(moment * 1000) != millisecond:
                millisecond, stamp = int(moment * 1000), iso(moment).encode()
            key, rest = pool[chance.randrange(POOL)]
            produce(key, b'{"event_id":"%s-%010d","event_time":"%s",%s' % (run.encode(), sent, stamp, rest))
            sent += 1
        sleep(TICK)
    return sent


def _pool(isp, name, chance, moment):
    """Keys, and valid records from their third field on."""
    pool, encode = [], validator(name).encode
    head = {"event_id": "pool-0", "event_time": iso(moment)}
    while len(pool) < POOL:
        record = TYPES[name].live(isp, chance, moment)
        if record:
            line = encode({**head, **record, **head})
            pool.append((record[TYPES[name].KEY].encode(), line[line.index(head["event_time"].encode()) + len(head["event_time"]) + 2 :]))
    return pool
