# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import secrets

SECRET, OTHER = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
TRINO = {"name": "trino_test", "conn_type": "trino", "host": "trino", "port": 8443, "password": SECRET, "extra": {"key": OTHER}}
READ = "from airflow.hooks.base import BaseHook; c = BaseHook.get_connection('trino_test'); print(c.password, c.extra_dejson['key'])"


def twice(airflow, **wish):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""
    foreseen = airflow.have(check=True, secrets=[SECRET, OTHER], **wish)
    done = airflow.have(secrets=[SECRET, OTHER], **wish)
    assert not done.get("failed"), done
    assert (foreseen["changed"], foreseen.get("diff")) == (done["changed"], done.get("diff"))
    assert airflow.have(**wish)["changed"] is False
    return done


def test_a_connection_is_made_encrypted_changed_and_removed(airflow):
    assert twice(airflow, connections=[TRINO])["diff"]["after"]["connection trino_test"]["password"] == "new secret"
    assert airflow.ask(READ) == f"{SECRET} {OTHER}"
    stored = airflow.ask("import sqlite3, os; print(*sqlite3.connect(os.environ['AIRFLOW_HOME'] + '/airflow.db').execute('select * from connection'))")
    assert "trino_test" in stored and SECRET not in stored and OTHER not in stored
    changed = twice(airflow, connections=[dict(TRINO, host="other")])
    assert changed["diff"] == {"before": {"connection trino_test": {"host": "trino"}}, "after": {"connection trino_test": {"host": "other"}}}
    twice(airflow, connections=[dict(TRINO, password="")])
    assert airflow.ask(READ) == f"None {OTHER}"
    assert twice(airflow, connections=[{"name": "trino_test", "state": "absent"}])["changed"]


def test_variables_and_pools(airflow):
    twice(airflow, variables=[{"name": "region", "value": SECRET}], pools=[{"name": "few", "slots": 2}])
    assert airflow.command("variables", "get", "region").strip() == SECRET
    assert {"pool": "few", "slots": "2"}.items() <= json.loads(airflow.command("pools", "get", "few", "--output", "json"))[0].items()
    assert twice(airflow, pools=[{"name": "few", "slots": 3}])["diff"]["before"] == {"pool few": {"slots": 2}}
    twice(airflow, variables=[{"name": "region", "state": "absent"}], pools=[{"name": "few", "state": "absent"}])


def test_a_rotated_key_leaves_everything_readable_and_the_old_one_can_go(airflow):
    airflow.have(connections=[TRINO], variables=[{"name": "theirs", "value": SECRET}])
    airflow.new_key()
    assert airflow.ask(READ) == f"{SECRET} {OTHER}"
    assert airflow.have(check=True)["renewed"] == 2
    assert airflow.have() == {"changed": True, "renewed": 2}
    del airflow.keys[1:]
    assert airflow.ask(READ) == f"{SECRET} {OTHER}"
    assert airflow.command("variables", "get", "theirs").strip() == SECRET
    assert airflow.have()["changed"] is False


def test_what_no_key_opens_is_written_anew_where_it_is_wanted(airflow):
    airflow.have(connections=[TRINO, dict(TRINO, name="lost")])
    airflow.new_key()
    del airflow.keys[1:]
    done = twice(airflow, connections=[TRINO])
    assert done["changed"] and done["renewed"] == 0
    assert airflow.ask(READ) == f"{SECRET} {OTHER}"
    airflow.have(connections=[{"name": "lost", "state": "absent"}], variables=[{"name": "theirs", "state": "absent"}])


class TestPeople:
    ana = {"name": "ana", "email": "ana@example.org", "password": SECRET, "roles": ["Observer"]}
    role = {"name": "Observer", "like": "Viewer"}

    def permissions(self, airflow):
        roles = json.loads(airflow.command("roles", "list", "--permission", "--output", "json"))
        return {(role["resource"], role["action"]) for role in roles if role["name"] == "Observer"}

    def test_a_role_is_what_it_is_said_to_be_and_no_more(self, airflow):
        twice(airflow, roles=[self.role])
        airflow.command("roles", "add-perms", "Observer", "-r", "Variables", "-a", "can_read")
        done = twice(airflow, roles=[self.role])
        assert done["changed"] and not any(resource == "Variables" for resource, dummy in self.permissions(airflow))
        assert self.permissions(airflow)

    def test_a_user_gets_password_and_roles_corrected(self, airflow):
        twice(airflow, roles=[self.role], users=[self.ana])
        airflow.command("users", "reset-password", "-u", "ana", "-p", OTHER)
        airflow.command("users", "add-role", "-u", "ana", "-r", "Admin")
        done = twice(airflow, users=[self.ana])
        assert done["diff"]["before"]["user ana"] == {"password": None, "roles": ["Admin", "Observer"]}
        assert done["diff"]["after"]["user ana"] == {"password": "new secret", "roles": ["Observer"]}

    def test_a_user_may_keep_a_password_of_their_own_and_be_locked_out(self, airflow):
        airflow.have(roles=[self.role], users=[self.ana])
        without = {key: value for key, value in self.ana.items() if key != "password"}
        assert airflow.have(users=[without])["changed"] is False
        assert twice(airflow, users=[dict(without, active=False)])["diff"]["after"] == {"user ana": {"active": False}}

    def test_who_is_named_no_more_is_locked_out_and_nobody_is_unless_asked_for(self, airflow):
        bea = dict(self.ana, name="bea", email="bea@example.org")
        airflow.have(roles=[self.role], users=[self.ana, bea])
        assert airflow.have(users=[bea])["changed"] is False
        done = twice(airflow, users=[bea], other_users="lock")
        assert done["diff"]["after"]["user ana"] == {"active": False} and "user bea" not in done["diff"]["after"]
        assert airflow.have(users=[dict(self.ana, active=False)])["changed"] is False

    def test_what_cannot_be_is_refused_and_changes_nothing(self, airflow):
        for wish, words in [
            ({"users": [{"name": "new", "email": "new@example.org"}]}, "user new is not there yet, and needs a password"),
            ({"users": [dict(self.ana, name="bea", email="bea@example.org", roles=["Boss"])]}, "user bea: there is no role Boss"),
            ({"roles": [{"name": "Viewer", "like": "Admin"}]}, "role Viewer is one of Airflow's own"),
            ({"roles": [{"name": "Odd", "permissions": [["can_fly", "DAGs"]]}]}, "Airflow knows no permission can_fly on DAGs"),
            ({"connections": [{"name": "c"}]}, "conn_type"),
        ]:
            refused = airflow.have(pools=[{"name": "half", "slots": 1}], **wish)
            assert refused["failed"] and words in refused["msg"]
        assert airflow.have(pools=[{"name": "half", "state": "absent"}])["changed"] is False
