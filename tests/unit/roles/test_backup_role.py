# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the role backup: dumps, Iceberg's files, the check of a copy, and what is said of it."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import importlib
import json
import pathlib
import sys

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from iceberg_table import LIST, Table, avro

try:
    from ansible.template import trust_as_template
except ImportError:  # an older ansible-core asks for none
    trust_as_template = str

FILES = pathlib.Path(__file__).parents[3] / "roles/backup/files"
with contextlib.ExitStack() as stack:
    sys.path.insert(0, str(FILES))
    stack.callback(sys.path.remove, str(FILES))
    backup_check, backup_dumps, backup_restic, iceberg_files, lakehouse_backup, lakehouse_s3 = map(importlib.import_module, (
        "backup_check", "backup_dumps", "backup_restic", "iceberg_files", "lakehouse_backup", "lakehouse_s3"))

NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.timezone.utc)
DRIVE = "/data/minio"


class Bucket:
    """As much of S3 as the check asks for."""

    def __init__(self):
        self.objects, self.gone, self.asked = {}, {}, []

    def put(self, key, content):
        self.objects[key] = content
        return "s3a://lake/" + key

    def delete(self, key):
        self.gone[key] = self.objects.pop(key)

    def get_any(self, key):
        self.asked.append(key)
        for held in (self.objects, self.gone):
            if key in held:
                return held[key]
        raise lakehouse_s3.Missing("GET %s: HTTP 404" % key)

    def versions(self, prefix):
        for key in sorted([*self.objects, *self.gone]):
            if key.startswith(prefix):
                if key in self.gone:
                    yield lakehouse_s3.Version(key, "2", True, True, "", 0)
                yield lakehouse_s3.Version(key, "1", False, key in self.objects, "", len((self.objects | self.gone)[key]))

    def copied(self):
        """As restic lists a copy of the drive: small objects within their xl.meta, others beside it in parts."""
        for key, content in (self.objects | self.gone).items():
            small = len(content) < 100
            yield "%s/lake/%s/xl.meta" % (DRIVE, key), 300 + (len(content) if small else 0)
            if not small:
                yield "%s/lake/%s/0b3a5e2c-1111-2222-3333-444455556666/part.1" % (DRIVE, key), len(content) + 32
        yield "/var/lib/datalake/backup/spool/bucket/tables.json", 100


@pytest.fixture(name="bucket")
def empty_bucket():
    return Bucket()


@pytest.fixture(name="check")
def checking(bucket, tmp_path):
    def check(*tables, copied=None):
        found = backup_check.Check(str(tmp_path / "checked.db"), bucket, "lake")
        listed = [table.listed() for table in tables]
        faults = found.tables(listed) or found.files(bucket.copied() if copied is None else copied, [DRIVE])
        check.told, check.listed = found.told, listed
        return faults

    return check


