# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Superset should hold against what it holds; and the modules' own work over a server that only remembers."""

from __future__ import annotations

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.superset import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import Connection
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused
from ansible_collections.gti.lakehouse.plugins.modules import superset_database, superset_role, superset_user


class Module:
    def __init__(self, check=False, **params):
        self.params, self.check_mode, self.warned = params, check, []

    def warn(self, text):
        self.warned.append(text)


class Server:
    """Stands in for a connection: what is asked for by path is there, and what is written is kept."""

    def __init__(self, answers, refuses=()):
        self.answers, self.refuses, self.calls = answers, refuses, []

    def get(self, path):
        if path in self.refuses:
            raise Refused("no answer")
        return self.answers.get(path)

    def get_all(self, path):
        return self.answers[path]

    def call(self, method, path, body=None):
        if path in self.refuses:
            raise Refused("no answer")
        self.calls.append((method, path, body))
        return {"id": 99}


def test_a_permission_is_an_action_on_something():
    assert plans.permission("schema_access on [Lakehouse].[gold]") == ("schema_access", "[Lakehouse].[gold]")
    assert plans.permission("menu_access on Row Level Security on x") == ("menu_access", "Row Level Security on x")
    for wrong in ("can_read", "can_read on ", " on Chart", "can read on Chart"):
        with pytest.raises(ValueError):
            plans.permission(wrong)


def test_an_address_shows_no_password():
    assert plans.masked("trino://superset@trino:8443/lakehouse") == "trino://superset:XXXXXXXXXX@trino:8443/lakehouse"
    assert plans.with_password("trino://superset@trino:8443/lakehouse", "a%40b") == "trino://superset:a%40b@trino:8443/lakehouse"
    for wrong in ("trino://superset:word@trino/x", "trino://trino/x", "trino"):
        with pytest.raises(ValueError):
            plans.masked(wrong)


@pytest.mark.parametrize("url", ["superset.example.org", "ftp://x", "https://"])
def test_an_address_of_the_server_is_one(url):
    with pytest.raises(Refused, match="is not like"):
        Connection({"url": url})


PERMISSIONS = [
    {"id": 1, "permission": {"name": "can_read"}, "view_menu": {"name": "Chart"}},
    {"id": 2, "permission": {"name": "can_write"}, "view_menu": {"name": "Chart"}},
]


def listed(*permissions):
    return {"result": [dict(zip(("permission_name", "view_menu_name"), text.split(" on "))) for text in permissions]}


def role_server(held):
    return Server({
        "/security/roles/": [{"id": 4, "name": "Gamma"}, {"id": 7, "name": "Analyst"}],
        "/security/roles/4/permissions/": listed("can_read on Chart", "can_write on Chart"),
        "/security/roles/7/permissions/": listed(*held),
        "/security/permissions-resources/": PERMISSIONS,
        "/security/permissions/": [{"id": 11, "name": "schema_access"}],
        "/security/resources/": [],
    })


def manage_role(server, check=False, **params):
    options = dict({"name": "Analyst", "like": ["Gamma"], "permissions": [], "without": []}, **params)
    return superset_role.manage(Module(check, **options), server)


class TestRole:
    def test_what_somebody_added_goes(self):
        server = role_server(["can_read on Chart", "can_write on Chart", "all_database_access on all_database_access"])
        outcome = manage_role(server)
        assert outcome["diff"]["before"] == {"permissions": ["all_database_access on all_database_access"]}
        assert server.calls == [("POST", "/security/roles/7/permissions", {"permission_view_menu_ids": [1, 2]})]

    def test_nothing_is_written_where_nothing_differs(self):
        server = role_server(["can_read on Chart", "can_write on Chart"])
        assert manage_role(server)["changed"] is False and server.calls == []

    def test_check_mode_writes_nothing_and_says_what_would(self):
        server = role_server(["can_read on Chart"])
        assert manage_role(server, check=True)["diff"]["after"] == {"permissions": ["can_write on Chart"]} and server.calls == []

    def test_some_of_a_role_is_left_out(self):
        server = role_server(["can_read on Chart"])
        assert manage_role(server, without=["can_write on Chart"])["changed"] is False

    def test_a_permission_for_what_is_to_come_is_made(self):
        server = role_server(["can_read on Chart", "can_write on Chart"])
        manage_role(server, permissions=["schema_access on [Lakehouse].[gold]"])
        assert ("POST", "/security/resources/", {"name": "[Lakehouse].[gold]"}) in server.calls
        assert ("POST", "/security/permissions-resources/", {"permission_id": 11, "view_menu_id": 99}) in server.calls
        assert server.calls[-1][2] == {"permission_view_menu_ids": [1, 2, 99]}

    def test_a_new_role_is_made(self):
        server = role_server([])
        outcome = manage_role(server, name="New")
        assert outcome["diff"]["before"] == {"state": "absent"}
        assert [call[1] for call in server.calls] == ["/security/roles/", "/security/roles/99/permissions"]

    @pytest.mark.parametrize(("params", "says"), [
        ({"like": ["Nobody"]}, "Nobody"), ({"permissions": ["can_read"]}, "can_read on Chart"), ({"permissions": ["can_fly on Chart"]}, "no 'can_fly'"),
    ])
    def test_what_cannot_be_is_refused(self, params, says):
        with pytest.raises(Refused, match=says):
            manage_role(role_server([]), **params)


