# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups with real servers: what is in them, when one counts, and what is said on bad days."""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from iceberg_table import Table

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles/backup/files/lakehouse_backup.py"
SPOOL = "{state}/spool/bucket"


def lines_of(site, snapshot, name):
    return site.restic("dump", snapshot, SPOOL.format(state=site.state) + "/" + name).stdout


@pytest.mark.parametrize("database_server", ["mariadb", "postgresql"], indirect=True)
def test_a_whole_backup_and_the_next_one_which_sends_little(site, table):
    site.bucket.put("raw/file", os.urandom(1_000_000))
    site.sql("INSERT INTO {q}TABLE_PARAMS{q} VALUES (1, 'comment', 'one\x1cline')")
    dump = site.run("metastore")
    assert dump["state"] == "good" and dump["tables"] == 1, dump
    copy = site.run("bucket")
    assert copy["state"] == "good" and (copy["tables"], copy["table_files"], copy["manifests_read"]) == (1, 7, 4), copy
    (snapshot,) = site.good("bucket")
    assert snapshot == copy["snapshot"] and site.good("metastore") == [dump["snapshot"]]
    listed = json.loads(lines_of(site, snapshot, "tables.json"))
    assert listed["snapshot"] == dump["snapshot"] and [each["location"] for each in listed["tables"]] == [table.location]
    assert table.location in lines_of(site, snapshot, listed["dump"])
    (tags,) = [each["tags"] for each in json.loads(site.restic("snapshots", "--json", snapshot).stdout)]
    assert {"set=bucket", "metastore=" + dump["snapshot"], "since=" + listed["time"]} <= set(tags)

    again = site.run("metastore")["added_bytes"] + site.run("bucket")["added_bytes"]
    assert again < (dump["added_bytes"] + copy["added_bytes"]) / 20
    assert json.loads((site.state / "results/bucket.json").read_text())["manifests_read"] == 0


def test_a_table_is_compacted_and_another_dropped_between_the_dump_and_the_copy(site, table):
    other = Table(site.bucket, "other").append()
    site.know(2, other)
    assert site.run("metastore")["state"] == "good"
    for folder, names in ((other.folder, ["data/1.parquet", "metadata/m1.avro"]), (table.folder, ["data/1.parquet", "metadata/00001.metadata.json"])):
        for name in names:
            site.bucket.delete(folder + name)
    site.know(1, table.append())
    copy = site.run("bucket")
    assert copy["state"] == "good" and copy["tables"] == 2, copy


@pytest.mark.parametrize("name", ["data/1.parquet", "data/2.parquet", "metadata/m1.avro"])
def test_a_copy_without_a_file_of_a_table_is_red_and_the_last_good_one_stays(site, table, name):
    site.run("metastore")
    good = site.run("bucket")
    shutil.rmtree(site.bucket.drive / site.bucket.name / table.folder / name)
    site.run("metastore")
    bad = site.run("bucket")
    assert bad["state"] == "failed" and "gold.sales: %s%s " % (table.folder, name) in bad["reason"].replace(": HTTP 404", " "), bad
    assert site.good("bucket") == [good["snapshot"]]
    assert json.loads((site.state / "results/bucket.good.json").read_text()) == good


def test_a_part_that_became_shorter_on_the_drive_is_seen(site, table):
    site.run("metastore")
    (part,) = (site.bucket.drive / site.bucket.name / table.folder / "data/1.parquet").glob("*/part.1")
    os.truncate(part, 1000)
    bad = site.run("bucket")
    assert bad["state"] == "failed" and "gold.sales: %sdata/1.parquet is in the copy with " % table.folder in bad["reason"], bad


