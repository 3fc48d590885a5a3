# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was backed up comes back, with real servers; and what a metastore without its last minutes makes of the bucket."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
from conftest import ROOT
from iceberg_table import Table

sys.path.insert(0, str(ROOT / "roles/backup/files"))
restore = importlib.import_module("lakehouse_restore")
S3 = importlib.import_module("lakehouse_s3").S3
Failed = importlib.import_module("backup_restic").Failed
NOBODY = 65534, 65534


class Restore:
    """The program on a site's host."""

    def __init__(self, site, minio):
        self.site, self.minio, self.settings = site, minio, site.settings
        self.store = restore.Store(site.settings)
        self.metastore, self.bucket = site.settings["sets"]
        self.root = S3({**site.settings["s3"], "account": minio.root_user, "secret": minio.root_secret})

    def plan(self, chosen, **asked):
        return restore.plan(self.settings, self.store, chosen, argparse.Namespace(**{"at": None, "name": [], "only": None, **asked}))

    def load(self, folder, beside=False):
        return restore.restore_databases(self.metastore, str(folder), [], beside)

    def bring_back(self, asked):
        return restore.bring_back(self.settings, self.store, self.metastore, asked)

    def tables(self):
        return {each["table"]: each["location"] for each in restore.tables_of(self.settings)}

    def bring_back_the_metastore(self, tmp_path):
        folder = tmp_path / "dump"
        self.store.restore(self.plan(self.metastore)["snapshot"], restore.spool_of(self.settings, "metastore"), str(folder))
        return self.load(folder)


