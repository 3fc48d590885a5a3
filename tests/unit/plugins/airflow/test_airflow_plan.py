# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.airflow import plan as plans
from hypothesis import given
from hypothesis import strategies as st

BUILTIN = {"Viewer": ["can_read on DAGs"], "Admin": ["can_edit on Roles", "can_read on DAGs"]}


def test_empty_and_not_given_are_the_same():
    assert plans.connection({"conn_type": "trino", "host": "", "extra": {}}) == plans.connection({"conn_type": "trino"})


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.booleans(), min_size=1))
def test_the_order_of_further_settings_does_not_matter(extra):
    backwards = json.dumps(dict(reversed(extra.items())), indent=1)
    assert plans.canonical(extra) == plans.canonical(backwards)


def test_further_settings_that_are_no_json_stay_what_they_are():
    assert plans.canonical("{oops") == "{oops"


class TestPermissions:
    def role(self, **fields):
        return dict({"name": "Observer", "like": None, "permissions": []}, **fields)

    def test_are_those_of_another_role_and_its_own(self):
        wanted = self.role(like="Viewer", permissions=[["can_read", "Variables"], ["can_read", "DAGs"]])
        assert plans.permissions(wanted, BUILTIN) == ["can_read on DAGs", "can_read on Variables"]

    def test_another_role_has_to_be_airflows_own(self):
        with pytest.raises(plans.WishError, match="role Observer is to be like Boss.*Admin, Viewer"):
            plans.permissions(self.role(like="Boss"), BUILTIN)

    def test_airflows_own_roles_are_not_touched(self):
        with pytest.raises(plans.WishError, match="Admin is one of Airflow's own"):
            plans.permissions(self.role(name="Admin"), BUILTIN)


def test_a_user_has_a_first_name_in_any_case():
    options = {"name": "ana", "email": "a@b.c", "first_name": None, "last_name": "-", "active": True, "password": None, "roles": ["b", "a"]}
    assert plans.user(options)["first_name"] == "ana" and plans.user(options)["roles"] == ["a", "b"]


def test_nothing_to_do_is_no_change():
    assert plans.change("pool", "p", {"slots": 1}, {"slots": 1}) is None
    assert plans.change("pool", "p", None, None) is None


def test_a_diff_shows_what_differs_and_no_secret():
    changes = [
        plans.change("connection", "c", {"host": "a", "password": "one", "extra": None}, {"host": "a", "password": "two", "extra": "x"}),
        plans.change("pool", "p", None, {"slots": 2}),
        plans.change("variable", "v", {"value": "three"}, None),
    ]
    found = plans.diff(changes)
    assert found == {
        "before": {"connection c": {"password": "old secret", "extra": None}, "variable v": {"value": "old secret"}},
        "after": {"connection c": {"password": "new secret", "extra": "new secret"}, "pool p": {"slots": 2}},
    }
