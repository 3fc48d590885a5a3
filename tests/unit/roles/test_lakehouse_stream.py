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
            "bootstrap_servers": "kafka.example.test:9093", "max_offsets_per_trigger": 1000}
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


def test_progress_is_what_was_reached_and_how_far_behind_that_is():
    progress = {"sources": [{"endOffset": {"shop.orders": {"0": 5, "1": 7}}, "latestOffset": {"shop.orders": {"0": 9, "1": 7, "2": 3}}}]}
    assert stream.lag(progress) == ({"0": 5, "1": 7}, 7)
    assert stream.lag(None) == ({}, 0)
    assert stream.lag({"sources": [{"endOffset": None, "latestOffset": None}]}) == ({}, 0)


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
    assert topic.fault == "Writing failed / at line 2 / Caused by: the store is away"
    topic.tend()
    assert topic.starts == 0, "not before the pause is over"
    topic.retry_at = 0.0
    topic.tend()
    assert topic.starts == 1
    assert topic.status()["state"] == "failing", "not before it has got on"
    topic.query.lastProgress = {"sources": [{}]}
    topic.tend()
    assert (topic.failures, topic.status()["state"]) == (0, "running")


def test_one_that_fails_and_fails_gets_a_new_process(topic):
    with pytest.raises(SystemExit, match="shop.orders failed 10 times"):
        for dummy in range(10):
            topic.query = Query(False)
            topic.tend()


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
