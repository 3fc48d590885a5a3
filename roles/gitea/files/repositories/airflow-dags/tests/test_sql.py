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
