# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery: how often is tried, what stops what, and what is remembered."""

from __future__ import annotations

import pytest
from lakehouse_datagen.buffer import FAILED, SENT, WAITING, Buffer, batch_name
from lakehouse_datagen.deliver import Delivery
from lakehouse_datagen.journal import Journal
from lakehouse_datagen.metrics import Counters
from lakehouse_datagen.sinks import Away, Conflict, Refused


class Sink:
    def __init__(self, name, faults=()):
        self.name, self.faults, self.calls, self.has = name, list(faults), [], []

    def send(self, batch):
        self.calls.append(batch.name)
        fault = self.faults.pop(0) if self.faults else None
        if callable(fault):
            fault = fault(batch)
        if fault:
            raise fault
        new = batch.name not in self.has
        self.has += [batch.name] if new else []
        return new


class Place:
    def __init__(self, folder):
        self.buffer, self.journal, self.counters = Buffer(folder / "state", 1 << 20), Journal(folder / "log", 30), Counters(folder / "counters.json")
        self.slept = []

    def deliver(self, *sinks):
        return Delivery(self.buffer, sinks, self.journal, self.counters, 3, 1.0, self.slept.append).run()

    def where(self):
        return {path.name: folder for folder in (WAITING, FAILED, SENT) for path, dummy in self.buffer._batches(folder)}


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def add(place, kind, number):
    name = batch_name(kind, 1795791600 + 900 * number, 42)
    place.buffer.add(name, [b"x\n"])
    return name


def test_three_tries_with_longer_and_longer_waits(place):
    name = add(place, "sales", 0)
    sink = Sink("s3", [Away("one"), Away("two")])
    assert place.deliver(sink) == (1, 0)
    assert sink.calls == [name] * 3 and place.where() == {name: SENT}
    assert 0.8 <= place.slept[0] <= 1.2 and 1.6 <= place.slept[1] <= 2.4


def test_after_the_third_it_is_set_aside_and_goes_with_the_next_run(place, capsys):
    name = add(place, "sales", 0)
    assert place.deliver(Sink("s3", [Away("no route")] * 3)) == (0, 1)
    assert place.where() == {name: FAILED} and place.buffer.pending()[0].state["reason"] == {"s3": "no route"}
    assert "no route" in capsys.readouterr().err and "no route" in place.journal.last("upload", 1)[0]
    assert place.deliver(Sink("s3")) == (1, 0) and place.where() == {name: SENT}


def test_when_the_destination_is_away_the_others_are_not_tried(place):
    names = [add(place, "sales", number) for number in range(4)]
    sink = Sink("s3", [Away("down")] * 3)
    assert place.deliver(sink) == (0, 4)
    assert sink.calls == [names[0]] * 3
    assert place.where() == {names[0]: FAILED, **dict.fromkeys(names[1:], WAITING)}
    sink = Sink("s3")
    assert place.deliver(sink) == (4, 0) and sink.calls == names


def test_a_type_that_is_refused_does_not_hold_up_the_others(place):
    first, second, other = add(place, "sales", 0), add(place, "sales", 1), add(place, "billing", 2)
    sink = Sink("s3", [Refused("AccessDenied")])
    assert place.deliver(sink) == (1, 2)
    assert sink.calls == [first, other], "one try: asking again would be answered in the same way"
    assert place.where() == {first: FAILED, second: WAITING, other: SENT} and place.slept == []


def test_a_conflict_concerns_one_batch(place):
    first, second = add(place, "sales", 0), add(place, "sales", 1)
    assert place.deliver(Sink("s3", [Conflict("another content")])) == (1, 1)
    assert place.where() == {first: FAILED, second: SENT}


def test_of_two_destinations_the_one_that_has_it_is_not_asked_again(place):
    name = add(place, "sales", 0)
    s3, kafka = Sink("s3"), Sink("kafka", [Away("down")] * 3)
    assert place.deliver(s3, kafka) == (0, 1)
    assert s3.has == [name] and place.where() == {name: FAILED} and place.buffer.pending()[0].delivered == ["s3"]
    assert place.deliver(s3, kafka) == (1, 0)
    assert s3.calls == [name] and kafka.has == [name] and place.where() == {name: SENT}


def test_one_destination_away_does_not_keep_the_other_from_the_rest(place):
    names = [add(place, "sales", number) for number in range(3)]
    s3, kafka = Sink("s3"), Sink("kafka", [Away("down")] * 3)
    assert place.deliver(s3, kafka) == (0, 3)
    assert s3.has == names and kafka.calls == [names[0]] * 3
    assert place.deliver(s3, kafka) == (3, 0) and s3.calls == names and kafka.has == names


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["note", "settle"])
def test_a_crash_after_the_upload_doubles_nothing(place, monkeypatch, step):
    name = add(place, "sales", 0)
    s3, kafka = Sink("s3"), Sink("kafka")

    def killed(*arguments, **options):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(place.buffer, step, killed)
        place.deliver(s3, kafka)
    assert place.where() == {name: WAITING}
    assert place.deliver(s3, kafka) == (1, 0)
    assert s3.has == [name] and kafka.has == [name] and place.where() == {name: SENT}


def test_what_a_sink_remembers_survives(place):
    add(place, "sales", 0)

    def partly(batch):
        batch.state["kafka_left"] = [3, 4]
        return Away("two are missing")

    place.deliver(Sink("kafka", [partly] * 3))
    seen = []
    place.deliver(Sink("kafka", [lambda batch: seen.append(batch.state["kafka_left"])]))
    assert seen == [[3, 4]]
