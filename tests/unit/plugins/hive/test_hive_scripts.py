# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.hive.scripts import (
    SchemaScripts,
    ScriptError,
    split_statements,
    tables_after,
    version_key,
)


def texts(script):
    return [statement.text for statement in split_statements(script)]


def test_statements_are_cut_at_semicolons_and_stripped_of_comments():
    assert texts("-- a; comment\nCREATE TABLE a (b int); /* one;\nmore */ INSERT INTO a\nVALUES (1);\n\n;") == [
        "CREATE TABLE a (b int)",
        "INSERT INTO a\nVALUES (1)",
    ]


@pytest.mark.parametrize("text", [
    "INSERT INTO a VALUES ('x;y -- no comment')",
    "INSERT INTO a VALUES ('it''s; so')",
    "INSERT INTO a VALUES ('it\\'s; so')",
    'SELECT ";" FROM "a;b"',
    "SELECT `;` FROM a",
    "/*!40101 SET NAMES utf8 */",
    "SELECT 4/2-1",
])
def test_what_only_looks_like_an_end_or_a_comment_stays(text):
    assert texts(text + ";") == [text]


def test_a_last_statement_needs_no_semicolon():
    assert texts("SELECT 1;\nSELECT 2") == ["SELECT 1", "SELECT 2"]


def test_statements_know_their_lines():
    script = "-- one\n\nSELECT\n 1;\n/* five\nsix */\n\nSELECT 'a\nb';\nSELECT 3;"
    assert [statement.line for statement in split_statements(script)] == [3, 8, 10]


@pytest.mark.parametrize("command", ["\\i other.sql", "SOURCE other.sql", "delimiter //"])
def test_commands_of_a_client_are_refused_with_their_line(command):
    with pytest.raises(ScriptError, match="line 2 is a command"):
        split_statements("SELECT 1;\n%s;" % command)


def test_tables_are_followed_through_create_and_drop():
    statements = split_statements("""
        CREATE TABLE IF NOT EXISTS `TBLS` (a int); create table "SDS" (a int); CREATE TABLE txns (a int);
        CREATE INDEX i ON TBLS (a); DROP TABLE "SDS"; DROP TABLE IF EXISTS NEVER;""")
    assert tables_after(statements) == {"TBLS", "TXNS"}
    assert tables_after(statements, {"OLD"}) == {"OLD", "TBLS", "TXNS"}


@pytest.mark.parametrize("version, key", [("3.1.0", (3, 1, 0)), ("10.0", (10, 0)), ("", None), (None, None), ("3.x", None), ("3.1.0-beta", None)])
def test_versions_are_ordered_as_numbers(version, key):
    assert version_key(version) == key


def test_newest_is_by_number(hive_home):
    assert SchemaScripts(hive_home, "mariadb").newest() == "10.0.0"


@pytest.mark.parametrize("version, tables", [
    ("1.0.0", {"VERSION", "TBLS", "OLD_COLUMNS"}),
    ("1.1.0", {"VERSION", "TBLS", "OLD_COLUMNS", "LOCKS"}),  # no script of its own: the last one and an upgrade
    ("2.0.0", {"VERSION", "TBLS", "LOCKS"}),
    ("10.0.0", {"VERSION", "TBLS", "LOCKS", "CATALOGS"}),
    ("0.9.0", None),
    ("1.5.0", None),
])
def test_tables_of_each_version(hive_home, version, tables):
    assert SchemaScripts(hive_home, "mariadb").tables(version) == tables


def test_every_table_that_ever_was(hive_home):
    assert SchemaScripts(hive_home, "mariadb").all_tables() == {"VERSION", "TBLS", "OLD_COLUMNS", "LOCKS", "CATALOGS"}


@pytest.mark.parametrize("old, new, names", [
    ("1.0.0", "10.0.0", ["upgrade-1.0.0-to-1.1.0", "upgrade-1.1.0-to-2.0.0", "upgrade-2.0.0-to-10.0.0"]),
    ("2.0.0", "2.0.0", []),
    ("1.5.0", "10.0.0", None),
    ("10.0.0", "1.0.0", None),
])
def test_way_of_an_upgrade(hive_home, old, new, names):
    path = SchemaScripts(hive_home, "mariadb").upgrade_path(old, new)
    assert names == (None if path is None else [script.path.split("/")[-1].split(".mysql")[0] for script in path])


def test_missing_scripts_are_named(tmp_path):
    with pytest.raises(ScriptError, match="not readable.*upgrade/postgres"):
        SchemaScripts(str(tmp_path), "postgresql")


def test_folder_without_a_schema_is_named(tmp_path):
    folder = tmp_path / "scripts" / "metastore" / "upgrade" / "mysql"
    folder.mkdir(parents=True)
    (folder / "create-user.mysql.sql").write_text("SELECT 1;")
    with pytest.raises(ScriptError, match="no hive-schema-"):
        SchemaScripts(str(tmp_path), "mariadb")


def test_unknown_schema_is_refused_with_what_there_is(hive_home):
    with pytest.raises(ScriptError, match="1.0.0, 2.0.0, 10.0.0, not 4.0.0"):
        SchemaScripts(hive_home, "mariadb").schema("4.0.0")


def test_bad_script_is_named(hive_home):
    scripts = SchemaScripts(hive_home, "mariadb")
    with open(scripts.folder + "/hive-schema-10.0.0.mysql.sql", "w", encoding="utf-8") as stream:
        stream.write("SOURCE hive-txn.sql;")
    with pytest.raises(ScriptError, match="hive-schema-10.0.0.mysql.sql: line 1 is a command"):
        scripts.schema("10.0.0")
