# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and their rights on a real broker, proved by signing in as them."""

from __future__ import annotations

import secrets
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient


def signs_in(client_settings, user, password):
    refused = []
    client = AdminClient(client_settings(user, password, error_cb=refused.append))
    answer = client.describe_cluster(request_timeout=10)
    deadline = time.monotonic() + 10
    while not answer.done() and not refused and time.monotonic() < deadline:
        client.poll(0.05)
    return answer.done() and not answer.exception()


def produce(settings, topic, value=b"x"):
    failures = []
    producer = Producer({**settings, "acks": "all", "message.timeout.ms": 10000})
    producer.produce(topic, value, on_delivery=lambda error, message: failures.append(error))
    assert producer.flush(15) == 0
    if failures[0]:
        raise KafkaException(failures[0])


def consume(settings, topic, group):
    # As a member of the group, not by assignment: a member knows of its group's right before it reads.
    consumer = Consumer({**settings, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
        if message.error():
            raise KafkaException(message.error())
        consumer.commit(message, asynchronous=False)
        return message.value()
    finally:
        consumer.close()


def refused(code, call):
    with pytest.raises(KafkaException) as failure:
        call()
    assert failure.value.args[0].name() == code


def test_a_user_is_made_changed_and_removed(run, twice, client_settings, name, password):
    made = twice("kafka_user", users=[{"name": name, "password": password}])
    assert made["created"] == [name] and not made["password_changed"]
    assert signs_in(client_settings, name, password)

    other = secrets.token_urlsafe(24)
    changed = twice("kafka_user", users=[{"name": name, "password": other}])
    assert changed["password_changed"] == [name] and not changed["created"]
    assert signs_in(client_settings, name, other) and not signs_in(client_settings, name, password)

    harder = twice("kafka_user", users=[{"name": name, "password": other, "iterations": 8192}])
    assert harder["password_changed"] == [name]
    assert run("kafka_info", gather=["users"])["users"][name] == 8192
    assert signs_in(client_settings, name, other)

    gone = twice("kafka_user", users=[{"name": name, "state": "absent"}])
    assert gone["removed"] == [name]
    assert not signs_in(client_settings, name, other) and name not in run("kafka_info", gather=["users"])["users"]

    back = twice("kafka_user", users=[{"name": name, "password": password}])
    assert back["created"] == [name]
    assert signs_in(client_settings, name, password)


def test_all_others_sign_in_after_a_restart_that_follows_a_removal(run, broker, client_settings, name, password):
    # Java hashes the second name to 0. Of a deleted user that it sorts before all others, Kafka forgot those others at the restart.
    first = "f5a5a608"
    run("kafka_user", users=[{"name": user, "password": password} for user in (name, first)])
    assert run("kafka_user", users=[{"name": first, "state": "absent"}])["removed"] == [first]
    broker.restart()
    assert signs_in(client_settings, name, password)
    assert signs_in(client_settings, broker.admin_user, broker.admin_password) and not signs_in(client_settings, first, password)


def test_an_exclusive_list_removes_all_others_but_who_does_the_work(run, twice, broker, name, password):
    run("kafka_user", users=[{"name": name, "password": password}, {"name": name + "-2", "password": password}])
    left = twice("kafka_user", exclusive=True, users=[{"name": name, "password": password}])
    assert name + "-2" in left["removed"]
    assert left["users"] == sorted([broker.admin_user, name])


def test_what_cannot_be_is_refused(run, broker, name, password):
    assert "itself" in run("kafka_user", users=[{"name": broker.admin_user, "password": password}])["msg"]
    assert "password" in run("kafka_user", users=[{"name": name}])["msg"]
    assert "4096" in run("kafka_user", users=[{"name": name, "password": password, "iterations": 10}])["msg"]
    assert "twice" in run("kafka_user", users=[{"name": name, "state": "absent"}, {"name": name, "state": "absent"}])["msg"]


def test_a_user_may_do_what_the_rules_say_and_nothing_else(run, twice, client_settings, name, password):
    topic, other = name + ".in", name + "-other"
    run("kafka_topic", topics=[{"name": topic, "partitions": 1}, {"name": other, "partitions": 1}])
    run("kafka_user", users=[{"name": name, "password": password}])
    settings = client_settings(name, password)
    refused("TOPIC_AUTHORIZATION_FAILED", lambda: produce(settings, topic))
    produce(client_settings(), topic, b"by admin")

    principal = "User:" + name
    acls = [
        {"principal": principal, "resource": "topic", "name": name + ".", "pattern": "prefixed", "operations": ["read", "write"]},
        {"principal": principal, "resource": "group", "name": name, "operations": ["read"]},
    ]
    made = twice("kafka_acl", acls=acls)
    assert made["created"] == [
        f"{principal} allow read group {name}",
        f"{principal} allow read topic prefix {name}.",
        f"{principal} allow write topic prefix {name}.",
    ]
    assert set(made["created"]) <= set(run("kafka_info", gather=["acls"])["acls"])
    produce(settings, topic)
    assert consume(settings, topic, name) == b"by admin"
    refused("TOPIC_AUTHORIZATION_FAILED", lambda: produce(settings, other))
    refused("GROUP_AUTHORIZATION_FAILED", lambda: consume(settings, topic, "another"))

    lags = [entry for entry in run("kafka_info", gather=["lags"])["lags"] if entry["group"] == name]
    assert [(entry["topic"], entry["committed"], entry["end"], entry["lag"]) for entry in lags] == [(topic, 1, 2, 1)]

    denied = twice("kafka_acl", acls=[{**acls[0], "operations": ["write"], "permission": "deny"}])
    assert denied["created"] == [f"{principal} deny write topic prefix {name}."]
    refused("TOPIC_AUTHORIZATION_FAILED", lambda: produce(settings, topic))

    left = twice("kafka_acl", exclusive=True, acls=acls[1:])
    assert set(made["created"][1:]) <= set(left["removed"]) and not left["created"]
    assert run("kafka_info", gather=["acls"])["acls"] == [f"{principal} allow read group {name}"]
    gone = twice("kafka_acl", acls=[{**acls[1], "state": "absent"}])
    assert gone["removed"] == [f"{principal} allow read group {name}"]


class TestOpenConnections:
    """What becomes of the connection of a user who is removed; the broker's sessions are of ten seconds."""

    @pytest.fixture
    def errors(self):
        return []

    @pytest.fixture
    def producer(self, run, client_settings, name, password, errors):
        run("kafka_topic", topics=[{"name": name, "partitions": 1}])
        run("kafka_user", users=[{"name": name, "password": password}])
        run("kafka_acl", acls=[{"principal": "User:" + name, "resource": "topic", "name": name, "operations": ["write"]}])
        producer = Producer({**client_settings(name, password), "acks": "all", "message.timeout.ms": 15000, "error_cb": errors.append})
        assert self.answer(producer, name) is None
        return producer

    def answer(self, producer, topic):
        answers = []
        producer.produce(topic, b"x", on_delivery=lambda error, message: answers.append(error))
        for dummy in range(6):  # an answer is certain after message.timeout.ms, and late on a busy machine
            if answers:
                break
            producer.flush(10)
        return answers[0]

    def refusal(self, producer, topic):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            error = self.answer(producer, topic)
            if error:
                return error.name()
            time.sleep(0.2)

    def test_without_its_rules_it_may_do_nothing(self, run, producer, name):
        run("kafka_acl", exclusive=True, acls=[])
        assert self.refusal(producer, name) == "TOPIC_AUTHORIZATION_FAILED"
        run("kafka_user", exclusive=True, users=[])

    def test_with_its_rules_it_ends_with_its_session(self, run, producer, errors, name):
        run("kafka_user", exclusive=True, users=[])
        assert self.refusal(producer, name) is not None
        assert any(error.name() == "_AUTHENTICATION" for error in errors)

    def test_a_user_who_stays_notices_nothing_of_its_sessions(self, producer, errors, name):
        failures, deadline = [], time.monotonic() + 13
        while time.monotonic() < deadline:
            failures.append(self.answer(producer, name))
            time.sleep(0.05)
        assert set(failures) == {None} and errors == []


def test_rules_for_cluster_and_transactions(twice, run, name):
    principal = "User:" + name
    made = twice("kafka_acl", acls=[
        {"principal": principal, "resource": "cluster", "operations": ["describe", "idempotent_write"]},
        {"principal": principal, "resource": "transactional_id", "name": "*", "operations": ["write"], "hosts": ["127.0.0.1", "10.0.0.1"]},
    ])
    assert made["created"] == [
        f"{principal} allow describe cluster kafka-cluster",
        f"{principal} allow idempotent_write cluster kafka-cluster",
        f"{principal} allow write transactional_id * from 10.0.0.1",
        f"{principal} allow write transactional_id * from 127.0.0.1",
    ]
    twice("kafka_acl", exclusive=True, acls=[])


@pytest.mark.parametrize("change, words", [
    ({"principal": "spark"}, "User:name"),
    ({"name": None}, "name is missing"),
    ({"resource": "cluster"}, "leave the name out"),
    ({"name": "*", "pattern": "prefixed"}, "pattern literal"),
    ({"resource": "group", "operations": ["write"]}, "no operation write on a group"),
])
def test_rules_that_would_never_hold_are_refused(run, change, words):
    entry = {"principal": "User:x", "resource": "topic", "name": "x", "operations": ["read"], **change}
    refusal = run("kafka_acl", acls=[{key: value for key, value in entry.items() if value is not None}])
    assert refusal.failed and words in refusal["msg"]


class TestSigningIn:
    def test_a_wrong_password_is_named(self, run, password):
        refusal = run("kafka_info", login_password=password)
        assert refusal.failed and refusal["code"] == "SASL_AUTHENTICATION_FAILED" and "password of 'admin'" in refusal["msg"]

    def test_a_foreign_authority_is_named(self, run, tmp_path):
        from kafka_broker import Authority

        refusal = run("kafka_info", ca_path=str(Authority(tmp_path / "ca").path))
        assert refusal.failed and refusal["code"] == "TLS" and "authorities: " in refusal["msg"]

    def test_a_missing_authority_is_named(self, run):
        assert "cannot be read" in run("kafka_info", ca_path="/nonexistent/ca.crt")["msg"]

    def test_a_closed_port_is_named(self, run):
        refusal = run("kafka_info", bootstrap_servers=["127.0.0.1:1"], timeout=2)
        assert refusal.failed and refusal["code"] == "UNREACHABLE" and "127.0.0.1:1" in refusal["msg"]

    def test_someone_without_rights_is_told_so(self, run, name, password):
        run("kafka_user", users=[{"name": name, "password": password}])
        account = {"login_user": name, "login_password": password}
        for module, options in (("kafka_acl", {"acls": []}), ("kafka_user", {"users": []}), ("kafka_topic", {"topics": [{"name": name}]})):
            refusal = run(module, **account, **options)
            assert refusal.failed and "lacks the right" in refusal["msg"] and refusal["code"].endswith("AUTHORIZATION_FAILED")
        run("kafka_user", users=[{"name": name, "state": "absent"}])

    def test_the_cluster_is_described(self, run, broker):
        found = run("kafka_info")
        assert found["cluster"] == {"id": broker.cluster_id, "brokers": {"1": broker.bootstrap}, "under_replicated": []}
