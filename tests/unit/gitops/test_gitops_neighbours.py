# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and types that Trino takes and another engine cannot bear."""

from __future__ import annotations

import pathlib

import pytest
from lakehouse_gitops import neighbours, sql

SHIPPED = pathlib.Path(__file__).resolve().parents[3] / "repositories/lakehouse-sql/sql"


@pytest.mark.parametrize(
    "text, says",
    [
        ("create table lakehouse.gold.x (id uuid, day date)", "id is a uuid"),
        ("create table x (a bigint comment 'it''s (a', b UUID not null)", "b is a uuid"),
        ("create table x (ids array(uuid))", "ids is a uuid"),
        ("create table x (a row(b array(row(c uuid))))", "a.b.c is a uuid"),
        ("alter table x add column if not exists id uuid", "id is a uuid"),
        ("create table x (a row(value bigint, Value bigint))", "a has the fields value and Value"),
        ('create table x (a array(row("b" bigint, "B" bigint)))', "a has the fields b and B"),
        ("create table x (m map(varchar, row(b row(c int, C int))))", "m.b has the fields c and C"),
        ('create table x (a row("b-c" bigint))', "the nested field b-c has a - or :"),
        ('alter table x add column a."b:c" bigint', "the nested field b:c has a - or :"),
        ("create table if not exists lakehouse.gold.%s (a int)" % ("x" * 129), "has 129 characters, and the metastore holds 128"),
        ("create schema lakehouse.%s" % ("x" * 129), "has 129 characters"),
        ("alter table lakehouse.gold.x rename to lakehouse.gold.x2", ""),
        ("alter table x rename column a to %s" % ("y" * 129), "has 129 characters"),
        ('create table x ("preço_≥" double)', "preço_≥ has signs that the metastore does not hold"),
        ('create table lakehouse.gold."日" as select 1 a', "日 has signs"),
        ("create table x (a int) with (format_version = 3)", "format version 3"),
        ("alter table x set properties format_version = 3", "format version 3"),
        ("create or replace view x as select 1", "a view of Trino"),
    ],
)
def test_what_another_engine_cannot_bear_is_refused(text, says):
    found = neighbours.problems(text)
    assert found == [] if not says else len(found) == 1 and says in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "create table x (a row(b bigint, c varchar), price decimal(10, 2), \"it's\" int, note varchar comment 'a uuid, row(x-y int)')",
        "create table x (like y, a int) comment 'format version' with (format_version = 2, partitioning = array['month(day)'])",
        'create table x ("top-level" int, preço double)',
        "create table x as select cast(id as uuid) as id from y",
        "insert into x select uuid() from y",
        "select 1",
        "create table",
        "create table x (",
        "alter table x add column",
        "",
    ],
)
def test_the_rest_is_not(text):
    assert neighbours.problems(text) == []


@pytest.mark.parametrize(
    "text, warned",
    [
        ("select 1 from x where date_trunc('day', ts) = date '2026-01-01'", True),
        ("select 1 from x where date_trunc('DAY', x.ts at time zone 'UTC') in (date '2026-01-01')", True),
        ("select 1 from x where DATE '2026-01-01' = date_trunc('day', ts)", True),
        ("select 1 from x where date_trunc('day', ts) = timestamp '2026-01-01 00:00:00 UTC'", False),
        ("select 1 from x where cast(ts as date) = date '2026-01-01'", False),
        ("select date_trunc('day', ts), date '2026-01-01' from x", False),
    ],
)
def test_a_comparison_that_is_never_true_is_warned_of(text, warned):
    assert bool(neighbours.warnings(text)) is warned


def test_what_is_shipped_is_borne_by_all():
    files = {str(path.relative_to(SHIPPED)): path.read_bytes() for path in SHIPPED.rglob("*") if path.suffix in (".sql", ".json")}
    statements, problems = sql.read(files)
    assert statements and not problems
    assert [(item.file, neighbours.problems(item.text), neighbours.warnings(item.text)) for item in statements if
            neighbours.problems(item.text) or neighbours.warnings(item.text)] == []  # fmt: skip
