# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the streams' driver that need no Spark. What its SQL means is tested on a real one, in tests/integration/spark."""
from __future__ import annotations

import importlib.util
import pathlib
import sys
import threading

import pytest

FILES = pathlib.Path(__file__).parents[3] / "roles/spark_streams/files"
SETTINGS = {"name": "shop", "master": "local[2]", "driver_memory_mib": 768, "jaas": "/etc/kafka.jaas", "first_driver_port": 7100,
            "settings": {"spark.sql.shuffle.partitions": 8}, "catalog": "lakehouse", "dead_letters": "raw.dead", "table_properties": {},
            "bootstrap_servers": "kafka.example.test:9093", "checkpoints": "s3a://datalake/checkpoints", "max_offsets_per_trigger": 1000}
TOPIC = {"topic": "shop.orders", "table": "raw.orders", "schema": {"event_id": "string", "event_time": "timestamp"}, "required": ["event_id"],
         "partitioned_by": [], "properties": {}, "fail_on_data_loss": True}


# The driver's neighbours, as where it is installed.
sys.path.insert(0, str(FILES))


def load(name):
    spec = importlib.util.spec_from_file_location("streams_" + name, FILES / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stream, verify = load("lakehouse_stream"), load("verify")


@pytest.mark.parametrize("given, words", [
    ("days(event_time)", "day(event_time)"), ("hours(kafka_time)", "hour(kafka_time)"), ("bucket(8, city)", "bucket[8](city)"),
    ("truncate(4,city)", "truncate[4](city)"), ("city", "identity(city)")])
def test_a_partition_is_known_by_the_tables_own_words(given, words):
    assert stream.transform(given) == words


def test_columns_are_the_fields_and_where_they_came_from():
    assert stream.columns(TOPIC) == {"event_id": "STRING", "event_time": "TIMESTAMP", "kafka_partition": "INT", "kafka_offset": "BIGINT",
                                     "kafka_time": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
    assert stream.definition({"a": "INT", "b": "STRING"}) == "`a` INT, `b` STRING"


def test_a_text_cannot_leave_its_quotes():
    assert stream.text_of("it's \\") == "'it\\'s \\\\'"


def test_a_record_of_an_open_or_aborted_transaction_is_not_read(topic):
    assert topic.reader_options()["kafka.isolation.level"] == "read_committed"


def test_what_is_written_and_what_waits():
    progress = {"sources": [{"endOffset": {"shop.orders": {"0": 5, "1": 7}}}]}
    assert stream.reached(progress) == {"0": 5, "1": 7}
    assert stream.reached(None) == stream.reached({"sources": [{"endOffset": None}]}) == {}
    assert stream.behind({"0": 9, "1": 7, "2": 3}, {"0": 5, "1": 7}) == 7


@pytest.mark.parametrize("said, words", [
    ("An exception was raised by the Python Proxy. Return Message: Traceback\nat x\nCaused by: java.net.ConnectException: Connection refused",
     "Connection refused"),
    ("py4j.protocol.Py4JJavaError: org.apache.iceberg.exceptions.NotFoundException: File does not exist: x", "File does not exist: x"),
    ("lakehouse.raw.orders was there before", "lakehouse.raw.orders was there before"), ("", "RuntimeError")])
def test_a_fault_is_its_cause_in_plain_words(said, words):
    assert stream.plain(RuntimeError(said)) == words


def test_snapshots_go_but_for_recent_ones_and_those_that_running_queries_need():
    minute = 60000
    snapshots = [(1, 0, False), (2, 30 * minute, False), (3, 40 * minute, False), (4, 41 * minute, True), (5, 99 * minute, False),
                 (6, 99.5 * minute, True), (7, 100 * minute, False)]
    assert stream.unwanted(snapshots, 100 * minute, minute, 61) == [1, 2], "3 holds what 4 dropped, 4 is what was left, 5 to 7 are recent"
    assert stream.unwanted(snapshots, 100 * minute, minute, 10) == [1, 2, 3, 4]
    assert stream.unwanted(snapshots[:1], 100 * minute, minute, 10) == [], "the last one is the table"


def test_a_jvm_is_told_its_size_and_no_secret():
    arguments = stream.submit_arguments(SETTINGS)
    assert arguments[:6] == ["--master", "local[2]", "--driver-memory", "768m", "--name", "spark-stream-shop"]
    assert arguments[-1] == "pyspark-shell"
    assert "spark.eventLog.enabled=false" in arguments
    assert "spark.sql.shuffle.partitions=8" in arguments, "the site's settings have the last word"
    assert not any("password" in argument.lower() for argument in arguments)


class Query:
    """A query that has ended, or runs."""

    def __init__(self, active, progress=None):
        self.isActive, self.lastProgress = active, progress

    def exception(self):
        return RuntimeError("Writing failed\nat line 2\nCaused by: the store is away\nat line 4")


@pytest.fixture
def topic(monkeypatch):
    """A topic whose starts are counted, with the words of Spark's faults at hand."""
    class Fault(Exception):
        pass
    monkeypatch.setitem(sys.modules, "py4j", type("Py4j", (), {}))
    monkeypatch.setitem(sys.modules, "py4j.protocol", type("Protocol", (), {"Py4JJavaError": Fault}))
    monkeypatch.setitem(sys.modules, "pyspark", type("Pyspark", (), {}))
    monkeypatch.setitem(sys.modules, "pyspark.errors", type("Errors", (), {"PySparkException": Fault}))
    made = stream.Topic(None, SETTINGS, TOPIC, stream.dead_letters_table(None, SETTINGS), threading.Event())
    made.starts = 0

    def start():
        made.starts += 1
        made.query = Query(True)
    made._start = start
    return made


def test_a_query_is_started_once_and_left_alone(topic):
    topic.tend()
    topic.tend()
    assert topic.starts == 1


def test_a_query_that_ended_is_started_again_after_a_pause(topic):
    topic.query = Query(False)
    topic.tend()
    assert (topic.starts, topic.failures, topic.query) == (0, 1, None)
    assert topic.fault == "the store is away"
    topic.tend()
    assert topic.starts == 0, "not before the pause is over"
    topic.retry_at = 0.0
    topic.tend()
    assert topic.starts == 1
    assert topic.status([], 0)["state"] == "failing", "not before it has got on"
    topic.query.lastProgress = {"sources": [{}]}
    topic.tend()
    assert (topic.failures, topic.status([], 0)["state"]) == (0, "running")


def fail(topic, times, error=None):
    for dummy in range(times):
        topic.query, topic.retry_at = (Query(False) if error is None else None), 0.0
        if error:
            topic._start = lambda: (item for item in ()).throw(error)
        topic.tend()


def test_one_that_fails_and_fails_gets_a_new_process_unless_another_gets_on(topic):
    another = stream.Topic(None, SETTINGS, {**TOPIC, "topic": "shop.bills"}, stream.dead_letters_table(None, SETTINGS), threading.Event())
    another.moved_at = 0
    fail(topic, 9)
    assert stream.hopeless([topic, another]) == []
    fail(topic, 1)
    assert stream.hopeless([topic, another]) == ["shop.orders"]
    another.moved_at = stream.time.monotonic()
    assert stream.hopeless([topic, another]) == []


@pytest.mark.parametrize("said", ["Partition shop.orders-0's offset was changed from 9 to 5, some data may have been missed",
                                  "Cannot fetch offset 9. \nSome data may have been lost because they are not available in Kafka any more"])
def test_a_position_that_kafka_no_longer_has_is_told_with_its_remedy(topic, said):
    fail(topic, 1, RuntimeError(said))
    assert topic.fault.endswith("To go on with what is there: playbooks/stream_reset.yml -e stream=shop -e topic=shop.orders")


def test_a_wrong_table_is_no_reason_for_a_new_process(topic):
    fail(topic, 20, stream.WrongTable("somebody's"))
    assert (topic.failures, topic.status([], 0)["state"], topic.status([], 0)["fault"]) == (0, "failing", "somebody's")
    topic.moved_at = 0
    assert stream.hopeless([topic]) == []


def test_records_that_wait_while_nothing_is_written_are_told(topic):
    topic.tend()
    topic.look({"0": 5}, 1000.0)
    said = topic.status([], 1000.0)
    assert (said["state"], said["lag"], said["fault"]) == ("running", 5, None)
    topic.moved_at = stream.time.monotonic() - 200
    topic.look({"0": 9}, 1100.0)
    topic.batch_since = stream.time.monotonic() - 95
    said = topic.status(["The object store (minio:9000) cannot be reached: timed out"], 1100.0)
    assert (said["state"], said["lag"], said["waiting_since"]) == ("stalled", 9, "1970-01-01T00:16:40+00:00")
    assert said["fault"] == ("The object store (minio:9000) cannot be reached: timed out. 9 records wait since 1970-01-01T00:16:40+00:00, and nothing "
                             "was written; a batch has been running for 95 s")
    topic.reached = {"0": 9}
    topic.look({"0": 9}, 1101.0)
    assert (topic.status([], 1101.0)["state"], topic.status([], 1101.0)["waiting_since"]) == ("running", None)


def test_a_broker_that_says_nothing_leaves_the_lag_unknown(topic):
    topic.tend()
    said = topic.status(["Kafka (kafka:9093) cannot be reached: timed out"], 0)
    assert (said["state"], said["lag"], said["fault"]) == ("stalled", None, "Kafka (kafka:9093) cannot be reached: timed out")


def test_a_batch_that_hangs_gets_a_new_process(topic):
    topic.tend()
    topic.batch_since = stream.time.monotonic() - stream.MOST_BATCH_SECONDS - 1
    with pytest.raises(SystemExit, match="shop.orders hangs"):
        topic.tend()


def test_a_jvm_that_is_gone_ends_the_process(topic):
    topic._start = lambda: (item for item in ()).throw(ConnectionRefusedError())
    with pytest.raises(ConnectionRefusedError):
        topic.tend()


def test_the_proof_sends_what_the_schema_says_and_each_fault_of_it():
    schema = {"event_id": "string", "event_time": "timestamp", "total": "long"}
    assert sorted(verify.good(schema, "verify_1", 3)) == sorted(schema)
    reasons = [reason for dummy, reason in verify.malformed(schema, ["event_id"], "verify_1")]
    assert {"no value", "not UTF-8", "not one JSON object", "event_id: missing", "total: not a long",
            "event_time: not a timestamp; total: not a long"} <= set(reasons)
