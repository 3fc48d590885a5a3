# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream keeps to its rate and to its end, whatever the clock and the receiver do."""

from __future__ import annotations

import json

import pytest
from lakehouse_datagen import cli, rate, times
from lakehouse_datagen.generators import LIVE, TYPES
from lakehouse_datagen.validator import validator


class Clock:
    def __init__(self, cost=0.0):
        self.now, self.cost = 0.0, cost

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def run(isp, clock, per_second, seconds, name="radius_logs"):
    lines = []

    def produce(key, line):
        clock.now += clock.cost
        record = json.loads(line)
        validator(name).encode(record)
        assert record[TYPES[name].KEY].encode() == key and line.endswith(b"}\n")
        lines.append((clock.now, record))

    sent = rate.stream(isp, name, per_second, seconds, "bench", produce, clock=clock, sleep=clock.sleep, now=lambda: 1795791600 + clock.now)
    assert sent == len(lines)
    return lines


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("per_second, seconds", [(1, 3), (50, 2), (500, 1)])
def test_as_many_as_were_asked_for(isp, name, per_second, seconds):
    lines = run(isp, Clock(), per_second, seconds, name)
    assert len(lines) == per_second * seconds
    assert [record["event_id"] for dummy, record in lines] == [f"bench-{number:010}" for number in range(len(lines))]
    # Evenly: in the first half about half of them.
    early = sum(moment <= seconds / 2 for moment, dummy in lines)
    assert abs(early - len(lines) / 2) <= max(per_second * rate.TICK + 1, 2)


def test_each_says_when_it_was_made(isp):
    for moment, record in run(isp, Clock(), 20, 2):
        assert times.parse(record["event_time"]) == pytest.approx(1795791600 + moment, abs=0.001)


def test_a_slow_receiver_gets_fewer_and_none_after_the_end(isp):
    clock = Clock(cost=0.01)
    lines = run(isp, clock, 1000, 1)
    assert 50 < len(lines) <= 103 and clock.now <= 1.1


@pytest.mark.parametrize("arguments", [["0", "1"], ["1", "0"], ["100001", "1"], ["1", "3601"], ["x", "1"]])
def test_no_stream_without_bounds(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.parser().parse_args(["rate", "--type", "radius_logs", "--events-per-second", arguments[0], "--seconds", arguments[1]])
    assert ended.value.code == 2
