# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import json

import maintain
import pytest

NOW = datetime.datetime(2026, 3, 10, 4, 30, tzinfo=datetime.timezone.utc)
FULL = maintain.Policy(
    tables=["lakehouse.raw.*"],
    retention={"days": 30, "column": "event_time"},
    rewrite={"min_files": 5, "target_mib": 128},
    manifests=True,
    statistics=True,
    snapshots={"hours": 24, "keep": 2},
    orphans={"hours": 72},
)


def calls(policy, table="lakehouse.raw.sales"):
    return {action.name: action.sql for action in maintain.actions(policy, table, NOW)}


def test_what_shrinks_the_next_ones_work_comes_first():
    assert list(calls(FULL)) == ["retention", "rewrite_data_files", "rewrite_manifests", "compute_table_stats", "expire_snapshots", "remove_orphan_files"]


def test_what_a_policy_does_not_name_is_not_done():
    assert calls(maintain.Policy(tables=["*"])) == {}
    assert list(calls(maintain.Policy(tables=["*"], manifests=True))) == ["rewrite_manifests"]


def test_a_row_without_its_time_is_not_old():
    retention = next(maintain.actions(FULL, "lakehouse.raw.sales", NOW))
    assert retention.where == "`event_time` is not null and `event_time` < timestamp '2026-02-08'"


def test_names_are_quoted_whatever_they_are():
    said = calls(FULL, "lakehouse.my-data.2027")
    assert all(sql.startswith("call `lakehouse`.system.") and "table => '`my-data`.`2027`'" in sql for name, sql in said.items() if name != "retention")


def test_ages_are_reckoned_from_now_and_days_are_whole():
    said = calls(FULL)
    assert "older_than => timestamp '2026-03-09 04:30:00', retain_last => 2" in said["expire_snapshots"]
    assert "older_than => timestamp '2026-03-07 04:30:00'" in said["remove_orphan_files"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"snapshots": {"hours": maintain.LEAST_SNAPSHOT_HOURS - 1, "keep": 1}},
        {"orphans": {"hours": maintain.LEAST_ORPHAN_HOURS - 1}},
        {"retention": {"days": 0, "column": "event_time"}},
        {"tables": []},
    ],
)
def test_an_age_that_is_not_safe_is_refused(wrong):
    with pytest.raises(maintain.Wrong):
        maintain.Policy(**{"tables": ["*"], **wrong})


def test_the_first_policy_that_fits_counts_and_a_table_that_none_fits_has_none():
    guarded = maintain.Policy(tables=["lakehouse.raw.sales"], protected="audit")
    assert maintain.policy_of([guarded, FULL], "lakehouse.raw.sales") is guarded
    assert maintain.policy_of([guarded, FULL], "lakehouse.raw.billing") is FULL
    assert maintain.policy_of([guarded, FULL], "lakehouse.demo.flights") is None


def test_a_protected_table_is_not_even_looked_at():
    keeper = maintain.Keeper(None, NOW)  # without a session whatever it did would fail
    results = list(keeper.look_after("lakehouse.raw.sales", maintain.Policy(tables=["*"], protected="audit", manifests=True)))
    assert [(result["outcome"], result["detail"]) for result in results] == [("protected", "audit")]


@pytest.mark.parametrize(
    ("action", "figures", "idle"),
    [
        ("rewrite_data_files", {"data_files": 4, "delete_files": 0}, True),
        ("rewrite_data_files", {"data_files": 5, "delete_files": 0}, False),
        ("rewrite_data_files", {"data_files": 1, "delete_files": 1}, False),
        ("rewrite_manifests", {"manifests": 1}, True),
        ("rewrite_manifests", {"manifests": 2}, False),
        ("compute_table_stats", {"snapshots": 0, "counted": 0}, True),
        ("compute_table_stats", {"snapshots": 1, "counted": 1}, True),
        ("compute_table_stats", {"snapshots": 1, "counted": 0}, False),
        ("expire_snapshots", {"snapshots": 2}, True),
        ("expire_snapshots", {"snapshots": 3}, False),
        ("remove_orphan_files", {"snapshots": 1}, False),
        ("retention", {"snapshots": 0}, True),
        ("retention", {"snapshots": 1}, False),
    ],
)
def test_what_the_bookkeeping_knows_is_not_asked_of_spark(action, figures, idle):
    assert maintain.idle(action, FULL, figures) is idle


