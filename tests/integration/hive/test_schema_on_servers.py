# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hive_schema against real servers; what it did is always proved by another connection."""

from __future__ import annotations

import pathlib
import shutil
import stat
import subprocess
import time

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.hive import database as hive_database

WANTED = "3.1.0"


def version_table(server):
    return '"VERSION"' if server.backend == "postgresql" else "VERSION"


def versions(server, database):
    column = '"SCHEMA_VERSION"' if server.backend == "postgresql" else "SCHEMA_VERSION"
    return [version for (version,) in server.sql(database, f"SELECT {column} FROM {version_table(server)}")]


def shape(server, database):
    """Every column, as the server describes it."""
    return sorted(server.sql(database, f"""
        SELECT lower(table_name), lower(column_name), data_type, is_nullable FROM information_schema.columns
        WHERE table_schema = '{server.schema(database)}'"""))


def older_home(home, folder, newest):
    """The same metastore as if it had been released when ``newest`` was the newest schema."""
    shutil.copytree(home / "scripts", folder / "scripts")
    for path in folder.rglob("*.sql"):
        if path.name.startswith("hive-schema-") and path.name.split("-")[2][:5] > newest:
            path.unlink()
    return folder


def test_empty_database_check_make_and_look_again(server, database, hive_schema):
    checked = hive_schema(database=database, check=True)
    assert checked["changed"] and checked["state"] == "empty" and checked["found_version"] is None
    assert checked["diff"]["before"] == {"version": None, "tables": 0}
    assert server.tables(database) == set()

    made = hive_schema(database=database)
    assert made["changed"] and made["diff"] == checked["diff"] and made["scripts"] == checked["scripts"]
    assert versions(server, database) == [WANTED]
    assert len(server.tables(database)) == made["diff"]["after"]["tables"] == 74

    for check in (False, True):
        again = hive_schema(database=database, check=check)
        assert not again["changed"] and again["state"] == "current" and again["found_version"] == WANTED
        assert again["scripts"] == [] and again["diff"]["before"] == again["diff"]["after"]