DATABASE = {"name": "Lakehouse", "uuid": None, "uri": "trino://superset@trino:8443/lakehouse", "database_password": "p/w", "impersonate_user": False,
            "expose_in_sqllab": True, "allow_dml": False, "allow_run_async": False, "cache_timeout": 300, "extra": {"engine_params": {}}}


def database_server(refuses=(), **differences):
    held = dict(plans.database(DATABASE), sqlalchemy_uri=plans.masked(DATABASE["uri"]), extra='{"engine_params": {}}')
    held.update(differences)
    answers = {"/database/": [{"id": 3, "database_name": "Lakehouse"}], "/database/3/connection": {"result": held}}
    return Server(dict(answers, **{"/database/3/schemas/?q=(force:!t)": {}}), refuses)


class TestDatabase:
    def test_one_that_answers_is_left_alone(self):
        server = database_server()
        outcome = superset_database.manage(Module(**DATABASE), server)
        assert outcome == {"changed": False, "id": 3} and server.calls == []

    def test_a_setting_that_somebody_changed_comes_back(self):
        server = database_server(allow_dml=True)
        outcome = superset_database.manage(Module(**DATABASE), server)
        assert outcome["diff"]["before"]["allow_dml"] is True
        assert server.calls == [("PUT", "/database/3", {"allow_dml": False, "database_name": "Lakehouse"})]

    def test_a_password_is_written_where_it_works_and_the_one_there_does_not(self):
        server = database_server(refuses=["/database/3/schemas/?q=(force:!t)"])
        outcome = superset_database.manage(Module(**DATABASE), server)
        assert outcome["diff"]["after"]["password"] == "the one given"
        assert server.calls[-1][2]["sqlalchemy_uri"] == "trino://superset:p%2Fw@trino:8443/lakehouse"

    def test_where_the_database_is_away_nothing_is_known(self):
        module = Module(**DATABASE)
        server = database_server(refuses=["/database/3/schemas/?q=(force:!t)", "/database/test_connection/"])
        assert superset_database.manage(module, server)["changed"] is False
        assert server.calls == [] and "not known" in module.warned[0]

    def test_no_password_is_in_what_is_returned(self):
        assert "p/w" not in str(superset_database.manage(Module(**DATABASE), database_server(sqlalchemy_uri="x://y")))


class TestUser:
    params = {"name": "maria", "email": "m@example.org", "first_name": "Maria", "last_name": "Silva", "roles": ["Viewer"], "user_password": None,
              "update_password": "always", "active": True}
    held = {"id": 5, "username": "maria", "email": "m@example.org", "first_name": "Maria", "last_name": "Silva", "active": True, "roles": [{"name": "Viewer"}]}

    def server(self, **differences):
        return Server({"/security/users/": [dict(self.held, **differences)], "/security/roles/": [{"id": 8, "name": "Viewer"}]})

    def test_roles_are_exactly_those_that_are_given(self):
        server = self.server(roles=[{"name": "Viewer"}, {"name": "Admin"}])
        superset_user.manage(Module(**self.params), server)
        assert server.calls == [("PUT", "/security/users/5", {"roles": [8]})]

    def test_who_is_as_they_should_be_is_left_alone(self):
        server = self.server()
        assert superset_user.manage(Module(**self.params), server)["changed"] is False and server.calls == []

    def test_who_left_is_locked_out(self):
        server = self.server()
        superset_user.manage(Module(**{**self.params, "active": False}), server)
        assert server.calls == [("PUT", "/security/users/5", {"active": False})]

    def test_a_role_that_there_is_not_is_refused(self):
        with pytest.raises(Refused, match="Nobody"):
            superset_user.manage(Module(**{**self.params, "roles": ["Nobody"]}), self.server())


def test_who_is_kept_temporary_or_locked_out_is_not_forgotten():
    names = [("Maria", True), ("ana", True), ("gone", False), ("Verify-1", True)]
    users = [{"id": number, "username": name, "active": active} for number, (name, active) in enumerate(names)]
    assert plans.forgotten(users, ["maria"], ["verify-"]) == {"ana": 1}
    assert plans.forgotten(users, ["maria"]) == {"ana": 1, "Verify-1": 3}
