# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore chooses, and which state a table goes on to."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pathlib
import sys

import pytest

FILES = pathlib.Path(__file__).parents[3] / "roles/backup/files"
sys.path.insert(0, str(FILES))
restore = importlib.import_module("lakehouse_restore")
Check = importlib.import_module("backup_check").Check
Version = importlib.import_module("lakehouse_s3").Version
Failed = importlib.import_module("backup_restic").Failed

SNAPSHOTS = [
    {"id": "aaaa1111", "time": "2026-12-01T02:31:07.123456789-03:00", "tags": ["set=bucket", "metastore=77aa", "since=2026-12-01T05:30:00Z"]},
    {"id": "bbbb2222", "time": "2026-12-02T05:31:07.5Z", "tags": ["set=bucket"]},
]


def test_the_newest_backup_is_taken():
    assert restore.choose(SNAPSHOTS)["id"] == "bbbb2222"


@pytest.mark.parametrize("at, number", [("2026-12-02T05:31:08Z", "bbbb2222"), ("2026-12-02T05:31:06Z", "aaaa1111"), ("2026-12-01T05:31:08+00:00", "aaaa1111")])
def test_or_the_newest_that_is_not_later_than_a_time(at, number):
    assert restore.choose(SNAPSHOTS, at)["id"] == number


def test_what_is_no_time_is_refused_with_an_example():
    with pytest.raises(Failed, match="'yesterday' is no time; write it as 2026-12-01 10:00"):
        restore.choose(SNAPSHOTS, "yesterday")


@pytest.mark.parametrize("free, enough", [(209, False), (211, True)])
def test_a_tenth_of_the_disk_stays_free(tmp_path, monkeypatch, free, enough):
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(restore.shutil, "disk_usage", lambda path: argparse.Namespace(total=1000, used=1000 - free, free=free))
    with contextlib.nullcontext() if enough else pytest.raises(Failed, match="a tenth of the disk"):
        with restore.scratch(str(tmp_path / "data"), 100):
            pass


def test_or_the_one_that_is_named():
    assert restore.choose(SNAPSHOTS, number="aaaa")["tags"][0] == "set=bucket"


@pytest.mark.parametrize("asked", [{"at": "2026-12-01T05:31:06Z"}, {"number": "cccc"}])
def test_where_there_is_none_those_that_there_are_are_named(asked):
    with pytest.raises(Failed, match="2026-12-02T05:31:07"):
        restore.choose(SNAPSHOTS, **asked)


def test_without_any_that_is_said():
    with pytest.raises(Failed, match="none at all"):
        restore.choose([])


def test_what_a_snapshot_belongs_to_is_in_its_tags():
    assert restore.tag(SNAPSHOTS[0], "metastore") == "77aa" and restore.tag(SNAPSHOTS[1], "metastore") is None


METADATA = "w/gold.db/sales-0f/metadata/"


def test_a_table_goes_on_to_the_last_commit_after_its_own():
    files = [METADATA + name for name in ("00009-a.metadata.json", "00100-c.metadata.json", "00099-b.metadata.json", "snap-1.avro")]
    assert restore.newer("s3a://b/" + METADATA + "00009-a.metadata.json", files) == [METADATA + "00100-c.metadata.json"]


def test_it_stays_where_it_is_when_there_is_no_later_one():
    assert restore.newer("s3a://b/" + METADATA + "00009-a.metadata.json", [METADATA + "00009-a.metadata.json", METADATA + "00008-b.metadata.json"]) == []


def test_two_last_commits_are_both_told():
    files = [METADATA + "00010-a.metadata.json", METADATA + "00010-b.metadata.json"]
    assert restore.newer("s3a://b/" + METADATA + "00009-a.metadata.json", files) == files


class Bucket:
    """Lists versions as the server does, the newest of each key first."""

    settings = {"bucket": "lake"}

    def __init__(self, *versions):
        self.listed = versions

    def versions(self, prefix):
        return (version for version in self.listed if version.key.startswith(prefix))


def version(key, name, size=0):
    """Without a size it is what deletes the key."""
    return Version(key, name, not size, True, "2026-12-01T00:00:00Z", size)


def held(bucket, **wanted):
    check = Check(":memory:", bucket, "lake")
    check.database.executemany("INSERT INTO wanted VALUES (?, ?, 'gold.sales')", (("w/gold.db/sales/" + key, size) for key, size in wanted.items()))
    return restore.hold(check, bucket)


def test_files_that_are_there_are_neither_deleted_nor_lost():
    assert held(Bucket(version("w/gold.db/sales/a", "1", 5), version("w/gold.db/sales/b", "2", 7)), a=5, b=None) == ({}, [])


def test_a_deleted_file_is_told_with_all_that_deletes_it():
    key = "w/gold.db/sales/a"
    assert held(Bucket(version(key, "3"), version(key, "2"), version(key, "1", 5)), a=5) == ({key: ["3", "2"]}, [])


def test_a_file_of_another_size_is_lost_as_one_without_content_is():
    bucket = Bucket(version("w/gold.db/sales/a", "1", 4), version("w/gold.db/sales/b", "2"))
    assert held(bucket, a=5, b=5, c=5) == ({}, [("gold.sales", "w/gold.db/sales/" + key) for key in "abc"])


def test_files_that_no_table_wants_are_nobodys_business():
    assert held(Bucket(version("w/gold.db/sales/a", "1", 5), version("w/gold.db/sales/z", "2")), a=5) == ({}, [])


@pytest.mark.parametrize("key, folder", [("w/gold.db/sales-0f/data/d=1/x.parquet", "w/gold.db/sales-0f/"), ("x/y", "x/"), ("y", "")])
def test_a_tables_folder(key, folder):
    assert restore.folder_of(key) == folder


def test_the_stores_own_account_is_read_as_systemd_reads_it(tmp_path, monkeypatch):
    path = tmp_path / "minio.env"
    path.write_text('# Ansible\nMINIO_ROOT_USER="lakehouse-root"\nMINIO_ROOT_PASSWORD="a\\\\b\\"c\\$d"\n')
    monkeypatch.setattr(restore, "ROOT_ACCOUNT", str(path))
    assert restore.root_account() == {"account": "lakehouse-root", "secret": 'a\\b"c$d'}


def test_what_is_restored_beside_is_put_where_only_root_can_turn_it_elsewhere(tmp_path):
    (tmp_path / "data").mkdir()
    tmp_path.chmod(0o777)
    with pytest.raises(Failed, match="is not root's alone"):
        with restore.scratch(str(tmp_path / "data"), 100):
            pass
