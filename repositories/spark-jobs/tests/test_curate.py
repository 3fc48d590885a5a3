# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the curating job that need no Spark."""

from __future__ import annotations

import datetime
import json

import curate
import pytest

DAY = datetime.date(2026, 2, 28)
PLACES = {"catalog": "lakehouse", "namespace": "curated", "raw_namespace": "raw", "raw_zone": "s3a://datalake/raw"}


@pytest.fixture
def settings():
    schema = {"event_id": "string", "olt_id": "string", "event_time": "timestamp"}
    tables = [
        {"name": "radius_logs", "schema": schema},
        {"name": "olt_metrics", "raw": "raw.olts", "data_type": "olt", "key": "olt_id", "schema": schema},
    ]
    return {**PLACES, "tables": tables}


def test_knows_where_a_tables_events_come_from(settings):
    radius, olt = curate.load(settings)
    assert (radius.name, radius.raw, radius.key) == ("lakehouse.curated.radius_logs", "lakehouse.raw.radius_logs", "event_id")
    assert radius.folder(DAY) == "s3a://datalake/raw/radius_logs/2026/02/28"
    assert (olt.name, olt.raw, olt.key) == ("lakehouse.curated.olt_metrics", "lakehouse.raw.olts", "olt_id")
    assert olt.folder(DAY) == "s3a://datalake/raw/olt/2026/02/28"


def test_a_day_ends_where_the_next_begins(settings):
    sql = curate.load(settings)[0].from_raw(DAY, ["event_id", "olt_id", "event_time"])
    for moment in ("event_time", "ingested_at"):
        assert f"({moment} >= timestamp '2026-02-28' and {moment} < timestamp '2026-03-01')" in sql


def test_a_column_that_the_raw_table_does_not_have_yet_is_null(settings):
    sql = curate.load(settings)[0].from_raw(DAY, ["event_id", "event_time"])
    assert "cast(null as string) as `olt_id`" in sql and "cast(null as string) as `event_id`" not in sql


def test_chooses_tables_by_the_last_part_of_their_names(settings):
    tables = curate.load(settings)
    assert curate.chosen(tables, None) == tables
    assert curate.chosen(tables, ["olt_metrics"]) == [tables[1]]
    with pytest.raises(ValueError, match="no such table: sales; there are radius_logs, olt_metrics"):
        curate.chosen(tables, ["olt_metrics", "sales"])


def test_the_day_is_yesterday_unless_said_otherwise():
    assert curate.parser().parse_args(["f"]).day == curate.yesterday() < datetime.datetime.now(datetime.timezone.utc).date()
    assert curate.parser().parse_args(["f", "--day", "2026-02-28"]).day == DAY


@pytest.mark.parametrize("wrong", [["--day", "2026-02-30"], ["--day", "today"], ["--days", "0"], ["--days", "32"], ["--table", "nothing"]])
def test_a_wrong_call_ends_with_2_before_spark_is_started(settings, wrong, capsys, tmp_path):
    path = tmp_path / "curate.json"
    path.write_text(json.dumps(settings))
    with pytest.raises(SystemExit) as end:
        curate.main([str(path), *wrong])
    assert end.value.code == 2 and "usage" in capsys.readouterr().err


class TestRetried:
    CONFLICT = "An error occurred. : org.apache.iceberg.exceptions.ValidationException: Found conflicting files"

    def call(self, errors):
        calls, pauses = [], []

        def once():
            calls.append(1)
            if len(calls) <= len(errors):
                raise RuntimeError(errors[len(calls) - 1])
            return "done"

        try:
            return curate.retried(once, attempts=3, sleep=pauses.append), len(calls), pauses
        except RuntimeError as error:
            return str(error), len(calls), pauses

    def test_another_writer_is_tried_again_after_growing_pauses(self):
        result, calls, pauses = self.call([self.CONFLICT] * 2)
        assert (result, calls) == ("done", 3)
        assert 1 <= pauses[0] <= 2 <= pauses[1] <= 4

    def test_not_for_ever(self):
        assert self.call([self.CONFLICT] * 9)[:2] == (self.CONFLICT, 3)

    def test_another_fault_is_told_at_once(self):
        assert self.call(["no such bucket"]) == ("no such bucket", 1, [])


class TestPersons:
    @pytest.fixture
    def table(self):
        schema = {"event_id": "string", "event_time": "timestamp", "subscriber_id": "string", "email": "string", "tax_id": "string"}
        personal = {"hashed": ["subscriber_id", "tax_id"], "left_out": ["email"], "subject": "subscriber_id"}
        return curate.load({**PLACES, "tables": [{"name": "billing", "schema": schema, **personal}]})[0]

    def test_an_identifier_is_written_as_a_pseudonym_and_what_is_left_out_not_at_all(self, table):
        for sql in (table.from_raw(DAY, list(table.columns)), table.from_files("lines")):
            assert "pseudonym(`subscriber_id`) as `subscriber_id`" in sql and "pseudonym(`tax_id`) as `tax_id`" in sql
            assert "email" not in sql.partition(" from ")[0] and "event_time: missing" in sql
        assert "email" not in table.create() + table.merge("s", "2026-01-01", "2026-01-02") + table.compare("s", "2026-01-01", "2026-01-02")

    def test_an_identifier_that_the_raw_table_does_not_have_is_null(self, table):
        assert "cast(null as string) as `tax_id`" in table.from_raw(DAY, ["event_id", "event_time", "subscriber_id"])

    def test_the_files_lines_are_read_as_they_are(self, table):
        assert "`email` STRING" in table.types

    def test_who_was_erased_stays_so_until_that_moment(self, table):
        sql = table.compare("source", "2026-01-01", "2026-01-02", "lakehouse.ops.erasures")
        assert "not exists (select 1 from lakehouse.ops.erasures e where e.pseudonym = `subscriber_id` and event_time <= e.until)" in sql
        assert "erasures" not in table.compare("source", "2026-01-01", "2026-01-02")

    def test_another_key_and_other_columns_are_another_protection(self, table):
        assert table.protection("a") != table.protection("b")
        assert table.protection("a") == "a hashed=subscriber_id,tax_id left_out=email"
