# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.hive import state as hive_state
from ansible_collections.gti.lakehouse.plugins.module_utils.hive.scripts import SchemaScripts
from ansible_collections.gti.lakehouse.plugins.module_utils.hive.state import Facts, State

WHOLE = {"VERSION", "TBLS", "LOCKS", "CATALOGS"}
OLD = {"VERSION", "TBLS", "LOCKS"}


@pytest.fixture
def scripts(hive_home):
    return SchemaScripts(hive_home, "mariadb")


def judge(scripts, tables, *versions, target="10.0.0"):
    return hive_state.judge(Facts(frozenset(tables), versions or None), scripts, target)


@pytest.mark.parametrize("tables, versions, name, words", [
    (set(), (), "empty", ""),
    (WHOLE, ("10.0.0",), "current", ""),
    (OLD, ("2.0.0",), "older", "2.0.0, older than 10.0.0"),
    (OLD | {"OLD_COLUMNS"}, ("2.0.0",), "older", "older than"),  # upgrades leave what new schemas no longer have
    (WHOLE, ("11.0.0",), "newer", "11.0.0, newer than 10.0.0"),
    (WHOLE, ("1.5.0",), "older", "1.5.0, which these scripts do not know"),
    (WHOLE - {"VERSION"}, (), "half_made", "1 of the 4 tables of version 10.0.0: VERSION"),
    ({"TBLS"}, (), "half_made", "CATALOGS, LOCKS, VERSION"),
    (WHOLE, (), "half_made", "the row of the table VERSION"),
    (WHOLE, ("10.0.0", "10.0.0"), "half_made", "2 rows"),
    (WHOLE, ("ten",), "half_made", "'ten', which is no version"),
    (WHOLE - {"TBLS"}, ("10.0.0",), "half_made", "lacks: TBLS"),
    (WHOLE, ("2.0.0",), "half_made", "an upgrade has begun: it has CATALOGS"),
    ({"INVOICES"}, (), "foreign", "INVOICES"),
    ({"INVOICES", "VERSION"}, (), "foreign", "beside tables of Hive's it holds others: INVOICES"),
    (OLD | {"INVOICES"}, ("2.0.0",), "foreign", "INVOICES"),
])
def test_states(scripts, tables, versions, name, words):
    state = judge(scripts, tables, *versions)
    assert state.name == name and words in state.reason


def test_foreign_table_beside_a_current_schema_is_told_but_does_no_harm(scripts):
    state = judge(scripts, WHOLE | {"INVOICES"}, "10.0.0")
    assert (state.name, state.foreign) == ("current", ("INVOICES",))


def test_missing_tables_are_listed(scripts):
    assert judge(scripts, {"TBLS"}).missing == ("CATALOGS", "LOCKS", "VERSION")
    assert judge(scripts, WHOLE - {"TBLS"}, "10.0.0").missing == ("TBLS",)


def test_older_target_can_be_asked_for(scripts):
    assert judge(scripts, OLD, "2.0.0", target="2.0.0").name == "current"
    assert judge(scripts, WHOLE, "10.0.0", target="2.0.0").name == "newer"


def test_long_lists_are_cut(scripts):
    state = judge(scripts, {"T%02d" % number for number in range(20)})
    assert "T07 and 12 more" in state.reason and "T08" not in state.reason


def plan(scripts, state, upgrade=False):
    return hive_state.make_plan(state, scripts, "10.0.0", upgrade)


def test_nothing_is_done_to_a_current_schema(scripts):
    assert plan(scripts, State("current", "10.0.0"), upgrade=True) == hive_state.Plan()


def test_an_empty_one_is_filled(scripts):
    done = plan(scripts, State("empty"))
    assert [script.path.split("/")[-1] for script in done.scripts] == ["hive-schema-10.0.0.mysql.sql"]
    assert not done.dump and not done.refusal


def test_an_older_one_is_upgraded_when_asked_only_and_dumped(scripts):
    older = State("older", "1.1.0", "it is old")
    refused = plan(scripts, older)
    assert "it is old" in refused.refusal and "'upgrade'" in refused.refusal and not refused.scripts
    done = plan(scripts, older, upgrade=True)
    assert len(done.scripts) == 2 and done.dump and not done.refusal


def test_no_way_from_an_unknown_version(scripts):
    assert "no scripts lead from there" in plan(scripts, State("older", "1.5.0", "it is odd"), upgrade=True).refusal


@pytest.mark.parametrize("name, remedy", [
    ("absent", "create it"), ("newer", "never taken back"), ("half_made", "restore a dump"), ("foreign", "a database of its own")])
def test_everything_else_is_refused_with_reason_and_remedy(scripts, name, remedy):
    for upgrade in (False, True):
        refused = plan(scripts, State(name, reason="the reason"), upgrade)
        assert "the reason" in refused.refusal and remedy in refused.refusal and not refused.scripts
