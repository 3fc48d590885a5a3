# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagen's records as events on a real broker: the same ones, keyed, in order, and none lost or doubled."""

from __future__ import annotations

import gzip
import json
import pathlib
import secrets
import sys
import threading

import pytest
from confluent_kafka import Consumer, TopicPartition

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/datagen/files/datagen/src"))

from lakehouse_datagen import cli, settings, times
from lakehouse_datagen.app import KEPT, OK, App

AT = times.parse("2026-11-24T23:10:00")


@pytest.fixture
def account(run, name, password):
    """A topic of its own, and an account that may write to it alone."""
    assert not run("kafka_topic", topics=[{"name": name, "partitions": 3}]).failed
    assert not run("kafka_user", users=[{"name": name, "password": password}]).failed
    made = run("kafka_acl", acls=[{"principal": f"User:{name}", "resource": "topic", "name": name, "operations": ["write"]}])
    assert not made.failed, made
    return name


@pytest.fixture
def site(broker, account, password, tmp_path):
    kafka = settings.Kafka(broker.bootstrap, account, {"radius_logs": account}, str(broker.authority.path), 3, password)
    s3 = settings.S3("https://127.0.0.1:9", "lake", "datagen", secret_key="s" * 12, timeout_seconds=2)
    return settings.Settings(s3, 42, kafka, state_dir=tmp_path / "state", log_dir=tmp_path / "log", attempts=1, backoff_seconds=0.01)


@pytest.fixture
def events(client_settings, account):
    """What is in the topic, by partition."""

    def read():
        consumer = Consumer(client_settings(**{"group.id": secrets.token_hex(4), "enable.auto.commit": False, "enable.partition.eof": True}))
        consumer.assign([TopicPartition(account, partition, 0) for partition in range(3)])
        found, ended = {0: [], 1: [], 2: []}, set()
        while len(ended) < 3:
            message = consumer.poll(15)
            assert message is not None
            if message.error():
                ended.add(message.partition())
            else:
                found[message.partition()].append((message.key().decode(), message.value()))
        consumer.close()
        return found

    return read


def lines_of(site):
    (path,) = site.state_dir.glob("*_*/*.jsonl.gz")
    return gzip.decompress(path.read_bytes()).splitlines()


def test_the_same_records_keyed_and_in_order(site, events):
    assert App(site, "kafka").run("radius_logs", AT)[0] == OK
    lines, found = lines_of(site), events()
    assert sorted(value for records in found.values() for dummy, value in records) == sorted(lines)
    for records in found.values():
        for key, value in records:
            assert json.loads(value)["subscriber_id"] == key
        positions = [lines.index(value) for dummy, value in records]
        assert positions == sorted(positions)
    homes = {}
    for partition, records in found.items():
        for key, dummy in records:
            assert homes.setdefault(key, partition) == partition


def test_with_the_bucket_away_events_go_once(site, events):
    """Sent to Kafka, kept for the bucket, and not sent to Kafka again."""
    for dummy in range(2):
        assert App(site).run("radius_logs", AT)[0] == KEPT
    assert len([1 for records in events().values() for dummy in records]) == len(lines_of(site))


def test_a_wrong_password_keeps_all_and_is_told(site, events, password):
    site.kafka.password = secrets.token_urlsafe(20)
    app = App(site, "kafka")
    assert app.run("radius_logs", AT)[0] == KEPT
    assert "uthentication" in json.loads(app.journal.last("upload", 1)[0])["reasons"]["kafka"]
    assert [level for name, level, dummy in App(site, "kafka").health() if name == "kafka"] == [2]
    site.kafka.password = password
    assert App(site, "kafka").send() == 0
    assert len([1 for records in events().values() for dummy in records]) == len(lines_of(site))


def test_a_topic_that_is_not_for_it(site, run, name):
    other = name + "-other"
    run("kafka_topic", topics=[{"name": other}])
    site.kafka.topics = {"radius_logs": other}
    app = App(site, "kafka")
    assert app.run("radius_logs", AT)[0] == KEPT
    assert "uthoriz" in json.loads(app.journal.last("upload", 1)[0])["reasons"]["kafka"]
    health = {check: (level, detail) for check, level, detail in App(site, "kafka").health()}
    assert health["kafka"][0] == 2 and other in health["kafka"][1]


def test_a_type_without_a_topic_goes_to_the_bucket_alone(site, events):
    assert App(site, "kafka").run("olt_metrics", AT)[0] == OK
    assert not any(events().values())


def stream(monkeypatch, site, per_second, seconds):
    monkeypatch.setattr(cli.settings, "load", lambda path: site)
    return cli.main(["rate", "--type", "radius_logs", "--events-per-second", str(per_second), "--seconds", str(seconds), "--run", "bench"])


def numbers(events):
    return sorted(json.loads(value)["event_id"] for records in events().values() for dummy, value in records)


def all_of_them(result, events, most):
    """Each record that was sent is confirmed and there once. How many that are is for the clock: what is due too late is not sent."""
    assert result["confirmed"] == result["sent"] <= most and result["failed"] == {}
    assert numbers(events) == [f"bench-{number:010}" for number in range(result["sent"])]
    return bool(result["sent"])


def test_a_stream_at_a_rate(site, events, monkeypatch, capfd):
    assert stream(monkeypatch, site, 500, 2) == 0
    assert all_of_them(json.loads(capfd.readouterr().out), events, 1000)


def test_a_stream_outlives_a_restart_of_the_broker(broker, site, events, monkeypatch, capfd):
    def restart():
        broker.process.terminate()
        broker.process.wait(60)
        broker.start()

    timer = threading.Timer(1.5, restart)
    timer.start()
    try:
        assert stream(monkeypatch, site, 300, 5) == 0
    finally:
        timer.join()
    assert all_of_them(json.loads(capfd.readouterr().out), events, 1500)