class TestCheck:
    def test_a_whole_copy_is_good_and_what_was_read_is_not_read_again(self, bucket, check):
        sales, other = Table(bucket, "sales").append().append(size=40), Table(bucket, "other").append()
        assert check(sales, other) == []
        assert check.told["tables"] == 2 and check.told["manifests_read"] == 6
        assert check.told["table_files"] == 3 + 3 + 3 + 2  # data, manifests, lists, metadata
        assert check.listed[0]["records"] == 20 and check.listed[0]["snapshot_id"] == 2
        bucket.asked.clear()
        sales.append()
        assert check(sales, other) == []
        assert check.told["manifests_read"] == 2 and len(bucket.asked) == 4

    def test_what_was_deleted_meanwhile_is_there_as_an_old_version(self, bucket, check):
        sales = Table(bucket, "sales").append()
        for key in list(bucket.objects):
            bucket.delete(key)
        assert check(sales) == []

    def test_what_was_noted_of_manifests_is_made_anew_where_it_is_damaged(self, bucket, check, tmp_path):
        sales = Table(bucket, "sales").append()
        (tmp_path / "checked.db").write_bytes(b"no database" * 1000)
        assert check(sales) == [] and check(sales) == []
        assert check.told["manifests_read"] == 0

    @pytest.mark.parametrize("name, size", [("data/1.parquet", 500), ("metadata/m1.avro", None), ("metadata/00002.metadata.json", None)])
    def test_a_file_that_is_not_in_the_copy_is_named_with_its_table(self, bucket, check, name, size):
        sales = Table(bucket, "sales").append().append()
        copied = [(path, size) for path, size in bucket.copied() if "/%s/" % name not in path]
        (fault,) = check(sales, copied=copied)
        assert fault.startswith("gold.sales: w/gold.db/sales/%s is in the copy with 0 bytes of" % name)

    def test_a_part_that_is_shorter_than_the_table_says_is_named(self, bucket, check):
        sales = Table(bucket, "sales").append()
        copied = [(path, 120 if "1.parquet" in path else size) for path, size in bucket.copied()]
        (fault,) = check(sales, copied=copied)
        assert fault == "gold.sales: w/gold.db/sales/data/1.parquet is in the copy with 240 bytes of 500"

    @pytest.mark.parametrize("name", ["data/1.parquet", "data/2.parquet"])
    def test_a_file_that_is_not_in_the_bucket_is_named(self, bucket, check, name):
        sales = Table(bucket, "sales").append().append()
        copied = list(bucket.copied())
        del bucket.objects[sales.folder + name]
        assert check(sales, copied=copied) == ["gold.sales: w/gold.db/sales/%s is not in the bucket with the size that the table knows (500 bytes)" % name]

    def test_a_file_of_another_size_is_no_other(self, bucket, check):
        sales = Table(bucket, "sales").append()
        bucket.put(sales.folder + "data/1.parquet", b"x" * 501)
        assert "500 bytes" in check(sales)[0]

    @pytest.mark.parametrize("name", ["metadata/m1.avro", "metadata/snap-1.avro", "metadata/00001.metadata.json"])
    def test_metadata_that_is_gone_or_damaged_stops_with_its_table_and_no_other(self, bucket, check, name):
        sales, other = Table(bucket, "sales").append(), Table(bucket, "other").append()
        whole = bucket.objects[sales.folder + name]
        bucket.put(sales.folder + name, whole[:-20])
        assert [fault.split(":")[0] for fault in check(sales, other)] == ["gold.sales"]
        del bucket.objects[sales.folder + name]
        assert [fault.split(":")[0] for fault in check(sales, other)] == ["gold.sales"]
        bucket.put(sales.folder + name, whole)
        assert check(sales, other) == []

    def test_a_table_in_another_bucket_is_not_in_this_copy(self, bucket, check):
        sales = Table(bucket, "sales").append()
        sales.location = "s3a://other/w/00000.metadata.json"
        assert check(sales) == ["gold.sales: s3a://other/w/00000.metadata.json is not in the bucket lake, of which this is a copy"]

    def test_files_of_statistics_count_too(self, bucket, check):
        sales = Table(bucket, "sales").append()
        sales.write(statistics=[{"statistics-path": "s3a://lake/w/gold.db/sales/metadata/1.stats", "file-size-in-bytes": 5}])
        assert "1.stats is not in the bucket" in check(sales)[0]
        sales.put("metadata/1.stats", b"12345")
        assert check(sales) == []

    def test_a_view_is_its_metadata(self, bucket, check):
        view = Table(bucket, "view")
        view.location = view.put("metadata/00000.metadata.json", b'{"view-uuid": "1", "versions": []}')
        assert check(view) == [] and check.told["table_files"] == 1


class TestAvro:
    @pytest.mark.parametrize("content, said", [
        (b"PAR1", "no file of Avro"),
        (avro(LIST, [], codec="zstandard"), "codec zstandard"),
        (avro(LIST, [])[:-1] + b"x", "ends early"),
        (avro(LIST, [{"manifest_path": "s3a://b/k", "manifest_length": 1, "partitions": None}])[:-3], "ends early"),
    ])  # fmt: skip
    def test_what_cannot_be_read_says_so(self, content, said):
        with pytest.raises(iceberg_files.Unreadable, match=said):
            list(iceberg_files.rows(content))

    def test_packed_metadata(self):
        assert iceberg_files.metadata_of(gzip.compress(b'{"a": 1}'), "m/1.gz.metadata.json") == {"a": 1}

    @pytest.mark.parametrize("location", ["s3a://bucket", "file:///a", "hdfs://a/b", "s3a:///"])
    def test_what_is_in_no_object_store(self, location):
        with pytest.raises(iceberg_files.Unreadable):
            iceberg_files.place_of(location)


