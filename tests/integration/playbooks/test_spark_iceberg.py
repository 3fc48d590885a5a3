# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spark's sizes and settings, by the role's own variables; and what its validation refuses."""
from __future__ import annotations

import json

import pytest
from hosts_run import Run

GOOD = {
    "spark_iceberg_master_host": "spark.example.test",
    "spark_iceberg_host": "spark.example.test",
    "spark_iceberg_address": "192.0.2.13",
    "spark_iceberg_memory_mib": 4096,
    "spark_iceberg_cores": 2,
    "spark_iceberg_auth_secret": "canary-auth",
    "spark_iceberg_keystore_password": "canary-keystore",
    "spark_iceberg_s3_url": "https://minio.example.test:9000",
    "spark_iceberg_s3_secret_key": "canary-s3",
    "spark_iceberg_metastore_uri": "thrift://db-hive.example.test:9083",
}
# Name of a host: what it says otherwise, and the words of the refusal.
FAULTS = {
    "version": ({"spark_iceberg_version": "4.0.1"}, ["spark_iceberg_version", "4.0.1"]),
    "plain-store": ({"spark_iceberg_s3_url": "http://minio.example.test:9000"}, ["spark_iceberg_s3_url", "http://minio"]),
    "other-scheme": ({"spark_iceberg_warehouse": "s3://datalake/warehouse"}, ["spark_iceberg_warehouse", "s3://datalake/warehouse"]),
    "slash": ({"spark_iceberg_event_log": "s3a://datalake/events/"}, ["spark_iceberg_event_log", "s3a://datalake/events/"]),
    "catalog": ({"spark_iceberg_catalog": "spark_catalog"}, ["spark_iceberg_catalog", "spark_catalog"]),
    "small": ({"spark_iceberg_memory_mib": 3072}, ["spark_iceberg_memory_mib 3072", "fewer spark_iceberg_sessions"]),
    "streams": ({"spark_iceberg_reserved_mib": 1088}, ["spark_iceberg_reserved_mib 1088", "fewer spark_iceberg_sessions"]),
    "big-executor": ({"spark_iceberg_executor_memory_mib": 2048}, ["spark_iceberg_executor_memory_mib is 2048", "leaves 512 MiB for the executor"]),
    "small-driver": ({"spark_iceberg_driver_memory_mib": 256}, ["spark_iceberg_driver_memory_mib 256"]),
    "secret": ({"spark_iceberg_settings": {"spark.hadoop.fs.s3a.secret.key": "x"}}, ["spark.hadoop.fs.s3a.secret.key", "diffs"]),
}
SOUND = {
    "both": {},
    "client": {"spark_iceberg_is_master": False, "spark_iceberg_is_worker": False, "spark_iceberg_executor_memory_mib": 512},
    "worker": {"spark_iceberg_is_master": False, "spark_iceberg_memory_mib": 16384, "spark_iceberg_cores": 8, "spark_iceberg_sessions": 4},
    "streams-too": {"spark_iceberg_memory_mib": 5184, "spark_iceberg_reserved_mib": 1088},
    "last-word": {"spark_iceberg_settings": {"spark.cores.max": 1}},
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.spark_iceberg, tasks_from: validate}
    - ansible.builtin.copy:
        content: "{{ {'settings': __spark_iceberg_settings, 'executor': __spark_iceberg_executor_mib | int} | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run over a host for each case, since each run costs seconds."""
    folder = tmp_path_factory.mktemp("spark")
    hosts = {name: dict(GOOD, **values) for name, values in SOUND.items()}
    hosts.update({name: dict(GOOD, **values) for name, (values, words) in FAULTS.items()})
    return Run(folder, PLAY, hosts)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_with_its_remedy(run, name):
    said = run.refusal(name)
    for word in FAULTS[name][1]:
        assert word in said, said


def test_the_memory_of_the_container_is_shared_out(run):
    assert run.result("both")["executor"] == 512
    # The same, with room for a stream.
    assert run.result("streams-too")["executor"] == 512
    # No daemon but the worker, and no driver: 16384 - 256 - 256 to four, less what a JVM takes beside its heap.
    assert run.result("worker")["executor"] == 3712
    assert run.result("worker")["settings"]["spark.executor.memory"] == "3712m"


def test_a_client_needs_no_memory_of_its_own(run):
    assert run.result("client")["settings"]["spark.executor.memory"] == "512m"


def test_the_sites_settings_have_the_last_word(run):
    assert run.result("both")["settings"]["spark.cores.max"] == 2
    assert run.result("last-word")["settings"]["spark.cores.max"] == 1


@pytest.mark.parametrize("name", SOUND)
def test_what_diffs_show_holds_no_secret(run, name):
    shown = json.dumps(run.result(name))
    assert "canary" not in shown
    assert "canary" not in run.output


def test_every_path_has_the_one_scheme(run):
    paths = [value for value in run.result("both")["settings"].values() if "://" in str(value) and not str(value).startswith(("spark", "thrift"))]
    assert paths and all(value.startswith("s3a://") for value in paths)


def test_locks_stay_on(run):
    assert not [name for name in run.result("both")["settings"] if "lock-enabled" in name]