@pytest.fixture
def back(site, minio_server, tmp_path, monkeypatch):
    monkeypatch.setattr(restore, "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(restore, "MINIO", str(minio_server.binary))
    monkeypatch.setattr(restore, "CERTIFICATES", str(minio_server.folder / "certs"))
    monkeypatch.setattr(restore, "ROOT_ACCOUNT", str(tmp_path / "minio.env"))
    (tmp_path / "minio.env").write_text('MINIO_ROOT_USER="%s"\nMINIO_ROOT_PASSWORD="%s"\n' % (minio_server.root_user, minio_server.root_secret))
    monkeypatch.setattr(restore, "LOCKS", {"mariadb": "SELECT 1", "postgresql": "SELECT 1"})  # the small metastore has none
    monkeypatch.setenv("PGUSER", "postgres")
    site.database.folder.chmod(0o755)  # the server's own account signs in
    return Restore(site, minio_server)


@pytest.mark.parametrize("database_server", ["mariadb", "postgresql"], indirect=True)
def test_the_bucket_comes_back_with_the_metastore_that_belongs_to_it(site, table, back, minio_server, tmp_path):
    site.run("metastore")
    then = table.location
    site.bucket.delete(table.folder + "data/1.parquet")  # while it is copied
    copy = site.run("bucket")
    assert copy["state"] == "good", copy
    plan = back.plan(back.bucket)
    assert plan["snapshot"] == copy["snapshot"] and plan["newer"] == []
    site.know(1, table.append())
    site.know(2, Table(site.bucket, "later").append())
    assert restore.newer_tables(site.settings, back.metastore, plan["metastore"]["tables"]) == [
        "the metastore knows newer states of 2 tables, such as gold.later"]

    minio_server.stop()
    for name in os.listdir(site.bucket.drive):
        shutil.rmtree(site.bucket.drive / name)
    back.settings["sets"][1]["exclude"].append(str(site.bucket.drive / site.bucket.name / "logs"))
    restore.restore_folders(back.store, back.bucket, plan["snapshot"], None, "")
    restore.restore_folders(back.store, back.bucket, plan["snapshot"], restore.spool_of(site.settings, "bucket"), str(tmp_path / "passed"))
    minio_server.start()
    assert back.load(str(tmp_path / "passed") + restore.spool_of(site.settings, "bucket")) == {"databases": {site.name: 3}}
    assert back.tables() == {"sales": then}

    told = restore.complete(back.root, restore.tables_of(site.settings))
    assert told["undeleted"] == [table.folder + "data/1.parquet"] and told["faults"] == [] and told["rows"] == {"gold.sales": 20}, told
    assert len(site.bucket.client.get_object(site.bucket.name, table.folder + "data/1.parquet").data) == 200_000
    assert restore.complete(back.root, restore.tables_of(site.settings))["undeleted"] == []


def test_a_file_that_was_damaged_and_looks_as_before_comes_back(site, back, tmp_path):
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder/file"
    path.write_bytes(b"whole")
    chosen = {"name": "files", "kind": "files", "paths": [str(tmp_path / "folder")], "max_age_minutes": 30}
    site.settings["sets"].append(chosen)
    snapshot, before = site.run("files")["snapshot"], path.stat()
    path.write_bytes(b"wrong")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    restore.restore_folders(back.store, chosen, snapshot, None, "")
    assert path.read_bytes() == b"whole"


def test_what_is_newer_is_told_and_what_is_left_out_of_backups_is_left_alone(site, table, back, minio_server):
    site.run("metastore")
    snapshot = site.run("bucket")["snapshot"]
    table.append()
    back.bucket["exclude"].append(str(site.bucket.drive / site.bucket.name / "logs"))
    site.bucket.put("logs/1", b"log")
    (sentence,) = back.plan(back.bucket)["newer"]
    assert "has newer files, such as" in sentence and table.folder in sentence
    minio_server.stop()
    restore.restore_folders(back.store, back.bucket, snapshot, None, "")
    minio_server.start()
    names = {each.object_name for each in site.bucket.client.list_objects(site.bucket.name, recursive=True)}
    assert "logs/1" in names and table.folder + "data/3.parquet" not in names and table.folder + "data/2.parquet" in names


@pytest.mark.parametrize("database_server", ["mariadb", "postgresql"], indirect=True)
def test_a_metastore_alone_goes_on_to_what_the_bucket_has(site, table, back, tmp_path):
    site.run("metastore")
    site.know(1, table.append())
    back.bring_back_the_metastore(tmp_path)
    assert back.tables()["sales"] != table.location
    assert restore.forward(site.settings) == {"tables": 1, "forwarded": ["gold.sales"], "doubtful": []}
    assert back.tables() == {"sales": table.location}
    assert restore.forward(site.settings)["forwarded"] == []


@pytest.mark.parametrize("spoil, word", [
    (lambda site, table: site.bucket.put(table.folder + "metadata/00003-b.metadata.json", b"{}"), "several states"),
    (lambda site, table: site.bucket.put(table.folder + "metadata/00009-' or '1.metadata.json", b"{}"), "a name that no engine gives"),
    (lambda site, table: table.write(**{"table-uuid": "another"}), "another table"),
    (lambda site, table: site.bucket.delete(table.folder + "data/3.parquet"), "needs what is not there"),
])
def test_but_to_nothing_that_is_in_doubt(site, table, back, spoil, word):
    site.run("metastore")
    then = table.location
    table.append()
    spoil(site, table)
    told = restore.forward(site.settings)
    assert told["forwarded"] == [] and "gold.sales" in told["doubtful"][0] and word in told["doubtful"][0], told
    assert back.tables() == {"sales": then}


def test_a_lost_file_is_named(site, table, back):
    shutil.rmtree(site.bucket.drive / site.bucket.name / table.folder / "data/2.parquet")
    assert restore.complete(back.root, restore.tables_of(site.settings))["faults"] == ["gold.sales: %sdata/2.parquet is gone" % table.folder]


def test_a_new_host_backs_up_nothing_before_what_the_lost_one_had_is_back(site, table, back, tmp_path):
    (good,) = [site.run("metastore")["snapshot"]]
    for path in site.state.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    told = site.run("metastore")
    assert told["state"] == "failed" and "earlier host" in told["reason"] and site.good("metastore") == [good], told
    asked = argparse.Namespace(verb="databases", source=None, snapshot=good, name=[], beside=True, only=None, into="")
    back.bring_back(asked)
    assert site.run("metastore")["state"] == "failed"  # beside is not back
    asked.beside = False
    back.bring_back(asked)
    assert site.run("metastore")["state"] == "good" and len(site.good("metastore")) == 2


@pytest.mark.parametrize("database_server", ["mariadb", "postgresql"], indirect=True)
def test_the_drill_of_a_database_leaves_nothing_but_its_result(site, table, back):
    site.run("metastore")
    before = back.tables()
    told = restore.drill(site.settings, back.store, back.metastore)
    assert told["state"] == "good" and told["databases"] == {"lakehouse_restored_" + site.name: 3}, told
    assert json.loads((site.state / "results/drill-metastore.good.json").read_text()) == told
    assert back.tables() == before and restore.KINDS[back.metastore["kind"]](back.metastore).tables("lakehouse_restored_" + site.name) == []


@pytest.mark.parametrize("database_server", ["postgresql"], indirect=True)
def test_a_database_that_a_drill_left_is_not_saved_and_one_of_another_name_is(site, table, back, tmp_path):
    """The drill that was killed left one, in which somebody still is; another database only looks like one of a drill."""
    left, other = "lakehouse_restored_" + site.name, site.name + "_restored"
    site.database.create(left)
    site.database.create(other)
    try:
        del back.metastore["databases"], back.metastore["tables"]
        assert site.run("metastore")["state"] == "good"
        told = restore.drill(site.settings, back.store, back.metastore)
        assert told["state"] == "good" and set(told["databases"]) >= {left, "lakehouse_restored_" + other}, told
        assert "lakehouse_restored_" + left not in told["databases"]
        server = restore.KINDS["postgresql"](back.metastore)
        assert server.is_there(other) and not server.is_there(left)
    finally:
        site.database.drop(other)


def test_a_drill_of_databases_waits_for_who_has_the_set(site, table, back, monkeypatch):
    held = []
    monkeypatch.setattr(restore, "drill", lambda *dummy: held.append(site.run("metastore")))
    restore.answer(site.settings, argparse.Namespace(verb="drill", set="metastore"))
    assert held == [(1, "metastore: another run is in progress; see its own state\n")]


def test_the_drill_of_a_bucket_reads_every_file_beside_it(site, table, back):
    site.run("metastore")
    site.bucket.delete(table.folder + "data/1.parquet")  # while it is copied
    site.run("bucket")
    told = restore.drill(site.settings, back.store, back.bucket)
    assert (told["state"], told["tables"], told["files"], told["rows"]) == ("good", 1, 7, {"gold.sales": 20}), told
    assert told["bytes"] > 203_000 and not os.path.exists(str(site.bucket.drive) + "-restored")


def test_the_drill_names_a_file_that_is_damaged_in_the_backup(site, table, back):
    site.run("metastore")
    (part,) = (site.bucket.drive / site.bucket.name / table.folder / "data/1.parquet").glob("*/part.1")
    with open(part, "r+b") as file:
        file.seek(70_000)
        file.write(b"rot")
    assert site.run("bucket")["state"] == "good"  # its size is right
    told = restore.drill(site.settings, back.store, back.bucket)
    assert told["state"] == "failed" and table.folder + "data/1.parquet" in told["reason"], told


def test_a_table_gets_those_files_again_that_the_bucket_has_no_more(site, table, back, monkeypatch):
    site.run("metastore")
    snapshot, then = site.run("bucket")["snapshot"], table.location
    gone = [table.folder + "data/1.parquet", then.split("/", 3)[3]]
    for key in gone:
        site.bucket.delete(key)
    told = restore.put_back(site.settings, back.store, snapshot, "gold.sales")
    assert told["location"] == then and sorted(told["put"]) == sorted(gone), told
    assert restore.complete(back.root, [table.listed()])["undeleted"] == []
    assert restore.take_back(back.root, told["put"]) == {"deleted": 2}
    run, listed = back.store.run, json.dumps({"tables": [{**table.listed(), "location": then + "'"}]})
    monkeypatch.setattr(back.store, "run", lambda verb, *more: listed if verb == "dump" else run(verb, *more))
    with pytest.raises(Failed, match="a name that no engine gives"):
        restore.put_back(site.settings, back.store, snapshot, "gold.sales")
    with pytest.raises(Failed, match="no table gold.none"):
        restore.put_back(site.settings, back.store, snapshot, "gold.none")


def test_a_damaged_dump_is_refused_and_the_database_stays(site, table, back, tmp_path):
    (tmp_path / (site.name + ".sql")).write_text("CREATE TABLE DBS (x INT);\nINSERT INTO nothing")
    with pytest.raises(Failed):
        back.load(tmp_path)
    assert "sales" in back.tables()


@pytest.fixture
def gitea():
    """Its account's folder, and one beside it where that account may leave notes."""
    top = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))
    top.chmod(0o755)
    for name in ("gitea", "notes"):
        (top / name).mkdir()
    yield top
    shutil.rmtree(top)


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], check=True, capture_output=True)