class TestDumps:
    EXPECTED = [{"database": "gold", "table": "it's; a (table), \\n", "location": "s3a://b/1.json"}]

    def test_the_tables_of_mariadbs_dump(self):
        dump = r"""
-- MariaDB dump
INSERT INTO `DBS` (`DB_ID`, `DESC`, `DB_LOCATION_URI`, `NAME`, `OWNER_NAME`) VALUES (2,NULL,'s3a://b/x','gold','a\'b');
INSERT INTO `TABLE_PARAMS` (`TBL_ID`, `PARAM_KEY`, `PARAM_VALUE`) VALUES (5,'metadata_location','s3a://b/1.json');
INSERT INTO `TABLE_PARAMS` (`TBL_ID`, `PARAM_KEY`, `PARAM_VALUE`) VALUES (5,'schema','{\"a\": [1,2],\n(\'x\')}');
INSERT INTO `TABLE_PARAMS` (`TBL_ID`, `PARAM_KEY`, `PARAM_VALUE`) VALUES (6,'comment','INSERT INTO `TBLS` (`TBL_ID`) VALUES (1);');
INSERT INTO `TBLS` (`TBL_ID`, `DB_ID`, `TBL_NAME`, `VIEW_ORIGINAL_TEXT`, `IS_REWRITE_ENABLED`) VALUES (5,2,'it\'s; a (table), \\n',NULL,0x00);
INSERT INTO `TBLS` (`TBL_ID`, `DB_ID`, `TBL_NAME`, `VIEW_ORIGINAL_TEXT`, `IS_REWRITE_ENABLED`) VALUES (6,2,'hive',NULL,0x00);
"""
        assert backup_dumps.tables_of(backup_dumps.mariadb_rows(iter(dump.splitlines(keepends=True)))) == self.EXPECTED

    def test_the_tables_of_postgresqls_dump(self):
        dump = (
            'COPY public."DBS" ("DB_ID", "DESC", "NAME") FROM stdin;\n2\t\\N\tgold\n\\.\n'
            'COPY public."TABLE_PARAMS" ("TBL_ID", "PARAM_KEY", "PARAM_VALUE") FROM stdin;\n'
            "5\tmetadata_location\ts3a://b/1.json\n5\tschema\ta\\tb\\nCOPY x (y) FROM stdin;\n\\.\n"
            'COPY public."OTHER" ("TBL_ID") FROM stdin;\n9\n\\.\n'
            'COPY public."TBLS" ("TBL_ID", "DB_ID", "TBL_NAME") FROM stdin;\n5\t2\tit\'s; a (table), \\\\n\n6\t2\thive\n\\.\n')
        assert backup_dumps.tables_of(backup_dumps.postgresql_rows(iter(dump.splitlines(keepends=True)))) == self.EXPECTED

    def test_a_command_that_fails_is_no_dump(self, tmp_path):
        with pytest.raises(backup_restic.Failed, match="sh ended with 3: no such"):
            backup_dumps.dump(["sh", "-c", "echo half; echo no such >&2; exit 3"], str(tmp_path / "dump"))


