# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stream's driver makes of batches, on a real Spark with Iceberg: every record somewhere, and each once."""
from __future__ import annotations

import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve()


@pytest.fixture(scope="module")
def said(submit):
    printed = submit(HERE.with_name("stream_batches.py"), HERE.parents[3] / "roles/spark_streams/files")
    return json.loads(next(line for line in printed.splitlines() if line.startswith("RESULT "))[len("RESULT "):])


def test_each_record_is_in_one_of_the_tables(said):
    assert said["first"] == [10, len(said["reasons"])]


def test_each_malformed_record_has_its_reason_and_its_bytes(said):
    assert [found for found, dummy in said["reasons"]] == [expected for dummy, expected in said["reasons"]]
    assert said["bytes"]


def test_times_are_taken_in_the_documented_form_and_zero_has_one_sign(said):
    times = ["2026-01-02 07:00:00", "2026-01-02 10:00:00.123456", "2026-01-02 10:00:00", "2026-01-02 13:00:00"]
    assert said["forms"] == [[time, "0.0"] for time in times]


def test_a_record_whose_own_time_is_out_of_range_is_a_dead_letter_once(said):
    assert said["odd"] == [["record timestamp: not in milliseconds", None]] * 3


def test_a_row_is_the_record_and_where_it_came_from(said):
    assert said["row"] == {
        "event_id": "mark-3", "event_time": said["row"]["event_time"], "due_date": said["row"]["due_date"], "total": "9007199254740995",
        "rate": "3.5", "paid": "False", "kafka_partition": "0", "kafka_offset": "3", "kafka_time": "2026-01-31 23:59:59.123000"}


def test_a_batch_that_comes_again_is_not_written_again(said):
    assert said["again"] == said["first"]


def test_a_batch_that_was_half_written_is_completed(said):
    assert said["half"] == said["first"]


def test_a_topic_that_was_made_anew_begins_anew(said):
    assert said["anew"] == [said["first"][0] + 10, said["first"][1]]


def test_the_next_batches_follow(said):
    assert said["next"] == [said["anew"][0] + 10, said["anew"][1]]


def test_a_batch_of_many_days_is_written_in_several_commits_and_once(said):
    assert said["wide"] == [239, 239, 239, 5]


def test_a_table_of_an_older_release_is_known_as_a_streams(said):
    assert said["marked"]


def test_a_batch_that_begins_while_the_stream_stops_is_left_for_later(said):
    assert said["stopping"] == said["next"]


def test_a_table_follows_its_topic(said):
    assert said["city"] == ["Natal"]
    assert said["partitions"] == ["bucket[4]", "day"]
    assert said["property"] == "none"


def test_old_snapshots_are_forgotten_and_nothing_else(said):
    assert said["kept"] == 0
    assert said["snapshots"] == 1
    assert said["after"] == [said["next"][0] + 1, said["next"][1]]


def test_snapshots_around_a_merge_of_manifests_stay_for_running_queries(said):
    assert said["merged"] == [[3, 4, 5], 3]


def test_a_changed_type_is_refused_with_its_remedy(said):
    assert "lakehouse.raw.orders.total is BIGINT, and the schema says STRING" in said["wrong"]
    assert "another name" in said["wrong"]
