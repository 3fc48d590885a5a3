# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing malformed gets into Trino's files of users, groups and rules, and one person is one user."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.trino_access import FilterModule, trino_name, trino_people, trino_rule_problems

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/trino"


@pytest.mark.parametrize("name", ["ana", "ana.silva", "A-1_b", "7"])
def test_a_legal_name_stays_as_it_is(name):
    assert trino_name(name) == name


@pytest.mark.parametrize("name", ["", "a:b", "a,b", "ana\n", "a\nb", " a", "a b", ".a", "ána"])
def test_a_name_that_would_break_a_line_is_refused(name):
    with pytest.raises(AnsibleFilterError, match="no legal name"):
        trino_name(name)


def test_one_person_is_one_user_with_the_groups_of_both():
    users = [{"name": "ana", "password": "p", "groups": ["writer", "bi"]}, {"name": "op", "password": "q"}]
    through = [{"name": "ana", "through": "superset", "groups": ["bi", "reader"]}, {"name": "bob", "through": "superset", "groups": ["bi"]}]
    assert trino_people(users, through) == [
        {"name": "ana", "password": "p", "through": "superset", "groups": ["writer", "bi", "reader"]},
        {"name": "op", "password": "q"},
        {"name": "bob", "through": "superset", "groups": ["bi"]},
    ]


def test_a_name_twice_in_one_list_stays_twice_so_that_the_role_refuses_it():
    assert [user["name"] for user in trino_people([], [{"name": "ana", "through": "s"}] * 2)] == ["ana", "ana"]
    assert [user["name"] for user in trino_people([{"name": "ana"}] * 2, [])] == ["ana", "ana"]


def test_the_shipped_rules_are_read():
    rules = yaml.safe_load((ROLE / "defaults/main.yml").read_text())["trino_access_rules"]
    assert trino_rule_problems({name: given for name, given in rules.items() if isinstance(given, list)} | {"impersonation": []}) != []
    # What is computed is text here, and a list in a play.
    given = {name: rule for name, rule in rules.items() if name not in ("impersonation", "tables")}
    given["tables"] = [{**rule, "columns": [{"name": "a", "allow": False}]} if "columns" in rule else rule for rule in rules["tables"]]
    assert trino_rule_problems(given) == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"table": []}, ["section table", "tables"]),
        ({"tables": {"group": "a"}}, ["tables", "no list"]),
        ({"tables": [{"groups": "a", "privileges": []}]}, ["rule 1", "groups", "group"]),
        ({"tables": [{"group": "a"}]}, ["privileges"]),
        ({"tables": [{"privileges": ["READ"]}]}, ["READ", "SELECT"]),
        ({"tables": [{"privileges": [], "columns": [{"allow": False}]}]}, ["columns", "name"]),
        ({"catalogs": [{"allow": "all"}, {"catalog": "(", "allow": "all"}]}, ["rule 2", "catalog", "regular expression"]),
        ({"catalogs": [{"catalog": 7, "allow": "all"}]}, ["7", "as text"]),
        ({"catalogs": [{"allow": "write"}]}, ["write", "read-only"]),
        ({"queries": [{"allow": ["stop"]}]}, ["stop", "kill"]),
        ({"queries": [{"allow": "kill"}]}, ["kill", "List"]),
        ({"system_session_properties": [{"allow": "no"}]}, ["no", "False"]),
    ],
)
def test_what_trino_would_not_read_is_named(rules, words):
    (said,) = trino_rule_problems(rules)
    assert [word for word in ["trino_access_rules", *words] if word not in said] == []


def test_the_filters_have_their_names():
    assert set(FilterModule().filters()) == {"trino_name", "trino_people", "trino_rule_problems"}