def test_what_a_repositorys_config_has_git_run_in_a_drill_is_not_run_by_root(site, back, gitea, monkeypatch):
    """As an account could do it that is to reach no further than its own folder. Until it is handed over, what root restores is out of its reach."""
    work, notes = gitea / "gitea/work", gitea / "notes"
    (notes / "watch").write_text("#!/bin/sh\nid -u >> %s/ran\n" % notes)
    (notes / "watch").chmod(0o755)
    work.mkdir()
    git(work, "init", "--quiet")
    (work / "file").write_text("text")
    git(work, "add", "file")
    git(work, "commit", "--quiet", "--message", "one")
    git(work, "config", "core.fsmonitor", str(notes / "watch"))
    git(work, "update-index", "--fsmonitor")
    (work / ".git").rename(gitea / "gitea/one.git")
    git(gitea / "gitea/one.git", "config", "core.worktree", str(work))
    (notes / "ran").unlink(missing_ok=True)
    (gitea / "gitea/elsewhere.git").symlink_to("/root")
    subprocess.run(["chown", "--recursive", "--no-dereference", "%d:%d" % NOBODY, str(gitea / "gitea"), str(notes)], check=True)
    chosen = {"name": "gitea", "kind": "files", "paths": [str(gitea / "gitea")], "max_age_minutes": 30}
    site.settings["sets"].append(chosen)
    assert site.run("gitea")["state"] == "good"

    reached, restored = [], back.store.restore
    monkeypatch.setattr(back.store, "restore", lambda *arguments: [restored(*arguments), reached.append(os.stat(str(gitea / "gitea-restored")))][0])
    told = restore.drill(site.settings, back.store, chosen)
    assert told["state"] == "good" and told["repositories"] == 1, told
    assert set((notes / "ran").read_text().split()) == {str(NOBODY[0])}
    assert [(each.st_uid, each.st_mode & 0o777) for each in reached] == [(0, 0o700)]
    assert sorted(os.listdir(gitea)) == ["gitea", "notes"]