def test_counts_what_each_action_says():
    assert maintain.removed("remove_orphan_files", [{"orphan_file_location": "a"}, {"orphan_file_location": "b"}]) == 2
    assert maintain.removed("rewrite_data_files", [{"rewritten_data_files_count": 7, "added_data_files_count": 1}]) == 7
    assert maintain.removed("expire_snapshots", [{"deleted_data_files_count": 3, "deleted_manifest_files_count": 2}]) == 5
    assert maintain.removed("retention", []) == 0


def test_only_folders_of_days_that_are_too_old_go():
    folders = [f"s3a://lake/raw/sales/{day}" for day in ("2026/02/07", "2026/02/08", "2026/02/30", "2025/12/31")]
    assert maintain.old_days(folders, datetime.date(2026, 2, 8)) == [folders[0], folders[3]]


@pytest.mark.parametrize("text", ["no JSON", '{"policies": [{"table": "x"}]}', "{}", json.dumps({"policies": [{"tables": []}]})])
def test_wrong_policies_end_with_2_before_spark_is_started(text, capsys):
    with pytest.raises(SystemExit) as end:
        maintain.main([text])
    assert end.value.code == 2 and "usage" in capsys.readouterr().err


def test_a_table_that_cannot_be_loaded_is_one_failed_row():
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("the metadata file is gone\nat a line of Java")

    (result,) = maintain.Keeper(Broken(), NOW).look_after("lakehouse.raw.sales", maintain.Policy(tables=["*"], manifests=True))
    assert (result["outcome"], result["detail"]) == ("failed", "the metadata file is gone")


def test_no_file_goes_from_a_folder_that_two_tables_share():
    keeper = maintain.Keeper(None, NOW)  # without a session nothing is called
    keeper.shared = {"lakehouse.raw.sales": ["lakehouse.raw.sales_2025"]}
    policy = maintain.Policy(tables=["*"], snapshots={"hours": 24, "keep": 2}, orphans={"hours": 72})
    results = list(keeper.look_after("lakehouse.raw.sales", policy))
    assert [result["action"] for result in results] == ["expire_snapshots", "remove_orphan_files"]
    assert all(result["outcome"] == "failed" and "lakehouse.raw.sales_2025" in result["detail"] for result in results)


def test_no_file_goes_while_nobody_knows_the_folder_of_a_table():
    keeper = maintain.Keeper(None, NOW)
    keeper.unplaced = ["lakehouse.raw.broken"]
    (result,) = keeper.look_after("lakehouse.raw.sales", maintain.Policy(tables=["*"], orphans={"hours": 72}))
    assert result["outcome"] == "failed" and "lakehouse.raw.broken" in result["detail"]


def test_no_day_of_the_raw_zone_goes_from_a_tables_folder():
    keeper = maintain.Keeper(None, NOW)
    keeper.places = {"lakehouse.raw.sales": {"s3a://lake/raw/sales/table"}}
    with pytest.raises(AttributeError):
        keeper.clear_folder("s3a://lake/raw/other", 30)  # goes on to the store
    with pytest.raises(maintain.Wrong, match="a folder of lakehouse.raw.sales"):
        keeper.clear_folder("s3://lake/raw/sales", 30)


def test_what_an_engine_cannot_bear_is_named():
    assert maintain.unreadable(2, [], {"a-b": "string", "s": "struct<>", "s.a": "int", "l.element": "int"}) == []
    said = maintain.unreadable(3, ["day"], {"s.a": "int", "s.A": "int", "s.x-y": "int", "id": "uuid"})
    assert [any(word in line for line in said) for word in ("format version 3", "(day)", "s.A, s.a", "s.x-y", "uuid (id)")] == [True] * 5
