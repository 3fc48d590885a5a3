from __future__ import annotations

import datetime

import jinja2
import pytest
from lakehouse import sql

FILE = """
-- Makes things; in two steps.
create table if not exists a (b varchar comment 'it''s; one');
  -- And this.
insert into a
values ('{{ params.day }}');
"""


def test_a_file_is_split_where_lines_end_with_a_semicolon():
    assert sql.statements(FILE, {"day": "2026-01-01"}) == [
        "create table if not exists a (b varchar comment 'it''s; one')",
        "insert into a\nvalues ('2026-01-01')",
    ]


def test_a_parameter_that_is_not_given_is_a_fault():
    with pytest.raises(jinja2.UndefinedError):
        sql.statements(FILE, {})


def test_files_run_statement_by_statement(monkeypatch, tmp_path):
    said = []
    monkeypatch.setattr(sql, "query", said.append)
    (tmp_path / "two.sql").write_text(FILE)
    assert sql.run_file("two.sql", {"day": "2026-01-01"}, folder=tmp_path) == len(said) == 2


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