def test_an_old_list_or_none_is_not_good_enough(site, table):
    assert "back up the metastore first" in site.run("bucket")["reason"]
    site.run("metastore")
    key = "backup/metastore/tables.json"
    listed = json.loads(site.bucket.client.get_object(site.bucket.name, key).data)
    site.bucket.put(key, json.dumps({**listed, "time": "2026-01-01T00:00:00Z"}).encode())
    assert "2026-01-01T00:00:00Z" in site.run("bucket")["reason"]
    site.bucket.put(key, json.dumps({**listed, "dump": "../../results/x.sql"}).encode())
    assert "no dump's name" in site.run("bucket")["reason"]


def test_wrong_key(site, table):
    site.run("metastore")
    with open(site.settings["password_file"], "w") as file:
        file.write("another\n")
    assert "the key does not open" in site.run("metastore")["reason"]


def test_the_store_lost_its_disk(site, table):
    site.run("metastore")
    site.store.stop()
    shutil.rmtree(site.store.data)
    site.store.data.mkdir()
    site.store.start()
    told = site.run("metastore")
    assert told["state"] == "good" and "begin anew" in told["note"]


def test_the_store_is_full(site, table):
    site.run("metastore")
    site.store.stop()
    site.store.start(more=["--max-size", "20000"])
    told = site.run("bucket")
    assert told["state"] == "failed" and told["reason"].startswith("the store is full: "), told
    assert not site.good("bucket")


def test_two_runs_at_once(site, table):
    site.run("metastore")
    with open(site.state / "metastore.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert site.run("metastore") == (1, "metastore: another run is in progress; see its own state\n")
    assert site.run("metastore")["state"] == "good"


def test_killed_in_the_middle_the_next_one_goes_on(site, table):
    site.run("metastore")
    site.bucket.put("raw/large", os.urandom(40_000_000))
    with subprocess.Popen(site.command("bucket"), env=site.environment(), start_new_session=True) as process:
        while not list((site.store.data / "minio/data").glob("*/*")) or not (site.state / "results/bucket.json").exists():
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    assert json.loads((site.state / "results/bucket.json").read_text())["state"] == "running"
    assert not site.good("bucket")
    assert site.run("bucket")["state"] == "good"
    assert len(site.good("bucket")) == 1


def test_stopped_it_says_so(site, table):
    with open(site.settings["sets"][1]["lock"], "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it waits for who forgets
        with subprocess.Popen(site.command("bucket"), env=site.environment(), stdout=subprocess.PIPE) as process:
            while not (site.state / "results/bucket.json").exists():
                time.sleep(0.02)
            time.sleep(0.5)
            process.terminate()
            told = json.loads(process.communicate()[0])
    assert told["state"] == "failed" and told["reason"] == "it was stopped"


def test_the_account_of_the_host_removes_nothing(site, table):
    site.run("metastore")
    assert "unable to remove" in site.restic("forget", site.good("metastore")[0]).stderr
    assert len(site.good("metastore")) == 1


class TestInThisProcess:
    @pytest.fixture(autouse=True)
    def program(self, site, monkeypatch):
        monkeypatch.setenv("PGUSER", "postgres")
        monkeypatch.syspath_prepend(str(PROGRAM.parent))
        self.program = importlib.import_module("lakehouse_backup")
        self.site = site

    def run(self, name):
        self.program.run(self.site.settings, next(each for each in self.site.settings["sets"] if each["name"] == name))
        return json.loads((self.site.state / "results" / (name + ".json")).read_text())

    def test_the_store_is_away(self, monkeypatch):
        monkeypatch.setattr(sys.modules["backup_restic"], "ANSWER_SECONDS", 2)
        self.site.store.stop()
        reason = self.run("metastore")["reason"]
        assert "does not answer within 2 s: " in reason and "connection refused" in reason, reason

    def test_a_clock_an_hour_off(self, table, monkeypatch):
        real = self.program.datetime.datetime

        class Wrong(real):
            @classmethod
            def now(cls, zone=None):
                return real.now(zone) - self.program.datetime.timedelta(hours=1)

        monkeypatch.setattr(self.program.datetime, "datetime", Wrong)
        assert self.run("metastore")["state"] == "good"
        assert self.run("bucket")["state"] == "good"