class TestKafka:
    def test_topics(self):
        text = ("Topic: rede.olt\tTopicId: kBM1\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: cleanup.policy=compact,delete,retention.ms=5\n"
                "\tTopic: rede.olt\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n"
                "Topic: a\tTopicId: kBM2\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: \n")
        assert backup_dumps.topics_of(text) == [
            {"name": "rede.olt", "partitions": 3, "replication": 1, "config": {"cleanup.policy": "compact,delete", "retention.ms": "5"}},
            {"name": "a", "partitions": 1, "replication": 1, "config": {}}]

    def test_users(self):
        text = "SCRAM credential configs for user-principal 'datagen' are SCRAM-SHA-512=iterations=4096\n"
        assert backup_dumps.users_of(text) == [{"name": "datagen", "what": "SCRAM", "config": "SCRAM-SHA-512=iterations=4096"}]

    def test_rules(self):
        text = ("Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=rede., patternType=PREFIXED)`: \n"
                " \t(principal=User:spark, host=*, operation=READ, permissionType=ALLOW)\n\n")
        assert backup_dumps.rules_of(text) == [{"type": "TOPIC", "name": "rede.", "pattern": "PREFIXED", "principal": "User:spark", "host": "*",
                                                "operation": "READ", "permission": "ALLOW"}]

    def test_offsets(self):
        text = ("\nConsumer group 'spark-isp' has no active members.\n\n"
                "GROUP     TOPIC    PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID\n"
                "spark-isp rede.olt 0          12              15              3    -            -     -\n"
                "spark-isp rede.olt 1          -               0               -    -            -     -\n")
        assert backup_dumps.offsets_of(text) == [{"group": "spark-isp", "topic": "rede.olt", "partition": 0, "offset": 12}]


class TestS3:
    def test_a_page_of_versions(self):
        page = b"""<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>
            <NextKeyMarker>w/a+b</NextKeyMarker><NextVersionIdMarker>7</NextVersionIdMarker>
            <DeleteMarker><Key>w/a+b</Key><VersionId>8</VersionId><IsLatest>true</IsLatest><LastModified>T</LastModified></DeleteMarker>
            <Version><Key>w/a+b</Key><VersionId>7</VersionId><IsLatest>false</IsLatest><LastModified>T</LastModified><Size>5</Size></Version>
            </ListVersionsResult>"""
        assert lakehouse_s3.page_of(page) == (
            [lakehouse_s3.Version("w/a b", "8", True, True, "T", 0), lakehouse_s3.Version("w/a b", "7", False, False, "T", 5)],
            {"key-marker": "w/a b", "version-id-marker": "7"})


class TestReport:
    SET = {"name": "bucket", "kind": "bucket", "max_age_minutes": 60}

    def report(self, last=None, good_minutes=None, since_minutes=1000):
        def at(minutes):
            return lakehouse_backup.stamp(NOW - datetime.timedelta(minutes=minutes))
        good = {} if good_minutes is None else {"began": at(good_minutes + 1), "ended": at(good_minutes)}
        return lakehouse_backup.report_of(self.SET, last if last is not None else good, good, NOW - datetime.timedelta(minutes=since_minutes), NOW)

    def test_a_young_one_is_well(self):
        told = self.report(good_minutes=59)
        assert told["problem"] is None and told["age_minutes"] == 59 and told["seconds"] == 60

    def test_an_old_one_is_not_and_says_why(self):
        last = {"began": "2026-12-01T11:00:00Z", "ended": "2026-12-01T11:00:09Z", "state": "failed", "reason": "the store is full"}
        assert self.report(last, good_minutes=61)["problem"] == "the last good backup is 61 minutes old: the store is full"

    def test_one_that_was_never_made_is_not_well_once_it_could_have_been(self):
        assert self.report(since_minutes=59)["problem"] is None
        assert self.report()["problem"] == "it was never backed up"

    def test_one_of_the_future_is_not_well(self):
        assert "set the clock" in self.report(good_minutes=-55)["problem"]

    def test_one_that_runs(self):
        told = self.report({"began": "2026-12-01T11:59:00Z", "state": "running"}, good_minutes=30)
        assert told["seconds"] is None and told["problem"] is None


def drill(tmp_path, last, good_ended=None, oldest=0):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/drill-bucket.json").write_text(json.dumps(last))
    if good_ended:
        (tmp_path / "results/drill-bucket.good.json").write_text(json.dumps({"ended": good_ended}))
    return lakehouse_backup.drills({"state": str(tmp_path), "sets": [{"name": "bucket"}, {"name": "kafka"}], "drill_max_age_minutes": oldest})


