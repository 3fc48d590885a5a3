# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads become resource groups, selectors and properties of sessions, which keep one user from taking all the memory."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.gti.lakehouse.plugins.filter.trino_limits import (
    FilterModule,
    trino_resource_group,
    trino_run_times,
    trino_selector,
    trino_session_defaults,
    trino_workload_problems,
)

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/trino"
SHIPPED = yaml.safe_load((ROLE / "defaults/main.yml").read_text())["trino_workloads"]
PERCENT_MAX = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__trino_query_percent_max"]
PEOPLE = {
    "name": "people", "groups": [], "sources": [], "queries": 4, "user_queries": 2, "queued": 60, "user_queued": 10, "query_memory_percent": 33,
    "run_seconds": 900, "cpu_seconds": 0,
}  # fmt: skip


def test_what_is_shipped_can_work():
    assert trino_workload_problems(SHIPPED, PERCENT_MAX) == []


@pytest.mark.parametrize("workload", SHIPPED, ids=lambda workload: workload["name"])
def test_one_users_queries_never_hold_more_than_there_is(workload):
    assert workload["user_queries"] * workload["query_memory_percent"] <= 100


def test_each_user_has_a_subgroup_with_limits_of_its_own():
    group = trino_resource_group(PEOPLE)
    assert (group["name"], group["hardConcurrencyLimit"], group["maxQueued"]) == ("people", 4, 60)
    assert group["subGroups"] == [{"name": "${USER}", "softMemoryLimit": "100%", "hardConcurrencyLimit": 2, "maxQueued": 10}]


def test_a_selector_asks_for_what_is_given_alone():
    assert trino_selector(PEOPLE) == {"group": "people.${USER}"}
    assert trino_selector({**PEOPLE, "groups": ["a.b", "c"], "sources": ["superset"]}) == {
        "userGroup": "a\\.b|c", "source": "superset", "group": "people.${USER}",
    }  # fmt: skip


def test_a_session_begins_with_its_share_and_its_times():
    assert trino_session_defaults(PEOPLE, "1000") == {
        "group": r"people\..*",
        "sessionProperties": {"query_max_memory_per_node": "330MB", "query_max_run_time": "900s"},
    }
    assert trino_session_defaults({**PEOPLE, "cpu_seconds": 60}, 1000)["sessionProperties"]["query_max_cpu_time"] == "60s"


def test_the_first_workload_that_matches_takes_a_query():
    users = [{"name": "op", "groups": ["admin"]}, {"name": "ana", "groups": ["bi"]}, {"name": "bob"}]
    assert trino_run_times(users, SHIPPED, "superset") == {"op": "14400s", "ana": "120s", "bob": "900s"}
    assert trino_run_times(users, SHIPPED, "dbeaver") == {"op": "14400s", "ana": "900s", "bob": "900s"}
    assert trino_run_times(users[2:], [{**PEOPLE, "run_seconds": 0}], "x") == {"bob": None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "My people"}, ["My people", "small letters"]),
        ({"queries": 0}, ["queries", "0", "1 or more"]),
        ({"user_queued": -1}, ["user_queued", "-1"]),
        ({"run_seconds": -1}, ["run_seconds", "-1"]),
        ({"query_memory_percent": 51, "user_queries": 1}, ["query_memory_percent", "51", "50"]),
        ({"query_memory_percent": 0}, ["query_memory_percent", "0"]),
        ({"user_queries": 4}, ["user_queries", "132", "100"]),
        ({"groups": ["bi"]}, ["the last one", "groups"]),
    ],
)
def test_what_cannot_work_is_named(changes, words):
    (said,) = trino_workload_problems([{**PEOPLE, **changes}], 50)
    assert [word for word in ["trino_workloads", *words] if word not in said] == []


def test_two_workloads_of_one_name_and_none_are_named():
    assert "people twice" in trino_workload_problems([PEOPLE, PEOPLE], 50)[0]
    assert "the last one" in trino_workload_problems([], 50)[0]


def test_the_filters_have_their_names():
    assert set(FilterModule().filters()) == {
        "trino_resource_group", "trino_selector", "trino_session_defaults", "trino_run_times", "trino_workload_problems",
    }  # fmt: skip
