# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buffer never loses what waits, never holds more than it may, and says so when it would have to."""

from __future__ import annotations

import errno
import gzip
import multiprocessing
import os
import time

import pytest
from lakehouse_datagen import buffer as buffers
from lakehouse_datagen.buffer import FAILED, SENT, WAITING, Buffer, BufferFull, batch_name

MIB = 1024 * 1024


def name(number):
    return batch_name("radius_logs", 1795791600 + 900 * number, 42)


def noise(size):
    return [os.urandom(size)]


@pytest.fixture
def buffer(tmp_path):
    return Buffer(tmp_path / "state", MIB)


def files(buffer):
    return sorted(path.name for folder in (WAITING, FAILED, SENT) for path in (buffer.root / folder).iterdir())


def test_a_batch_is_kept_under_its_name(buffer):
    assert buffer.add(name(0), [b"one\n", b"two\n"]) == 2
    (batch,) = buffer.pending()
    assert batch.type == "radius_logs" and batch.key == f"radius_logs/2026/11/27/{name(0)}"
    assert gzip.decompress(batch.path.read_bytes()) == b"one\ntwo\n"
    assert buffer.find(name(0)) == batch.path and buffer.find(name(1)) is None


def test_the_same_lines_are_the_same_bytes(buffer, tmp_path):
    other = Buffer(tmp_path / "other", MIB)
    for place in (buffer, other):
        place.add(name(0), [b"one\n"] * 1000)
    content = buffer.pending()[0].path.read_bytes()
    assert content == other.pending()[0].path.read_bytes()
    assert content[4:8] == bytes(4), "no moment of packing in it"


def test_oldest_first_wherever_they_wait(buffer):
    for number in (2, 0, 1):
        buffer.add(name(number), [b"x\n"])
    buffer.set_aside(buffer.pending()[1], "away")
    assert [batch.name for batch in buffer.pending()] == [name(0), name(1), name(2)]


def test_beyond_the_limit_nothing_is_kept_and_nothing_lost(buffer):
    buffer.add(name(0), noise(600_000))
    buffer.set_aside(buffer.pending()[0], "away")
    with pytest.raises(BufferFull, match="limit"):
        buffer.add(name(1), noise(600_000))
    assert [batch.name for batch in buffer.pending()] == [name(0)] and files(buffer) == [name(0), name(0) + ".state"]
    buffer.add(name(2), noise(300_000))


def test_what_was_sent_makes_room_oldest_first(buffer):
    for number in range(3):
        buffer.add(name(number), noise(300_000))
        buffer.settle(buffer.pending()[0])
        os.utime(buffer.root / SENT / name(number), (number, number))
    buffer.add(name(3), noise(300_000))
    assert files(buffer) == [name(1), name(2), name(3)]


def test_a_full_disk_is_a_full_buffer(buffer, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(buffers.os, "fsync", full)
    with pytest.raises(BufferFull, match="disk"):
        buffer.add(name(0), [b"x\n"])
    assert files(buffer) == []


def test_a_generator_that_fails_leaves_nothing(buffer):
    def lines():
        yield b"x\n"
        raise ValueError("broken")

    with pytest.raises(ValueError):
        buffer.add(name(0), lines())
    assert files(buffer) == []


def test_the_reason_stays_with_the_batch(buffer):
    buffer.add(name(0), [b"x\n"])
    for dummy in range(2):
        (batch,) = buffer.pending()
        buffer.set_aside(batch, {"s3": "away"})
    (batch,) = buffer.pending()
    assert batch.path.parent.name == FAILED and batch.state["reason"] == {"s3": "away"} and batch.state["failures"] == 2
    buffer.settle(batch)
    assert files(buffer) == [name(0)] and buffer.pending() == []


def test_a_damaged_state_is_none(buffer):
    buffer.add(name(0), [b"x\n"])
    (buffer.root / WAITING / (name(0) + ".state")).write_text("{")
    assert buffer.pending()[0].state == {}


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_pruning_removes_what_is_old_and_never_what_waits(buffer):
    for number in range(4):
        buffer.add(name(number), [b"x\n"])
    waiting, failed, old, fresh = buffer.pending()
    buffer.set_aside(failed, "away")
    for batch in (old, fresh):
        buffer.settle(batch)
    for batch in (waiting, failed, old):
        age(batch.path, 10 * 86400)
    leftovers = [buffer.root / WAITING / f".{name(9)}.123", buffer.root / FAILED / (name(9) + ".state")]
    for path in leftovers:
        path.write_text("{}")
        age(path, 7200)
    state = buffer.root / FAILED / (failed.name + ".state")
    age(state, 10 * 86400)
    young = buffer.root / WAITING / f".{name(8)}.124"
    young.write_text("")
    assert buffer.prune() == 1
    assert not old.path.exists() and fresh.path.exists() and waiting.path.exists() and failed.path.exists() and state.exists()
    assert not any(path.exists() for path in leftovers) and young.exists()
    assert buffer.prune(all_sent=True) == 1 and not fresh.path.exists()
    assert buffer.prune(failed=True) == 1 and not failed.path.exists() and waiting.path.exists()


class Slow(Buffer):
    """Long between looking and acting, so that others have time to act in between."""

    def usage(self):
        found = super().usage()
        time.sleep(0.02)
        return found


def fill(root, first, full):
    buffer = Slow(root, MIB)
    for number in range(first, first + 10):
        try:
            buffer.add(name(number), noise(100_000))
        except BufferFull:
            full.value += 1


def test_processes_together_keep_the_limit_too(tmp_path):
    full = multiprocessing.Value("i", 0)
    workers = [multiprocessing.Process(target=fill, args=(tmp_path / "state", first, full)) for first in (0, 100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    usage = Buffer(tmp_path / "state", MIB).usage()[WAITING]
    assert usage["files"] == 10 and usage["bytes"] <= MIB
