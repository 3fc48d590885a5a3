# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the streams' validation refuses and takes; and what a stream is told by the role's own variables."""
from __future__ import annotations

import json

import pytest
from hosts_run import Run

SCHEMA = {"event_id": "string", "event_time": "timestamp", "amount": "long"}


def stream(name="shop", **values):
    return {"name": name, "topics": [{"topic": "shop.orders", "schema": SCHEMA}], **values}


def topics(*given, **values):
    return {"spark_streams_streams": [stream(topics=list(given), **values)]}


def topic(name="shop.orders", **values):
    return {"topic": name, "schema": SCHEMA, **values}


def curated(**personal):
    return {"spark_streams_curate_tables": [{"name": "shop", "schema": SCHEMA, **personal}]}


PROPERTIES = {
    "write.distribution-mode": "hash", "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "15",
    "commit.manifest.target-size-bytes": "1048576",
}
GOOD = {
    "spark_streams_streams": [stream()],
    "spark_streams_kafka_bootstrap_servers": "kafka.example.test:9093",
    "spark_streams_kafka_password": 'canary "quoted" \\ kafka',
}
# Name of a host: what it says otherwise, and the words of the refusal.
FAULTS = {
    "type": (topics(topic(schema=dict(SCHEMA, amount="money"))), ["shop.orders", "amount of type money", "There are string, long"]),
    "one-table": (topics(topic(), topic("market.orders")), ["shop.orders, market.orders into one table, raw.orders", "`table`"]),
    "topic-twice": ({"spark_streams_streams": [stream(), stream("market")]}, ["shop.orders twice", "keep it in one stream"]),
    "stream-twice": ({"spark_streams_streams": [stream(), stream(topics=[topic("market.sales")])]}, ["the stream shop twice"]),
    "stream-name": ({"spark_streams_streams": [stream("Shop_1")]}, ["stream Shop_1", "no legal name", "hyphens"]),
    "topic-name": (topics(topic("orders")), ["topic orders", "dominio.origem"]),
    "table-name": (topics(topic(table="orders; drop")), ['table is "orders; drop"', "namespace.name"]),
    "field-name": (topics(topic(schema={"event_id": "string", "event_time": "timestamp", "Total`": "long"})), ['the field "Total`"', "small letters"]),
    "own-column": (topics(topic(schema=dict(SCHEMA, ingested_at="timestamp"))), ["ingested_at", "another name"]),
    "no-schema": (topics(topic(schema={})), ["schema is empty"]),
    "no-topics": (topics(), ["topics is empty"]),
    "required": (topics(topic(required=["event_id", "total"])), ["required names total"]),
    "partition": (topics(topic(partitioned_by=["weeks(event_time)"])), ['"weeks(event_time)"', "bucket(N, column)"]),
    "partition-column": (topics(topic(partitioned_by=["days(day)"])), ["there is no column day"]),
    "partition-type": (topics(topic(partitioned_by=["days(amount)"])), ["amount is a long"]),
    "trigger": ({"spark_streams_trigger_seconds": 0}, ["trigger_seconds is 0", "Set 1 or more"]),
    "offsets": ({"spark_streams_max_offsets_per_trigger": 0}, ["max_offsets_per_trigger is 0"]),
    "driver": ({"spark_streams_streams": [stream(driver_memory_mib=256)]}, ["driver_memory_mib is 256", "Set 512 or more"]),
    "master": ({"spark_streams_master": "yarn"}, ['master is "yarn"', "local[N]"]),
    "dead-letters": ({"spark_streams_dead_letters": "raw.orders"}, ["spark_streams_dead_letters, raw.orders", "another `table`"]),
    "dead-letters-name": ({"spark_streams_dead_letters": "dead"}, ['spark_streams_dead_letters is "dead"']),
    "checkpoints": ({"spark_streams_checkpoints": "s3://datalake/checkpoints"}, ["spark_streams_checkpoints", "s3a://BUCKET/FOLDER"]),
    "snapshots": ({"spark_streams_snapshot_minutes": -1}, ["spark_streams_snapshot_minutes is -1"]),
    "brokers": ({"spark_streams_kafka_bootstrap_servers": "kafka"}, ["spark_streams_kafka_bootstrap_servers", "host:port"]),
    "secret": ({"spark_streams_settings": {"spark.kafka.password": "x"}}, ["spark.kafka.password", "diffs"]),
    "no-key": (curated(hashed=["event_id"]), ["spark_streams_pseudonym_key", "shorter than 32", "Set a longer one"]),
    "short-key": ({**curated(hashed=["event_id"]), "spark_streams_pseudonym_key": "x" * 31}, ["spark_streams_pseudonym_key"]),
    "hashed-number": (curated(hashed=["amount"]), ["shop.hashed has amount", "no string"]),
    "curated-name": ({"spark_streams_curate_tables": [{"name": "shop", "schema": {**SCHEMA, "a-b": "string"}}]}, ['shop.schema has "a-b"', "Use up to 128"]),
    "curated-type": ({"spark_streams_curate_tables": [{"name": "shop", "schema": {**SCHEMA, "id": "uuid"}}]}, ["the field id of type uuid", "There are"]),
    "left-out-unknown": (curated(left_out=["email"]), ["shop.left_out has email"]),
    "left-out-time": (curated(left_out=["event_time"]), ["shop.left_out has event_time", "cannot do without"]),
    "open-subject": (curated(subject="event_id"), ["shop.subject is event_id", "Add it to hashed"]),
    "proof": ({"spark_streams_verify_topic": "shop.verify"}, ["spark_streams_verify_topic is shop.verify", "no stream reads"]),
}
SOUND = {
    "plain": {},
    "none": {"spark_streams_streams": [], "spark_streams_verify_topic": "shop.verify", "spark_streams_kafka_bootstrap_servers": ""},
    "persons": {**curated(hashed=["event_id"], left_out=["amount"], subject="event_id"), "spark_streams_pseudonym_key": "x" * 32},
    "particular": {
        "spark_streams_streams": [
            stream(trigger_seconds=10, driver_memory_mib=1024, master="spark://spark.example.test:7077", topics=[
                topic(table="sales.orders", required=["event_id"], partitioned_by=["bucket(8, event_id)", "amount", "hours(kafka_time)"],
                      properties={"write.distribution-mode": "none"}, fail_on_data_loss=False)]),
            stream("market-2", topics=[topic("market.orders")]),
        ],
        "spark_streams_table_properties": {"write.distribution-mode": "hash", "write.parquet.compression-codec": "zstd"},
    },
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.spark_streams, tasks_from: validate}
    - ansible.builtin.copy:
        content: "{{ result | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
      vars:
        result:
          streams: "{{ __spark_streams_all }}"
          common: "{{ __spark_streams_common }}"
          units: "{{ __spark_streams_units }}"
          jaas: "{{ __spark_streams_jaas }}"
      no_log: true
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run over a host for each case, since each run costs seconds."""
    folder = tmp_path_factory.mktemp("streams")
    hosts = {name: dict(GOOD, **values) for name, values in SOUND.items()}
    hosts.update({name: dict(GOOD, **values) for name, (values, dummy) in FAULTS.items()})
    return Run(folder, PLAY, hosts)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_with_its_remedy(run, name):
    said = run.refusal(name)
    for word in FAULTS[name][1]:
        assert word in said, said


def test_a_topic_says_little_and_gets_the_rest(run):
    assert run.result("plain")["streams"] == [{
        "name": "shop", "trigger_seconds": 2, "max_offsets_per_trigger": 100000, "driver_memory_mib": 768, "master": "local[2]",
        "topics": [{"topic": "shop.orders", "table": "raw.orders", "schema": SCHEMA, "required": ["event_id", "event_time"],
                    "partitioned_by": ["days(event_time)"], "fail_on_data_loss": True,
                    "properties": PROPERTIES}]}]


def test_what_a_stream_and_a_topic_say_has_the_last_word(run):
    first, second = run.result("particular")["streams"]
    assert (first["trigger_seconds"], first["driver_memory_mib"], first["master"]) == (10, 1024, "spark://spark.example.test:7077")
    assert first["topics"][0]["table"] == "sales.orders"
    assert first["topics"][0]["properties"] == {"write.distribution-mode": "none", "write.parquet.compression-codec": "zstd"}
    assert first["topics"][0]["fail_on_data_loss"] is False
    assert (second["trigger_seconds"], second["topics"][0]["table"]) == (2, "raw.orders")
    assert run.result("particular")["units"] == ["spark-stream-shop", "spark-stream-market-2"]


def test_a_host_without_streams_needs_no_more(run):
    assert run.result("none")["streams"] == []


@pytest.mark.parametrize("name", SOUND)
def test_what_diffs_show_holds_no_secret(run, name):
    shown = run.result(name)
    assert 'password="canary \\"quoted\\" \\\\ kafka";' in shown.pop("jaas")
    assert "canary" not in json.dumps(shown)
    assert "canary" not in run.output