def test_a_repository_is_not_restored_where_a_link_leads_elsewhere(site, back, gitea, tmp_path):
    repository = gitea / "gitea/repositories/gti/dags.git"
    repository.mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/main\n")
    chosen = {"name": "gitea", "kind": "files", "paths": [str(gitea / "gitea")], "max_age_minutes": 30}
    site.settings["sets"].append(chosen)
    snapshot = site.run("gitea")["snapshot"]
    shutil.rmtree(repository.parent)
    repository.parent.symlink_to(tmp_path)
    with pytest.raises(Failed, match="dags.git is not restored: a link on the way leads to %s/dags.git" % tmp_path):
        restore.restore_folders(back.store, chosen, snapshot, str(repository), "")
    assert not (tmp_path / "dags.git").exists()
    repository.parent.unlink()
    restore.restore_folders(back.store, chosen, snapshot, str(repository), "")
    assert (repository / "HEAD").exists()


@pytest.mark.parametrize("words", [
    "CREATE USER intruder@localhost", "DELETE FROM mysql.global_priv WHERE User = 'hive'", "SELECT 1 INTO OUTFILE '%(notes)s/ran'",
    "\\! touch %(notes)s/ran", "CREATE SQL SECURITY INVOKER VIEW seen AS SELECT 1", "CREATE FUNCTION seen() RETURNS INT RETURN 1",
    "CREATE TRIGGER seen BEFORE INSERT ON TBLS FOR EACH ROW SET NEW.TBL_ID = 1",
])
def test_a_dump_of_the_metastore_does_nothing_beside_its_own_tables(site, table, back, gitea, tmp_path, words):
    """Who writes to the bucket can write a dump, too."""
    (gitea / "notes").chmod(0o777)
    (tmp_path / (site.name + ".sql")).write_text("CREATE TABLE TBLS (TBL_ID INT);\n" + words % {"notes": gitea / "notes"} + ";\n")
    with pytest.raises(Failed):
        back.load(tmp_path)
    assert "sales" in back.tables() and not os.listdir(gitea / "notes")
    assert {name for name, in site.database.admin("SELECT User FROM mysql.global_priv")}.isdisjoint({"intruder", restore.LOADER})


