from __future__ import annotations

import datetime

import pytest
from lakehouse import sql, statements

FILE = """
-- Makes things; in two steps.
create table if not exists a (b varchar comment 'it''s; one');
  -- And this.
insert into a
values (date '{{ params.day }}');
"""
DAY = '{"day": {"type": "date", "example": "2026-01-01"}}'


@pytest.fixture
def said(monkeypatch, tmp_path):
    (tmp_path / "two.sql").write_text(FILE)
    (tmp_path / "params.json").write_text(DAY)
    said = []
    monkeypatch.setattr(sql, "query", said.append)
    return said


def test_files_run_statement_by_statement(said, tmp_path):
    assert sql.run_file("two.sql", {"day": "2026-05-01", "days": "1"}, folder=tmp_path) == 2
    assert said == ["create table if not exists a (b varchar comment 'it''s; one')", "insert into a\nvalues (date '2026-05-01')"]


@pytest.mark.parametrize("values", [None, {}, {"day": "{{ 7 * 7 }}"}, {"day": "2026-05-01'"}])
def test_a_parameter_that_is_missing_or_of_another_type_is_a_fault_before_anything_runs(said, tmp_path, values):
    with pytest.raises(statements.Fault):
        sql.run_file("two.sql", values, folder=tmp_path)
    assert said == []


class Killed(BaseException):
    """What comes to a task that is killed."""


class Cursor:
    def __init__(self, log, answer):
        self.log, self.answer = log, answer

    def execute(self, text):
        self.log.append(text)
        if isinstance(self.answer, BaseException):
            raise self.answer

    def fetchall(self):
        return self.answer

    def close(self):
        self.log.append("cursor closed")


class Connection:
    def __init__(self, log, answer):
        self.log, self.answer = log, answer

    def cursor(self):
        return Cursor(self.log, self.answer)

    def close(self):
        self.log.append("closed")


@pytest.mark.parametrize("killed", [True, False])
def test_a_query_is_ended_with_its_task(monkeypatch, killed):
    """Trino's client cancels a query when its cursor is closed, which needs the connection."""
    log = []
    connection = Connection(log, Killed() if killed else [(1,)])
    monkeypatch.setattr(sql, "TrinoHook", lambda name: type("Hook", (), {"get_conn": staticmethod(lambda: connection)}))
    if killed:
        with pytest.raises(Killed):
            sql.query("select 1")
    else:
        assert sql.query("select 1") == [(1,)]
    assert log == ["select 1", "cursor closed", "closed"]


class TestFill:
    COMMENT = "begins at midnight in America/Sao_Paulo"
    SPAN = {"first_day": "2026-03-09", "last_day": "2026-03-10", "utc_day": "2026-03-10", "utc_days": "2"}

    @pytest.fixture
    def filled(self, monkeypatch):
        """Fills a table, and returns the days that were filled and what was written besides."""

        def fill(comment, oldest="2026-02-01", source="2026-02-03", name="olt_health_daily", columns=("day",)):
            spans, written = [], []

            def query(text):
                if text.startswith("comment"):
                    written.append(text)
                if text.startswith("describe"):
                    return [(column, "date", "", comment) for column in columns]
                return [("America/Sao_Paulo",) if "current_timezone()" in text and "curated" not in text else (source if "curated" in text else oldest,)]

            monkeypatch.setattr(sql, "query", query)
            monkeypatch.setattr(sql, "run_file", lambda name, values: spans.append(tuple(values.values())))
            sql.fill.function(name, self.SPAN)
            return spans, written

        return fill

    def test_the_days_of_the_run_alone_where_days_are_the_sites(self, filled):
        assert filled(self.COMMENT) == ([("2026-03-09", "2026-03-10")], [])

    def test_all_that_the_source_has_whole_once_where_days_were_others(self, filled):
        spans, written = filled("begins at midnight in UTC")
        assert spans == [("2026-02-04", "2026-03-06"), ("2026-03-07", "2026-03-08"), ("2026-03-09", "2026-03-10")]
        assert written == [f"comment on column lakehouse.gold.olt_health_daily.day is '{self.COMMENT}'"]

    def test_the_oldest_day_may_have_begun_a_day_earlier(self, filled):
        assert filled(None, oldest="2026-03-08", source="2025-01-01")[0] == [("2026-03-07", "2026-03-08"), ("2026-03-09", "2026-03-10")]

    def test_a_new_table_is_marked_alone(self, filled):
        spans, written = filled(None, oldest=None, source=None)
        assert spans == [("2026-03-09", "2026-03-10")] and len(written) == 1

    def test_a_table_by_month_has_no_such_days(self, filled):
        assert filled(None, name="revenue_monthly", columns=("month",)) == ([("2026-03-09", "2026-03-10")], [])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (0.5, "double '0.5'"),
        ("it's", "'it''s'"),
        (datetime.date(2026, 1, 2), "date '2026-01-02'"),
        (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=-3))), "timestamp '2026-01-02 06:00:00.000000 UTC'"),
    ],
)
def test_values_are_written_as_sql_has_them(value, written):
    assert sql.literal(value) == written


def test_what_has_no_literal_is_refused():
    with pytest.raises(TypeError):
        sql.literal(["a"])
