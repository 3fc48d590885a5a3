# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module itself, over a database that lives in a test."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.gti.lakehouse.plugins.module_utils.hive import database as hive_database
from ansible_collections.gti.lakehouse.plugins.module_utils.hive.scripts import tables_after
from ansible_collections.gti.lakehouse.plugins.module_utils.hive.state import Facts
from ansible_collections.gti.lakehouse.plugins.modules import hive_schema

WHOLE = {"VERSION", "TBLS", "LOCKS", "CATALOGS"}


class Database:
    """Remembers what was done to it, in order."""

    name = "metastore"
    half_made_on_error = "It is half-made"

    def __init__(self, tables=(), *versions):
        self.tables, self.versions, self.log = set(tables), versions, []
        self.fails = None
        self.narrow = []

    def narrow_columns(self):
        return list(self.narrow)

    def widen(self, columns):
        self.log.append("widen")
        self.narrow = [column for column in self.narrow if column not in columns]

    def lock(self):
        self.log.append("lock")

    def facts(self):
        self.log.append("look")
        return Facts(frozenset(self.tables), self.versions or None)

    def dump(self, module, path):
        if self.fails == "dump":
            raise hive_database.DatabaseError("the dump failed")
        self.log.append("dump " + path)

    def run(self, script):
        name = script.path.split("/")[-1].split(".mysql")[0]
        if self.fails == name:
            raise hive_database.DatabaseError("%s, line 1: no" % name)
        self.log.append(name)
        self.tables = set(tables_after(script.statements, self.tables))
        if self.fails != "silently":
            self.versions = (name.split("-")[-1],)


@pytest.fixture
def run(monkeypatch, capsys, hive_home):
    monkeypatch.setattr(hive_database, "DRIVER_ERRORS", {})

    def call(database, check=False, **options):
        def connect(backend, params):
            if isinstance(database, Exception):
                raise database
            return database

        monkeypatch.setattr(hive_database, "connect", connect)
        arguments = dict({"backend": "mariadb", "metastore_home": hive_home, "_ansible_check_mode": check}, **options)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            hive_schema.main()
        return json.loads(capsys.readouterr().out)

    return call


def test_empty_database_is_filled_under_the_lock(run):
    database = Database()
    result = run(database)
    assert database.log == ["lock", "look", "hive-schema-10.0.0", "look"]
    assert result["changed"] and result["state"] == "empty" and result["found_version"] is None and result["schema_version"] == "10.0.0"
    assert result["diff"] == {"before": {"version": None, "tables": 0}, "after": {"version": "10.0.0", "tables": 4}}


def test_check_mode_says_the_same_and_only_looks(run):
    database = Database()
    checked = run(database, check=True)
    assert database.log == ["lock", "look"]
    made = run(database)
    assert {key: checked[key] for key in ("changed", "state", "diff", "scripts")} == {key: made[key] for key in ("changed", "state", "diff", "scripts")}


def test_current_schema_is_left_alone(run):
    database = Database(WHOLE | {"INVOICES"}, "10.0.0")
    result = run(database)
    assert database.log == ["lock", "look"] and not result["changed"] and result["scripts"] == []
    assert result["foreign_tables"] == ["INVOICES"]


def test_version_to_reach_can_be_given(run):
    database = Database()
    assert run(database, schema_version="2.0.0")["changed"] and database.versions == ("2.0.0",)


@pytest.mark.parametrize("version", ["4.0.0", "latest", "1.1.0"])
def test_unknown_version_is_refused_before_connecting(run, version):
    result = run(AssertionError("it connected"), schema_version=version)
    assert result["failed"] and "schema_version: %s" % version in result["msg"] and "1.0.0, 2.0.0, 10.0.0" in result["msg"]


def test_upgrade_dumps_first(run, tmp_path):
    database = Database({"VERSION", "TBLS", "OLD_COLUMNS", "LOCKS"}, "1.1.0")
    result = run(database, upgrade=True, dump_dir=str(tmp_path))
    assert result["changed"] and database.log[2:] == ["dump " + result["dump"], "upgrade-1.1.0-to-2.0.0", "upgrade-2.0.0-to-10.0.0", "look"]
    assert result["dump"].startswith("%s/metastore-1.1.0-2" % tmp_path)


def test_upgrade_without_a_dump_does_not_begin(run, tmp_path):
    database = Database({"VERSION", "TBLS", "LOCKS"}, "2.0.0")
    database.fails = "dump"
    result = run(database, upgrade=True, dump_dir=str(tmp_path))
    assert result["failed"] and database.log == ["lock", "look"]


def test_folder_of_the_dump_has_to_be_there(run, tmp_path):
    assert "dump_dir" in run(AssertionError("it connected"), upgrade=True)["msg"]
    assert "is not a folder" in run(AssertionError("it connected"), upgrade=True, dump_dir=str(tmp_path / "nowhere"))["msg"]


@pytest.mark.parametrize("tables, versions, state", [
    ({"TBLS"}, (), "half_made"), (WHOLE, ("11.0.0",), "newer"), ({"INVOICES"}, (), "foreign"), ({"VERSION", "TBLS", "LOCKS"}, ("2.0.0",), "older")])
def test_refusals_tell_what_was_found(run, tables, versions, state):
    database = Database(tables, *versions)
    result = run(database)
    assert result["failed"] and result["state"] == state and "is left as it is" in result["msg"]
    assert database.log == ["lock", "look"]


def test_absent_database(run):
    result = run(hive_database.DatabaseAbsent("there is no metastore"))
    assert result["failed"] and result["state"] == "absent" and "there is no metastore; create it" in result["msg"]


def test_unreachable_database(run):
    result = run(hive_database.DatabaseError("cannot sign in"))
    assert result["failed"] and result["msg"] == "cannot sign in" and "state" not in result


def test_failed_script_tells_in_what_state_it_leaves_the_schema(run):
    database = Database()
    database.fails = "hive-schema-10.0.0"
    result = run(database)
    assert result["failed"] and result["msg"] == "hive-schema-10.0.0, line 1: no. It is half-made."


def test_scripts_that_do_not_do_what_they_say_are_found_out(run):
    database = Database()
    database.fails = "silently"
    result = run(database)
    assert result["failed"] and "not as it should be: it lacks the row" in result["msg"]


def test_missing_scripts(run, tmp_path):
    assert "not readable" in run(AssertionError("it connected"), metastore_home=str(tmp_path))["msg"]


def test_missing_driver_is_named(run, monkeypatch):
    monkeypatch.setattr(hive_database, "DRIVER_ERRORS", {"mariadb": ("PyMySQL", "trace")})
    result = run(AssertionError("it connected"))
    assert result["failed"] and "PyMySQL" in result["msg"]


def test_narrow_columns_are_widened_once_and_foretold(run):
    database = Database(WHOLE, "10.0.0")
    database.narrow = [("DBS", "DESC", "varchar(4000)", "YES")]
    for check in (True, False):
        result = run(database, check=check)
        assert result["changed"] and result["widened"] == ["DBS.DESC"] and result["diff"]["before"]["narrow_columns"] == ["DBS.DESC"]
        assert ("widen" in database.log) is not check
    again = run(database)
    assert not again["changed"] and again["widened"] == []