@pytest.mark.parametrize("database_server", ["postgresql"], indirect=True)
def test_nothing_in_a_dump_of_postgresql_has_an_administrators_rights(site, table, back, tmp_path):
    """A table's check is called for each row that is loaded, a trigger for each that is changed, by whoever does it."""
    site.sql("""CREATE FUNCTION seize() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT bool_or(rolsuper) FROM pg_roles WHERE rolname IN (current_user, session_user)) THEN CREATE ROLE intruder SUPERUSER; END IF;
      RETURN true; END $$""")
    site.sql("CREATE FUNCTION seizing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.seize(); RETURN NULL; END $$")
    site.sql("CREATE TABLE trap (number int)")
    site.sql("INSERT INTO trap VALUES (7)")
    site.sql("ALTER TABLE trap ADD CHECK (public.seize()) NOT VALID")
    site.sql('CREATE TRIGGER trap AFTER UPDATE ON "TABLE_PARAMS" EXECUTE FUNCTION seizing()')
    site.sql("ALTER TABLE trap OWNER TO hive; ALTER FUNCTION seize OWNER TO hive; ALTER FUNCTION seizing OWNER TO hive")
    site.database.admin("DROP ROLE IF EXISTS intruder")
    site.run("metastore")
    site.know(1, table.append())
    site.database.admin("DROP ROLE IF EXISTS intruder")  # by this test's own rights
    back.bring_back_the_metastore(tmp_path)
    assert restore.forward(site.settings)["forwarded"] == ["gold.sales"]
    assert restore.drill(site.settings, back.store, back.metastore)["state"] == "good"
    assert site.database.admin("SELECT rolname FROM pg_roles WHERE rolname = 'intruder'") == []
    assert site.database.sql(site.name, "SELECT number FROM trap") == [(7,)]


@pytest.mark.parametrize("database_server", ["postgresql"], indirect=True)
def test_a_database_of_postgresql_comes_back_as_its_owners_and_readers_may_read_it(site, table, back, tmp_path):
    site.database.admin("CREATE ROLE reader")
    try:
        site.sql('GRANT SELECT ON "TBLS" TO reader')
        site.sql("ALTER DEFAULT PRIVILEGES FOR ROLE hive GRANT SELECT ON TABLES TO reader")
        site.run("metastore")
        back.bring_back_the_metastore(tmp_path)
        owners = site.database.sql(site.name, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners == [("hive",)] and back.tables()["sales"] == table.location
        site.sql("SET ROLE hive; CREATE TABLE later (number int)")
        asked = "SELECT has_table_privilege('reader', '{q}%s{q}', 'SELECT')".replace("{q}", '"')
        assert [site.database.sql(site.name, asked % name)[0][0] for name in ("TBLS", "later", "DBS")] == [True, True, False]
        (found,) = site.database.admin("SELECT rolcanlogin, rolpassword, (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) "
                                       "FROM pg_authid r WHERE rolname = '%s'" % restore.LOADER)
        assert found == (False, None, 0)
    finally:
        site.database.sql(site.name, "DROP OWNED BY reader")
        site.database.admin("DROP ROLE reader")


@pytest.mark.parametrize("database_server", ["postgresql"], indirect=True)
def test_a_damaged_dump_of_postgresql_is_refused_and_the_database_stays(site, table, back, tmp_path):
    (tmp_path / (site.name + ".dump")).write_bytes(b"PGDMP no more")
    with pytest.raises(Failed):
        back.load(tmp_path)
    assert "sales" in back.tables()


def test_a_dump_whose_name_a_server_would_read_as_more_is_refused(back, tmp_path):
    (tmp_path / '`; DROP DATABASE x; `.sql').write_text("")
    with pytest.raises(Failed, match="no database's name"):
        back.load(tmp_path)