def test_tables_belong_to_the_metastores_user(server, database, hive_schema):
    hive_schema(database=database)
    if server.backend == "postgresql":
        owners = server.sql(database, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners == [("hive",)]


def test_absent_database_is_named(hive_schema):
    result = hive_schema(database="nowhere")
    assert result["failed"] and result["state"] == "absent"
    assert "nowhere does not exist" in result["msg"]


def test_wrong_password_is_not_taken_for_an_absent_database(database, hive_schema):
    result = hive_schema(database=database, login_password="not this one")
    assert result["failed"] and "state" not in result
    assert "cannot sign in" in result["msg"] and "not this one" not in str(result)


def test_unreachable_server(database, hive_schema):
    result = hive_schema(database=database, login_port=1)
    assert result["failed"] and "127.0.0.1:1" in result["msg"]


def test_tls_is_insisted_on_when_a_ca_is_given(database, hive_schema):
    """The throw-away servers speak no TLS, so a run that wants it must not sign in."""
    result = hive_schema(database=database, ca_cert="/etc/ssl/certs/ca-certificates.crt")
    assert result["failed"] and "cannot sign in" in result["msg"]


def test_half_made_schema_is_told_from_an_empty_one(server, database, hive_schema):
    hive_schema(database=database)
    server.sql(database, f"DROP TABLE {version_table(server)}")
    result = hive_schema(database=database)
    assert result["failed"] and result["state"] == "half_made"
    assert result["missing_tables"] == ["VERSION"] and "VERSION" in result["msg"]
    assert len(server.tables(database)) == 73


def test_version_without_a_row_is_half_made(server, database, hive_schema):
    hive_schema(database=database)
    server.sql(database, f"DELETE FROM {version_table(server)}")
    result = hive_schema(database=database)
    assert result["failed"] and result["state"] == "half_made" and "row of the table VERSION" in result["msg"]


def test_lost_table_of_a_current_schema(server, database, hive_schema):
    hive_schema(database=database)
    server.sql(database, "DROP TABLE HIVE_LOCKS")
    result = hive_schema(database=database)
    assert result["failed"] and result["state"] == "half_made" and result["missing_tables"] == ["HIVE_LOCKS"]


def test_newer_schema_is_refused(server, database, hive_schema):
    hive_schema(database=database)
    column = '"SCHEMA_VERSION"' if server.backend == "postgresql" else "SCHEMA_VERSION"
    server.sql(database, f"UPDATE {version_table(server)} SET {column} = '4.0.0'")
    result = hive_schema(database=database, upgrade=True, dump_dir="/tmp")
    assert result["failed"] and result["state"] == "newer" and "4.0.0" in result["msg"]
    assert versions(server, database) == ["4.0.0"]


def test_foreign_tables_are_refused(server, database, hive_schema):
    server.sql(database, "CREATE TABLE invoices (id int)")
    result = hive_schema(database=database)
    assert result["failed"] and result["state"] == "foreign" and result["foreign_tables"] == ["INVOICES"]
    assert server.tables(database) == {"INVOICES"}


def test_foreign_table_beside_a_current_schema_is_only_warned_of(server, database, hive_schema):
    hive_schema(database=database)
    server.sql(database, "CREATE TABLE invoices (id int)")
    result = hive_schema(database=database)
    assert not result.get("failed") and not result["changed"] and result["foreign_tables"] == ["INVOICES"]
    assert "INVOICES" in str(result["warnings"])


def test_every_letter_of_peoples_words_is_kept(server, database, hive_schema):
    made = hive_schema(database=database)
    quote = '"%s"' if server.backend == "postgresql" else "`%s`"
    table, desc = quote % "DBS", quote % "DESC"
    columns = ", ".join(quote % name for name in ("DB_ID", "DESC", "DB_LOCATION_URI", "NAME", "CTLG_NAME"))

    def insert(number, words):
        server.sql(database, f"INSERT INTO {table} ({columns}) VALUES ({number}, '{words}', 'x', 'n{number}', 'hive')")

    def words():
        return [row[0] for row in server.sql(database, f"SELECT {desc} FROM {table} ORDER BY 1")]

    insert(1, "tensão ≥ 10 kV")
    assert words() == ["tensão ≥ 10 kV"]
    if server.backend == "postgresql":
        assert made["widened"] == []
        return
    # As the scripts leave it, and as sites have it.
    server.sql(database, "DELETE FROM DBS")
    server.sql(database, "ALTER TABLE DBS MODIFY `DESC` varchar(4000) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL")
    insert(1, "tensão")
    checked = hive_schema(database=database, check=True)
    assert checked["changed"] and checked["widened"] == ["DBS.DESC"] and checked["diff"]["before"] != checked["diff"]["after"]
    done = hive_schema(database=database)
    assert done["changed"] and done["widened"] == checked["widened"] and done["scripts"] == []
    insert(2, "≥ 10 kV")
    assert words() == ["tensão", "≥ 10 kV"]
    again = hive_schema(database=database)
    assert not again["changed"] and again["widened"] == []


@pytest.mark.parametrize("start", ["1.2.0", "3.0.0"])
def test_older_schema_is_upgraded_when_asked_and_after_a_dump(server, database, hive_schema, metastore_home, tmp_path, start):
    past = older_home(metastore_home, tmp_path / "past", start)
    hive_schema(database=database, metastore_home=str(past))
    assert versions(server, database) == [start]

    refused = hive_schema(database=database)
    assert refused["failed"] and refused["state"] == "older" and "upgrade" in refused["msg"]
    without_dump = hive_schema(database=database, upgrade=True)
    assert without_dump["failed"] and "dump_dir" in without_dump["msg"]

    dumps = tmp_path / "dumps"
    dumps.mkdir()
    checked = hive_schema(database=database, upgrade=True, dump_dir=str(dumps), check=True)
    assert checked["changed"] and not list(dumps.iterdir()) and versions(server, database) == [start]

    done = hive_schema(database=database, upgrade=True, dump_dir=str(dumps))
    assert done["changed"] and done["scripts"] == checked["scripts"] and versions(server, database) == [WANTED]
    (dump,) = dumps.iterdir()
    assert str(dump) == done["dump"] and stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert "CREATE TABLE" in dump.read_text() and start in dump.read_text()

    again = hive_schema(database=database, upgrade=True, dump_dir=str(dumps))
    assert not again["changed"] and len(list(dumps.iterdir())) == 1


def test_failed_dump_stops_the_upgrade(server, database, hive_schema, metastore_home, tmp_path):
    hive_schema(database=database, metastore_home=str(older_home(metastore_home, tmp_path / "past", "3.0.0")))
    # A table that its own user may not read makes both tools fail.
    if server.backend == "postgresql":
        server.sql(database, 'ALTER TABLE "TBLS" OWNER TO postgres')
    else:
        server.admin(f"REVOKE SELECT ON {database}.* FROM hive@'%'")
        server.admin(f"GRANT SELECT ON {database}.VERSION TO hive@'%'")
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    result = hive_schema(database=database, upgrade=True, dump_dir=str(dumps))
    assert result["failed"] and "nothing was changed" in result["msg"], result
    assert versions(server, database) == ["3.0.0"] and not list(dumps.iterdir())


def test_run_cut_short(server, database, hive_schema, metastore_home, tmp_path):
    """A script that fails half way: taken back on PostgreSQL; on MariaDB the next run says what is missing."""
    home = tmp_path / "broken"
    shutil.copytree(metastore_home / "scripts", home / "scripts")
    (script,) = home.rglob(f"hive-schema-{WANTED}.{'postgres' if server.backend == 'postgresql' else 'mysql'}.sql")
    last_line = 'INSERT INTO "VERSION"' if server.backend == "postgresql" else "INSERT INTO VERSION"
    script.write_text(script.read_text().replace(last_line, "INSERT INTO NO_SUCH_TABLE"))
    failed = hive_schema(database=database, metastore_home=str(home))
    assert failed["failed"] and f"{script}, line " in failed["msg"]
    after = hive_schema(database=database)
    if server.backend == "postgresql":
        assert after["state"] == "empty" and after["changed"]
    else:
        assert after["failed"] and after["state"] == "half_made"


def test_two_runs_at_once(server, database, hive_schema):
    results = [hive_schema.end(process) for process in [hive_schema.begin(database=database) for dummy in range(4)]]
    assert sorted(result["changed"] for result in results) == [False, False, False, True], results
    assert versions(server, database) == [WANTED]


def test_killed_run_leaves_no_lock(server, database, hive_schema):
    first = hive_schema.begin(database=database)
    time.sleep(0.4)
    first.kill()
    first.communicate()
    result = hive_schema(database=database, lock_timeout=20)
    assert "lock" not in result.get("msg", "")


def test_lock_held_by_another_is_waited_for_and_then_named(server, database, hive_schema):
    """Hold the module's own lock from the same classes, for longer than the second run is ready to wait."""
    options = {"database": database, "login_user": "hive", "login_password": server.password, "login_host": "127.0.0.1",
               "login_port": server.port, "login_unix_socket": None, "ca_cert": None, "lock_timeout": 1}
    holder = hive_database.connect(server.backend, options)
    holder.lock()
    result = hive_schema(database=database, lock_timeout=1)
    assert result["failed"] and "has held the lock" in result["msg"]
    holder.connection.close()
    assert hive_schema(database=database, lock_timeout=1)["changed"]


def test_no_password_on_any_command_line(server, database, hive_schema, metastore_home, tmp_path):
    """Look at every process of this machine while a dump and an upgrade run."""
    hive_schema(database=database, metastore_home=str(older_home(metastore_home, tmp_path / "past", "1.2.0")))
    process = hive_schema.begin(database=database, upgrade=True, dump_dir=str(tmp_path))
    seen, tools = [], set()
    while process.poll() is None:
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            tools |= {tool for tool in (b"mariadb-dump", b"pg_dump") if tool in line}
            if server.password.encode() in line:
                seen.append(line)
    assert hive_schema.end(process)["changed"]
    assert tools and not seen


def test_the_metastores_own_tool_finds_no_fault(server, database, hive_schema, metastore_home, tmp_path):
    """Hive's schematool validates a schema that this module made."""
    driver = {"mariadb": "mariadb-java-client", "postgresql": "postgresql"}[server.backend]
    if not list((metastore_home / "lib").glob(f"{driver}-*.jar")):
        pytest.skip("this is the upstream archive, which cannot run without the jars that the mirror adds")
    hive_schema(database=database)
    url, name, dialect = {
        "mariadb": (f"jdbc:mariadb://127.0.0.1:{server.port}/{database}?useMysqlMetadata=true", "org.mariadb.jdbc.Driver", "mysql"),
        "postgresql": (f"jdbc:postgresql://127.0.0.1:{server.port}/{database}", "org.postgresql.Driver", "postgres"),
    }[server.backend]
    result = subprocess.run(
        ["java", "-Xmx256m", "-cp", f"{metastore_home}/lib/*", "org.apache.hadoop.hive.metastore.tools.MetastoreSchemaTool", "-dbType", dialect,
         "-validate", "-url", url, "-driver", name, "-userName", "hive", "-passWord", server.password],
        env={"METASTORE_HOME": str(metastore_home), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
