from __future__ import annotations

import fnmatch

import pytest
from lakehouse import policies


def first(table):
    return next(policy for policy in policies.load() if any(fnmatch.fnmatchcase(table, pattern) for pattern in policy["tables"]))


def test_the_proof_of_erasures_is_protected():
    assert first("lakehouse.ops.erasures")["protected"]


@pytest.mark.parametrize("table", ["radius_logs", "olt_metrics", "cpe_status", "billing", "sales"])
def test_raw_data_have_an_end_and_their_files_as_well(table):
    retention = first(f"lakehouse.raw.{table}")["retention"]
    assert retention["days"] > 0
    assert retention["folder"].endswith(f"/raw/{table}")


def test_a_new_topic_is_looked_after_and_loses_no_row():
    policy = first("lakehouse.raw.tickets")
    assert policy["rewrite"] and policy["manifests"] and "retention" not in policy


@pytest.mark.parametrize(
    "table", ["raw.radius_logs", "raw.tickets", "raw.dead_letters", "curated.sales", "gold.revenue_monthly", "ops.data_quality", "ops.maintenance"]
)
def test_snapshots_and_files_of_none_have_an_end(table):
    policy = first(f"lakehouse.{table}")
    assert policy["snapshots"]["hours"] <= 168 and policy["orphans"]["hours"] <= 72


@pytest.mark.parametrize("table", ["ops.data_quality", "ops.maintenance", "raw.dead_letters"])
def test_what_pipelines_write_about_themselves_has_an_end(table):
    assert first(f"lakehouse.{table}")["retention"]["days"] <= 400


def test_connections_stay_for_the_year_that_the_law_demands():
    assert first("lakehouse.raw.radius_logs")["retention"]["days"] >= 365


def test_a_table_of_others_has_no_policy():
    with pytest.raises(StopIteration):
        first("lakehouse.demo.flights")


def test_a_word_that_nobody_knows_is_told(tmp_path):
    path = tmp_path / "maintenance.yml"
    path.write_text("policies: [{tables: [a], orphan: {hours: 1}}]")
    with pytest.raises(ValueError, match="orphan; known are"):
        policies.load(path)
