# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream as its unit runs it, on a real broker: transactions, records that Spark cannot read, a table of somebody else, a checkpoint that
is given up, and a topic that Kafka has lost."""
from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import time

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

HERE = pathlib.Path(__file__).resolve()
DRIVER = HERE.parents[3] / "roles/spark_streams/files/lakehouse_stream.py"
SCHEMA = {"event_id": "string", "event_time": "timestamp"}
NANOSECONDS, MICROSECONDS = 1767225600000000000, 1767225600000000


def record(name):
    return json.dumps({"event_id": name, "event_time": "2026-01-02T10:00:00Z"}).encode()


class Stream:
    """The driver's process, with its settings and what it says of itself."""

    def __init__(self, folder, broker, spark_home, catalog):
        self.folder = folder
        topics = [{"topic": f"shop.{name}", "table": f"raw.{name}", "schema": SCHEMA, "required": ["event_id"], "partitioned_by": ["days(event_time)"],
                   "properties": {}, "fail_on_data_loss": True} for name in ("orders", "foreign", "idle")]
        jaas = folder / "kafka.jaas"
        jaas.write_text('KafkaClient { org.apache.kafka.common.security.scram.ScramLoginModule required username="%s" password="%s"; };' % (
            broker.admin_user, broker.admin_password))
        trust = folder / "trust.p12"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-file", broker.authority.path, "-keystore", trust, "-storepass", "changeit",
                        "-storetype", "PKCS12"], check=True, capture_output=True)
        (folder / "settings.json").write_text(json.dumps({
            "name": "shop", "catalog": "lakehouse", "dead_letters": "raw.dead_letters", "table_properties": {}, "snapshot_minutes": 60,
            "checkpoints": f"file://{folder}/checkpoints", "bootstrap_servers": broker.bootstrap, "jaas": str(jaas), "first_driver_port": 17100,
            "master": "local[2]", "driver_memory_mib": 512, "trigger_seconds": 1, "max_offsets_per_trigger": 1000, "topics": topics,
            "settings": {
                **{f"spark.sql.catalog.lakehouse{name}": value for name, value in catalog.items()},
                "spark.sql.defaultCatalog": "lakehouse", "spark.sql.session.timeZone": "UTC",
                "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions", "spark.ui.enabled": "false",
                "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                "spark.hadoop.fs.s3a.endpoint": "",  # there is none to look for
            },
        }))
        self.environment = {
            "HOME": str(folder), "PATH": "/usr/bin:/bin", "SPARK_HOME": str(spark_home), "RUNTIME_DIRECTORY": str(folder), "PYTHONDONTWRITEBYTECODE": "1",
            "JDK_JAVA_OPTIONS": f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djavax.net.ssl.trustStore={trust} -Djavax.net.ssl.trustStorePassword=changeit",
        }
        self.process = None

    def command(self, *arguments):
        return ["/usr/bin/python3", DRIVER, self.folder / "settings.json", *arguments]

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment, stdout=log, stderr=log, cwd=self.folder)

    def topics_when(self, wanted):
        """What it says of its topics once that is as wanted."""
        deadline, said = time.monotonic() + 240, None
        while time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.5)
            if (self.folder / "status.json").exists():
                said = json.loads((self.folder / "status.json").read_text())["topics"]
                if wanted(said):
                    return said
        raise AssertionError(f"{said}\n{(self.folder / 'log').read_text()[-6000:]}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
        (self.folder / "status.json").unlink(missing_ok=True)

    def forget_last_commit(self):
        """Leave what a kill leaves that comes before a batch is committed. Returns where the batch before ended."""
        checkpoint = self.folder / "checkpoints/shop/shop.orders"
        last = max(int(path.name) for path in (checkpoint / "commits").iterdir() if path.name.isdigit())
        (checkpoint / "commits" / str(last)).unlink()
        return json.loads((checkpoint / "offsets" / str(last - 1)).read_text().splitlines()[-1])["shop.orders"]["0"]

    def say(self, option):
        done = subprocess.run(
            self.command(option, "shop.orders"), env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)


def make(admin, topic, config):
    """Make a topic, as soon as one of that name that was deleted is gone."""
    for again in range(60):
        try:
            return admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS or again == 59:
                raise
            time.sleep(0.5)


def caught_up(topics):
    return topics["shop.orders"]["state"] == "running" and topics["shop.orders"]["lag"] == 0 and topics["shop.orders"]["reached"]


@pytest.fixture(scope="module")
def said(broker, submit, spark_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    client = {"bootstrap.servers": broker.bootstrap, "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
              "sasl.username": broker.admin_user, "sasl.password": broker.admin_password, "ssl.ca.location": str(broker.authority.path)}
    admin = AdminClient(client)
    # As topics of an older release are, which take every time that a producer gives.
    any_time = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    for name in ("orders", "foreign", "idle"):
        make(admin, f"shop.{name}", any_time)
    plain, transactional = Producer(client), Producer({**client, "transactional.id": "shop"})
    transactional.init_transactions(30)

    def send(*values):
        for value in values:
            plain.produce("shop.orders", value=value)
        plain.flush(30)

    def transaction(value, end):
        transactional.begin_transaction()
        transactional.produce("shop.orders", value=value)
        transactional.flush(30)
        end(30)

    send(record("a"))
    transaction(record("aborted"), transactional.abort_transaction)
    transaction(record("committed"), transactional.commit_transaction)
    plain.produce("shop.orders", value=record("nanoseconds"), timestamp=NANOSECONDS)
    plain.produce("shop.orders", value=record("microseconds"), timestamp=MICROSECONDS)
    send(b"no JSON", record("b"))
    plain.produce("shop.foreign", value=record("foreign"))
    plain.flush(30)
    # Of its own, since other tests have tables of these names.
    catalog = {"": "org.apache.iceberg.spark.SparkCatalog", ".type": "hadoop", ".cache-enabled": "false", ".warehouse": f"file://{folder}/warehouse"}
    submit(HERE.with_name("stream_tables.py"), "before", catalog=catalog)

    stream, result = Stream(folder, broker, spark_home, catalog), {}
    try:
        stream.start()
        result["topics"] = stream.topics_when(
            lambda topics: caught_up(topics) and topics["shop.foreign"]["fault"] and topics["shop.idle"]["state"] == "running")
        send(record("c"))
        transaction(record("aborted"), transactional.abort_transaction)
        result["next"] = stream.topics_when(lambda topics: caught_up(topics) and topics["shop.orders"]["reached"] != result["topics"]["shop.orders"]["reached"])
        stream.stop()
        result["written"] = stream.forget_last_commit()
        result["reset"] = stream.say("--reset")
        stream.start()
        result["reset_topics"] = stream.topics_when(caught_up)
        send(record("d"))
        stream.topics_when(lambda topics: caught_up(topics) and topics["shop.orders"]["reached"] != result["reset_topics"]["shop.orders"]["reached"])
        admin.delete_topics(["shop.orders"])["shop.orders"].result(30)
        make(admin, "shop.orders", any_time)
        send(record("anew"))
        result["lost"] = stream.topics_when(lambda topics: "stream_reset.yml" in (topics["shop.orders"]["fault"] or ""))["shop.orders"]
        stream.stop()
        result["reset_lost"] = stream.say("--reset")
        stream.start()
        stream.topics_when(lambda topics: caught_up(topics) == {"0": 1})
        stream.stop()
        result["log"] = (folder / "log").read_text()
    finally:
        stream.stop()
    printed = submit(HERE.with_name("stream_tables.py"), "after", catalog=catalog)
    return {**result, **json.loads(next(line for line in printed.splitlines() if line.startswith("RESULT "))[len("RESULT "):])}


def test_committed_records_alone_are_rows_and_each_once_though_the_checkpoint_was_given_up(said):
    assert [name for name, dummy in said["rows"] if name != "anew"] == ["a", "committed", "b", "c", "d"]


def test_a_stream_at_rest_lags_by_nothing_though_transactions_leave_marks(said):
    assert said["topics"]["shop.orders"]["lag"] == 0 and said["next"]["shop.orders"]["lag"] == 0
    assert said["topics"]["shop.orders"]["last_written_at"] and said["topics"]["shop.orders"]["waiting_since"] is None


def test_a_record_whose_own_time_is_no_milliseconds_is_a_dead_letter(said):
    assert said["letters"] == [
        ["record timestamp: not in milliseconds", record("nanoseconds").decode(), None],
        ["record timestamp: not in milliseconds", record("microseconds").decode(), None],
        ["not one JSON object", "no JSON", said["letters"][2][2]]]
    assert said["topics"]["shop.orders"]["failures"] == 0


def test_a_table_that_no_stream_made_is_left_alone_and_named(said):
    assert said["foreign"] == ["event_id", "kafka_offset"]
    topic = said["topics"]["shop.foreign"]
    assert (topic["state"], topic["lag"]) == ("failing", 1)
    assert "lakehouse.raw.foreign was there before, and no stream made it, so it is left alone" in topic["fault"]


def test_a_topic_without_records_commits_nothing(said):
    assert said["idle"] == 0


def test_giving_up_a_checkpoint_says_what_was_written_and_what_kafka_has(said):
    assert said["reset"]["found"] and said["reset"]["checkpoint"].endswith("/checkpoints/shop/shop.orders")
    end = said["next"]["shop.orders"]["reached"]["0"]
    assert said["written"] < end  # the last batch was planned and not committed
    assert said["reset"]["partitions"] == [{"partition": 0, "stream": said["written"], "from": 0, "to": end}]


def test_a_topic_that_was_lost_and_made_anew_is_told_and_goes_on_by_the_command(said):
    assert said["lost"]["state"] == "failing"
    (partition,) = said["reset_lost"]["partitions"]
    assert (partition["from"], partition["to"]) == (0, 1)
    # At the place of an older row, and beside it.
    assert [place for name, place in said["rows"] if name == "anew"] == [0]
    assert [place for name, place in said["rows"] if name == "a"] == [0]
