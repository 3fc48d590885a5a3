# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/soak.yml reads on hosts and in the bucket, and how it shows what came of it."""

from __future__ import annotations

import ast
import importlib.util
import pathlib
import re
from types import SimpleNamespace

import jinja2
import pytest

PLAYBOOKS = pathlib.Path(__file__).parents[3] / "playbooks"


def load(name):
    spec = importlib.util.spec_from_file_location("soak_" + name, PLAYBOOKS / "files/soak" / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


host, bucket = load("host"), load("bucket")


def write(path, size=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


class TestHost:
    def test_a_folder_is_what_it_takes_of_the_disk(self, tmp_path):
        write(tmp_path / "var/lib/datalake/spark/work/app/file", 100_000)
        (tmp_path / "var/lib/datalake/spark/link").symlink_to("/")
        folders, topics = host.folders_and_topics(str(tmp_path))
        assert set(folders) == {"/var/lib/datalake/spark"} and topics == {}
        assert 100_000 <= folders["/var/lib/datalake/spark"] <= 150_000

    def test_topics_are_the_sum_of_their_partitions(self, tmp_path):
        for name in ("rede.olt_metrics-0/0.log", "rede.olt_metrics-1/0.log", "__consumer_offsets-12/0.log", "__cluster_metadata-0/0.log"):
            write(tmp_path / "data/kafka" / name, 8192)
        write(tmp_path / "data/kafka/meta.properties")
        write(tmp_path / "data/kafka/recovery-point-offset-checkpoint")
        folders, topics = host.folders_and_topics(str(tmp_path))
        assert set(folders) == {"/data/kafka/meta.properties", "/data/kafka/recovery-point-offset-checkpoint"}
        assert set(topics) == {"rede.olt_metrics", "__consumer_offsets", "__cluster_metadata"}
        assert topics["rede.olt_metrics"] == 2 * topics["__consumer_offsets"] >= 16384

    def test_objects_are_left_to_the_bucket(self, tmp_path):
        write(tmp_path / "data/minio/.minio.sys/tmp/x", 5000)
        write(tmp_path / "data/minio/datalake/warehouse/x", 10**6)
        folders, dummy = host.folders_and_topics(str(tmp_path))
        assert set(folders) == {"/data/minio/.minio.sys"} and folders["/data/minio/.minio.sys"] < 10**6

    def test_what_goes_meanwhile_does_not_count(self, tmp_path):
        assert host.taken(str(tmp_path / "gone")) == 0

    def test_a_database_tells_its_tables(self, monkeypatch):
        monkeypatch.setattr(host.shutil, "which", lambda name: name == "mariadb")
        monkeypatch.setattr(host.glob, "glob", lambda pattern: ["/run/postgresql/.s.PGSQL.5433"])

        def run(argv, **dummy):
            if argv[0] == "mariadb":
                return SimpleNamespace(stdout="metastore.TBLS\t16384\nmetastore.odd\tname\t5\n")
            assert argv[:7] == ["runuser", "-u", "postgres", "--", "psql", "--port", "5433"]
            return SimpleNamespace(stdout="airflow\t0\n" if "--dbname" not in argv else "%s.log\t81920\n" % argv[argv.index("--dbname") + 1])
        monkeypatch.setattr(host.subprocess, "run", run)
        assert host.tables() == {"metastore.TBLS": 16384, "metastore.odd\tname": 5, "airflow.log": 81920}

    def test_a_table_that_is_just_dropped_takes_nothing(self, monkeypatch):
        monkeypatch.setattr(host.shutil, "which", lambda name: None)
        monkeypatch.setattr(host.glob, "glob", lambda pattern: ["/run/postgresql/.s.PGSQL.5433"])

        def run(argv, **dummy):
            # PostgreSQL has null for its size, which psql shows as nothing.
            if "--dbname" not in argv:
                return SimpleNamespace(stdout="airflow\t0\n")
            return SimpleNamespace(stdout="airflow.gone\t%s\n" % ("0" if "coalesce(pg_total_relation_size(relid), 0)" in argv[-1] else ""))
        monkeypatch.setattr(host.subprocess, "run", run)
        assert host.tables() == {"airflow.gone": 0}

    def test_memory_is_what_is_not_available(self):
        assert host.memory("MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n") == 600 * 1024


def version(key, size=10, latest=True, marker=False):
    return SimpleNamespace(object_name=key, size=None if marker else size, is_latest="true" if latest else "false", is_delete_marker=marker)


class TestBucket:
    @pytest.mark.parametrize(("key", "kind"), [
        ("warehouse/gold.db/sales-0f/metadata/00001-a.metadata.json", "metadata"),
        ("warehouse/gold.db/sales-0f/data/day=1/a.parquet", "data"),
        ("warehouse/gold.db/metadata/data/a.parquet", "data"),
        ("raw/sales/2026/12/01/a.json", "data"),
        ("checkpoints/isp/rede/offsets/1", "checkpoints/"),
        ("loose", "loose"),
    ])
    def test_kinds(self, key, kind):
        assert bucket.kind(key, "warehouse/", "raw/") == kind

    def test_sums(self):
        listed = [version("raw/a"), version("raw/a", latest=False), version("tmp/b", latest=True, marker=True), version("tmp/b", 7, latest=False)]
        assert bucket.sums(listed, "warehouse/", "raw/") == {
            "data": {"current": 10, "old": 10, "versions": 2}, "tmp/": {"current": 0, "old": 7, "versions": 2}}


def test_events_are_sent_of_all_types_that_datagen_can_stream():
    types = re.search(r"intersect\((\[.*?\])\)", (PLAYBOOKS / "soak.yml").read_text(encoding="utf-8"))[1]
    generators = PLAYBOOKS.parent / "roles/datagen/files/datagen/src/lakehouse_datagen/generators"
    assert ast.literal_eval(types) == sorted(path.stem for path in generators.glob("*.py") if "\ndef live(" in path.read_text(encoding="utf-8"))


def test_the_table_has_what_grows_and_what_is_wrong():
    rows = [{"name": "bucket data", "counts": "data", "first": 0, "last": 8 * 10**8, "per_day": 24 * 10**8, "week": 0},
            {"name": "minio memory", "counts": "shown", "first": 1, "last": 1, "per_day": -5, "week": 0}]
    growth = {"hours": 8.0, "rows": rows, "week": {"data": 17_600_000_000, "kept": 3 * 10**9, "other": 2 * 10**9}, "problems": ["What is not data grows."]}
    template = jinja2.Environment(trim_blocks=True).from_string((PLAYBOOKS / "templates/soak.txt.j2").read_text(encoding="utf-8"))
    text = template.render(growth=growth, soak_file="soak.jsonl")
    lines = text.splitlines()
    assert lines[:2] == ["PROBLEMS:", "What is not data grows."]
    assert [line.split() for line in lines if line.startswith("bucket")] == [["bucket", "data", "data", "0.0", "800.0", "2400.0"]]
    assert "1 others grow by less" in text and "data 17.60 GB, kept 3.00 GB, other 2.00 GB" in text and "Readings: soak.jsonl" in text