GOOD = {"began": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:01:00Z", "state": "good"}


def test_a_drill_is_told_of_where_there_was_one(tmp_path):
    (told,) = drill(tmp_path, GOOD, GOOD["ended"])
    assert (told["set"], told["kind"], told["seconds"], told["problem"]) == ("drill-bucket", "drill", 60, None)


def test_a_drill_that_failed_is_wrong_at_once(tmp_path):
    assert drill(tmp_path, {**GOOD, "state": "failed", "reason": "a file is gone"}, GOOD["ended"])[0]["problem"] == "the last drill failed: a file is gone"


def test_an_old_drill_is_wrong_where_the_site_says_so(tmp_path):
    assert "minutes old" in drill(tmp_path, GOOD, GOOD["ended"], oldest=60)[0]["problem"]


@pytest.mark.parametrize("code, err, said", [
    (12, "", "the key does not open"),
    (11, '{"message_type":"exit_error","code":11,"message":"locked by PID 7"}', "locked by PID 7"),
    (1, "a\nFatal: unable to save snapshot: server response unexpected: 507 Insufficient Storage (507)\n", "the store is full"),
    (1, "Fatal: one\nFatal: two\n", "restic ended with 1: Fatal: one Fatal: two"),
])  # fmt: skip
def test_what_restic_ends_with_becomes_a_sentence(code, err, said):
    assert said in backup_restic.reason_of(code, err, "rest:https://backup.example.org/minio/")


def test_a_result_is_written_over_no_file_that_a_link_leads_to(tmp_path):
    (tmp_path / "other").write_text("of others")
    (tmp_path / "result.json.new").symlink_to(tmp_path / "other")
    lakehouse_backup.write(str(tmp_path / "result.json"), {"state": "good"})
    assert (tmp_path / "other").read_text() == "of others" and json.loads((tmp_path / "result.json").read_text()) == {"state": "good"}


def test_nor_into_a_folder_that_a_link_leads_to(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "other")
    with pytest.raises(NotADirectoryError):
        lakehouse_backup.write(str(tmp_path / "results/result.json"), {"state": "good"})
    assert not list((tmp_path / "other").iterdir())


@pytest.mark.parametrize("there", [True, False])
def test_a_lock_is_taken_on_no_file_that_a_link_leads_to(tmp_path, there):
    if there:
        (tmp_path / "other").touch()
    (tmp_path / "set.lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        with lakehouse_backup.held(str(tmp_path / "set.lock")):
            pass
    assert (tmp_path / "other").exists() == there


@pytest.mark.parametrize("sets, there", [
    ([{"kind": "postgresql"}, {"kind": "files", "tables": False}], False), ([{"kind": "mariadb", "tables": True}], True), ([{"kind": "bucket"}], True)])
def test_a_host_has_the_buckets_secret_where_a_set_asks_for_it(sets, there):
    text = yaml.safe_load((FILES.parent / "vars/main.yml").read_text())["__backup_settings"]["s3"]
    found = Templar(DataLoader(), variables={"backup_sets": sets, "backup_s3": {"secret": "x"}, "backup_ca_file": "ca"}).template(trust_as_template(text))
    assert found == ({"secret": "x", "ca": "ca"} if there else {})


def test_a_run_that_ends_by_what_nobody_thought_of_says_so(tmp_path, monkeypatch):
    (tmp_path / "set.begun").touch()
    monkeypatch.setattr(lakehouse_backup.Restic, "begin", lambda self: False)
    monkeypatch.setitem(lakehouse_backup.KINDS, "files", lambda *dummy: {}["no such"])
    settings = {"state": str(tmp_path), "repository": "r", "restic": "restic", "host": "h", "password_file": "p", "environment": {}}
    assert not lakehouse_backup.run(settings, {"name": "set", "kind": "files"})
    told = json.loads((tmp_path / "results/set.json").read_text())
    assert told["state"] == "failed" and "KeyError('no such')" in told["reason"] and "ended" in told
