# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days are curated by a real Spark into a real Iceberg table, again and again."""

from __future__ import annotations

import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent
JOB = HERE.parents[2] / "repositories/spark-jobs/jobs"


@pytest.fixture(scope="module")
def days(submit, tmp_path_factory):
    printed = submit(HERE / "curate_days.py", JOB, tmp_path_factory.mktemp("raw"))
    return {day["what"]: day for day in map(json.loads, printed.splitlines())}


def counts(day):
    return {name: day[name] for name in ("read", "refused", "new", "changed", "unchanged") if day[name]}


def test_a_day_of_which_nothing_is_there_is_no_fault_and_makes_no_table(days):
    day = days["nothing there"]
    assert counts(day) == {} and day["rows"] == [] and day["snapshots"] == 0
    assert [name.rpartition("/")[2] for name in day["missing"]] == ["lakehouse.raw.radius", "01"]


def test_a_day_has_what_happened_on_it_and_what_arrived_on_it_and_each_event_once(days):
    day = days["raw table alone"]
    assert counts(day) == {"read": 4, "new": 3}
    assert day["rows"] == [["a", 1, 1], ["b", 2, 1], ["late", 1, 27]]
    assert len(day["missing"]) == 1


def test_the_same_day_again_writes_nothing(days):
    for first, again in (("raw table alone", "again"), ("a new column", "again with it")):
        assert days[again]["unchanged"] == len(days[again]["rows"]) - (again == "again with it")  # the next day's row
        assert days[again]["rows"] == days[first]["rows"] and days[again]["snapshots"] == days[first]["snapshots"]


def test_files_bring_what_the_stream_did_not_and_lines_that_are_wrong_are_counted(days):
    day = days["files as well"]
    assert counts(day) == {"read": 21, "refused": 14, "new": 2, "unchanged": 3}
    assert day["rows"] == [["a", 1, 1], ["b", 2, 1], ["file", 7, 1], ["late", 1, 27], ["zone", 8, 1]] and day["missing"] == []


def test_what_is_refused_has_its_reason(days):
    assert days["files as well"]["reasons"] == {
        "event_id: missing": 1, "event_time: not a timestamp": 9, "not as the columns say": 3, "power: not a double": 1,
    }  # fmt: skip
    assert days["what the raw table should not have"]["reasons"] == {
        **days["files as well"]["reasons"], "event_id: missing": 2, "power: not a double": 2,
    }  # fmt: skip


def test_a_negative_zero_becomes_zero(days):
    assert days["negative zero"]["written"] == "0.0"


def test_the_newest_copy_wins_whenever_it_comes(days):
    late, newer = days["an older copy comes late"], days["a newer copy"]
    assert counts(late) == {"read": 22, "refused": 14, "unchanged": 5} and ["b", 2, 1] in late["rows"]
    assert counts(newer) == {"read": 23, "refused": 14, "changed": 1, "unchanged": 4} and ["b", 3, 1] in newer["rows"]
    assert newer["snapshots"] == late["snapshots"] + 1


def test_the_next_day_takes_what_arrived_on_it_too(days):
    day = days["the next day"]
    assert counts(day) == {"read": 5, "new": 1, "unchanged": 1} and ["next", 1, 2] in day["rows"]


def test_a_column_that_the_data_got_since_is_added(days):
    day = days["a new column"]
    assert counts(day)["new"] == 1 and ["city", 1, 1] in day["rows"] and len(day["rows"]) == 7
