# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and types that an engine or the metastore cannot bear are refused in the variables."""

from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.filter.streams import personal_problems, stream_problems, streams

DEFAULTS = {
    "trigger_seconds": 2, "max_offsets_per_trigger": 100, "driver_memory_mib": 768, "master": "local[2]", "namespace": "raw", "required": [],
    "partitioned_by": [], "properties": {},
}  # fmt: skip


def problems(schema=None, table="raw.sales"):
    topic = {"topic": "shop.sales", "table": table, "schema": schema or {"event_id": "string"}}
    return stream_problems(streams([{"name": "shop", "topics": [topic]}], DEFAULTS), "raw.dead_letters")


@pytest.mark.parametrize("field", ["Event_id", "a-b", "a:b", "a.b", "tensão", "≥", "x" * 129, "2027", ""])
def test_a_field_that_an_engine_cannot_bear_is_refused(field):
    assert any("characters" in said or "small letters" in said for said in problems({field: "string"}))
    (said,) = personal_problems([{"name": "sales", "schema": {field: "string"}}])
    assert said.startswith("spark_streams_curate_tables: sales.schema has ")


@pytest.mark.parametrize("kind", ["uuid", "struct<a:int>", "binary", "Timestamp"])
def test_a_type_that_an_engine_cannot_bear_is_refused(kind):
    assert any(f"of type {kind}" in said for said in problems({"a": kind}))
    assert any(f"of type {kind}" in said for said in personal_problems([{"name": "sales", "schema": {"a": kind}}]))


def test_a_table_whose_name_the_metastore_cannot_keep_is_refused():
    assert problems(table="raw." + "x" * 128) == []
    (said,) = problems(table="raw." + "x" * 129)
    assert "129 characters" in said
    assert "129 characters" in personal_problems([{"name": "x" * 129, "schema": {"a": "string"}}])[0]


def test_what_both_engines_bear_is_taken():
    assert problems({"event_id": "string", "x" * 128: "double"}) == [] == personal_problems([{"name": "sales", "schema": {"event_id": "string"}}])
