# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots: made when they are over, each once, and what was missed is made up for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lakehouse_datagen import times

moments = st.integers(0, 4_000_000_000)
spans = st.sampled_from([300, 600, 900])


@given(at=moments, span=spans)
def test_the_first_slot_is_the_one_that_just_ended(at, span):
    (slot,) = times.every(span)(None, at)
    assert slot % span == 0 and slot + span <= at < slot + 2 * span or at < span


@given(first=moments, gap=st.integers(0, 20_000), span=spans)
def test_what_was_missed_comes_once_and_in_order(first, gap, span):
    slots = times.every(span)
    (last,) = slots(None, first)
    later = slots(last, first + gap)
    assert later == list(range(last + span, last + span * (len(later) + 1), span))
    assert all(slot + span <= first + gap for slot in later)
    # Nothing is left out, and nothing comes twice.
    (newest,) = slots(None, first + gap)
    assert (later or [last])[-1] == newest and slots(newest, first + gap) == []


@given(at=moments, back=st.integers(0, 100_000))
def test_a_clock_that_was_set_back_makes_nothing_twice(at, back):
    (last,) = times.every(300)(None, at)
    assert times.every(300)(last, at - back) == []


def test_months():
    at = times.parse("2026-11-24T03:00:00")
    (slot,) = times.monthly(None, at)
    assert times.iso(slot) == "2026-11-01T00:00:00.000Z"
    assert times.monthly(slot, at) == [] and times.monthly(slot, times.parse("2026-12-01T00:00:00")) == [times.parse("2026-12-01")]


@pytest.mark.parametrize("text", ["2026-11-24T12:00:00", "2026-11-24T12:00:00Z", "2026-11-24T09:00:00-03:00"])
def test_what_a_person_writes_is_utc_unless_it_says_otherwise(text):
    assert times.iso(times.parse(text)) == "2026-11-24T12:00:00.000Z"
