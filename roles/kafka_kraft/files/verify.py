# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove from outside what a Kafka cluster does and what it refuses, each account by its own password.

    verify.py rights                what each user may and may not do
    verify.py send SECONDS [FILE]   that nothing is lost or doubled of what is sent, whatever happens to a node meanwhile;
                                    goes on until the file is gone, for a quarter of an hour at most

Reads what to expect as JSON from the file, or on standard input, so that no secret is on a command line; writes what held
and what did not as JSON, and ends with 1 if anything did not. Its topics and users have names of their own and go, whatever happens.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from proof import run

# A prefix that is granted to nobody.
NOBODYS = "verify.nobody."
# A user that is removed at the end as gti.lakehouse.kafka_user removes users. One name for all runs, since Kafka keeps it.
LEAVER, REMOVED_ITERATIONS = "verify-removed", 16383
# Topics of proofs have in their names when these began. What is so old was left by one that was killed.
LEFT = re.compile(r"(?:.*[.])?verify_([0-9a-f]{8})[0-9a-f]{4}(?:[.].*)?")
LEFT_AFTER_SECONDS = 3600
RECORDS_A_SECOND = 200
MOST_SECONDS = 900
COORDINATOR_MOVES = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)


class Verification:
    def __init__(self, expected, proof):
        self.expected, self.that = expected, proof.that
        self.mark = "verify_%08x%s" % (int(time.time()), secrets.token_hex(2))
        self.topics = []
        self.admin = AdminClient(self.settings(expected["admin_user"], expected["admin_password"]))

    def settings(self, user, password, **more):
        return {
            "bootstrap.servers": ",".join(self.expected["bootstrap_servers"]),
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            # Only this authority is trusted, so that each connection proves the chain.
            "ssl.ca.location": self.expected["ca_path"],
            # A lone broker that goes says that there are none, and the client would ask its way again only minutes later.
            "metadata.recovery.rebootstrap.trigger.ms": 5000,
            "log_level": 0,
            "logger": logging.getLogger("verify"),
            **more,
        }

    def expect(self, allowed, what, call):
        """Do it, and see whether it is allowed, or refused for lack of rights and nothing else."""
        try:
            call()
        except KafkaException as error:
            name = error.args[0].name()
            if allowed or not name.endswith("AUTHORIZATION_FAILED"):
                self.that(False, f"{what}: {name}: {error.args[0].str()}")
            else:
                self.that(True, f"{what} is refused")
        else:
            self.that(allowed, what if allowed else f"{what} was not refused")

    def run(self, arguments):
        if self.is_kept_out(self.expected["admin_user"], self.expected["admin_password"]):
            self.that(False, f"the password of {self.expected['admin_user']} does not work")
            return
        try:
            if arguments[0] == "send":
                self.send(int(arguments[1]), arguments[2:])
            else:
                self.cluster()
                self.strangers()
                self.rights()
                self.timestamps()
                self.removed_user()
        finally:
            self.clean()

    # --- the parts ---

    def cluster(self):
        found = self.admin.describe_cluster(request_timeout=20).result(20)
        self.that(found.cluster_id == self.expected["cluster_id"], f"the cluster is {self.expected['cluster_id']}")
        self.that(sorted(node.id for node in found.nodes) == sorted(self.expected["brokers"]),
                  f"brokers {', '.join(map(str, self.expected['brokers']))} are there")
        lacking = [
            f"{topic.topic}-{partition.id}"
            for topic in self.admin.list_topics(timeout=20).topics.values()
            for partition in topic.partitions.values()
            if len(partition.isrs) < len(partition.replicas)
        ]
        self.that(not lacking, f"partitions that lack a copy: {', '.join(lacking) or 'none'}")

    def strangers(self):
        for user in [self.expected["admin_user"]] + [user["name"] for user in self.expected["users"]]:
            self.that(self.is_kept_out(user, secrets.token_hex(16)), f"{user} with a wrong password is refused")
        self.that(self.is_kept_out(self.mark, secrets.token_hex(16)), "an unknown user is refused")

    def is_kept_out(self, user, password):
        errors = []
        client = AdminClient(self.settings(user, password, error_cb=errors.append))
        answer = client.describe_cluster(request_timeout=20)
        deadline = time.monotonic() + 20
        while not answer.done() and not errors and time.monotonic() < deadline:
            client.poll(0.05)
        return bool(errors) and errors[0].code() == KafkaError._AUTHENTICATION

    def rights(self):
        """A topic for each name that anyone is granted, where that is a prefix, and one for nobody."""
        for prefix in sorted({name[:-1] for user in self.expected["users"] for name in self.grants(user) if name.endswith("*")} | {NOBODYS}):
            topic = self.make_topic(prefix + self.mark, partitions=1)
            self.produce(self.settings(self.expected["admin_user"], self.expected["admin_password"]), topic)
            for user in self.expected["users"]:
                account = self.settings(user["name"], user["password"])
                may_write, may_read = covers(user.get("write"), topic), covers(user.get("read"), topic)
                self.expect(may_write, f"{user['name']} writing to {prefix}*", lambda: self.produce(account, topic))
                self.expect(may_read, f"{user['name']} reading {prefix}*", lambda: self.consume(account, topic))
                for group in user.get("groups") or [] if may_read else []:
                    group = group[:-1] + self.mark if group.endswith("*") else group
                    self.expect(True, f"{user['name']} reading {prefix}* as a member of {group}", lambda: self.consume(account, topic, group))
        for user in self.expected["users"]:
            client, name = AdminClient(self.settings(user["name"], user["password"])), NOBODYS + self.mark
            self.expect(False, f"{user['name']} as a member of another's group", lambda: self.offsets(client, name))
            self.expect(False, f"{user['name']} making a topic", lambda: self.result(client.create_topics([NewTopic(name + ".new")])))
            self.expect(False, f"{user['name']} deleting a topic", lambda: self.result(client.delete_topics([name])))
            acls = client.create_acls([AclBinding(
                ResourceType.TOPIC, name, ResourcePatternType.LITERAL, "User:" + user["name"], "*", AclOperation.ALL, AclPermissionType.ALLOW)])
            self.expect(False, f"{user['name']} giving itself rights", lambda: self.result(acls))

    def timestamps(self):
        """Producers mistake other units for the milliseconds that a record's timestamp is in."""
        topic, account = self.make_topic(NOBODYS + self.mark + ".times", partitions=1), self.settings(
            self.expected["admin_user"], self.expected["admin_password"])
        now = int(time.time() * 1000)
        for unit, timestamp in (("seconds", now // 1000), ("microseconds", now * 1000), ("nanoseconds", now * 1000000)):
            self.check_timestamp(account, topic, f"a record with its time in {unit}", timestamp, False)
        past, future = self.expected["record_past_ms"], self.expected["record_future_ms"]
        self.check_timestamp(account, topic, "a record older than records may be", now - past - 60000, False)
        self.check_timestamp(account, topic, "a record of a time too far ahead", now + future + 60000, False)
        self.check_timestamp(account, topic, "a record of now", now, True)
        self.check_timestamp(account, topic, "a record as old as records may be", now - past + 60000, True)

    def check_timestamp(self, account, topic, what, timestamp, taken):
        try:
            self.produce(account, topic, timestamp)
        except KafkaException as error:
            name = error.args[0].name()
            self.that(not taken and name == "INVALID_TIMESTAMP", f"{what} is refused" if name == "INVALID_TIMESTAMP" else f"{what}: {name}")
        else:
            self.that(taken, f"{what} is taken")

    def removed_user(self):
        """Rules go first and the user then, as the role does it: without rules an open connection may do nothing."""
        topic, password = self.make_topic(NOBODYS + self.mark + ".left", partitions=1), secrets.token_hex(16)
        rule = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:" + LEAVER, "*", AclOperation.WRITE, AclPermissionType.ALLOW)
        self.result(self.admin.create_acls([AclBinding(*rule)]))
        try:
            self.set_credential(LEAVER, 4096, password)
            producer = Producer({**self.settings(LEAVER, password), "acks": "all", "message.timeout.ms": 15000})
            self.that(self.becomes(producer, topic, "taken"), "a new user writes on its connection")
            self.result(self.admin.delete_acls([AclBindingFilter(*rule)]))
            self.that(self.becomes(producer, topic, "TOPIC_AUTHORIZATION_FAILED"), "an open connection without rules is refused")
        finally:
            self.result(self.admin.delete_acls([AclBindingFilter(*rule)]))
            self.set_credential(LEAVER, REMOVED_ITERATIONS, secrets.token_hex(32))
        self.that(self.is_kept_out(LEAVER, password), "a removed user is refused")

    def set_credential(self, user, iterations, password):
        self.result(self.admin.alter_user_scram_credentials([UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations), password.encode())]))

    def becomes(self, producer, topic, wanted):
        """Whether a record is answered so, within seconds: what the controller wrote takes a moment to reach the broker."""
        answers, deadline = [], time.monotonic() + 20
        while time.monotonic() < deadline and (not answers or answers[-1] != wanted):
            producer.produce(topic, b"verify", on_delivery=lambda error, message: answers.append(error.name() if error else "taken"))
            producer.flush(20)
            time.sleep(0.2)
        return bool(answers) and answers[-1] == wanted

    def grants(self, user):
        return (user.get("read") or []) + (user.get("write") or [])

    def send(self, seconds, files):
        """Send at a steady rate, to all partitions; then count."""
        topic = self.make_topic(NOBODYS + self.mark, partitions=3)
        failures, arrivals = [], []

        def delivered(error, message):
            arrivals.append(time.monotonic())
            if error:
                failures.append(error)

        account = self.settings(self.expected["admin_user"], self.expected["admin_password"])
        producer = Producer({**account, "acks": "all", "enable.idempotence": True, "message.timeout.ms": 300000})
        sent, began = 0, time.monotonic()
        while (elapsed := time.monotonic() - began) < seconds or elapsed < MOST_SECONDS and any(map(os.path.exists, files)):
            producer.produce(topic, str(sent).encode(), partition=sent % 3, on_delivery=delivered)
            sent += 1
            producer.poll(max(0, began + sent / RECORDS_A_SECOND - time.monotonic()))
        unsent = producer.flush(300)
        arrived = self.count(account, topic)
        silence = max(later - earlier for earlier, later in zip(arrivals, arrivals[1:]))
        self.that(not unsent and not failures, f"{sent} records sent, {unsent + len(failures)} not taken, longest wait {silence:.1f} s")
        self.that(sorted(arrived) == list(range(sent)),
                  f"{len(arrived)} records arrived, {sent - len(set(arrived))} lost, {len(arrived) - len(set(arrived))} twice")

    # --- helpers ---

    def make_topic(self, name, partitions):
        self.topics.append(name)
        self.result(self.admin.create_topics([NewTopic(name, partitions)], operation_timeout=20))
        return name

    def produce(self, account, topic, timestamp=0):
        """Send a record; 0 is the library's word for now."""
        failures = []
        producer = Producer({**account, "acks": "all", "message.timeout.ms": 15000})
        producer.produce(topic, b"verify", timestamp=timestamp, on_delivery=lambda error, message: failures.append(error))
        producer.flush(20)
        if failures[0]:
            raise KafkaException(failures[0])

    def consume(self, account, topic, group=None):
        """Read a record, as a member of a group if one is given, which is to commit."""
        consumer = Consumer({**account, "group.id": group or self.mark, "enable.auto.commit": False})
        try:
            known = consumer.list_topics(topic, timeout=15).topics[topic]
            if known.error:
                raise KafkaException(known.error)
            consumer.assign([TopicPartition(topic, 0, 0)])
            message = consumer.poll(15)
            # The library asks for its group even if it needs none.
            while message and message.error() and not group and message.error().code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                message = consumer.poll(15)
            if message is None or message.error():
                raise KafkaException(message.error() if message else KafkaError(KafkaError._TIMED_OUT))
            if group:
                self.commit(consumer, message)
        finally:
            consumer.close()

    def commit(self, consumer, message):
        """A group's coordinator may just be moving, or coming up."""
        for again in range(20):
            try:
                consumer.commit(message, asynchronous=False)
                return
            except KafkaException as error:
                if error.args[0].code() not in COORDINATOR_MOVES or again == 19:
                    raise
                time.sleep(1)

    def offsets(self, client, group):
        self.result(client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=20))

    def result(self, futures):
        for future in futures.values():
            future.result(30)

    def count(self, account, topic):
        consumer = Consumer({**account, "group.id": self.mark, "enable.auto.commit": False, "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(3)])
        arrived, ended, deadline = [], 0, time.monotonic() + 60
        while ended < 3 and time.monotonic() < deadline:
            for message in consumer.consume(1000, 1):
                if not message.error():
                    arrived.append(int(message.value()))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    ended += 1
        consumer.close()
        return arrived

    def clean(self):
        groups = [group.group_id for group in self.admin.list_consumer_groups(request_timeout=20).result(20).valid if self.mark in group.group_id]
        if groups:
            self.result(self.admin.delete_consumer_groups(groups, request_timeout=20))
        left = [name for name in self.admin.list_topics(timeout=20).topics if self.is_left(name)]
        if self.topics + left:
            self.result(self.admin.delete_topics(self.topics + left, operation_timeout=20))

    @staticmethod
    def is_left(name):
        began = LEFT.fullmatch(name)
        return bool(began) and int(began[1], 16) < time.time() - LEFT_AFTER_SECONDS


def covers(names, name):
    """Whether one of the names, of which some end in a star, stands for it."""
    return any(name.startswith(granted[:-1]) if granted.endswith("*") else name == granted for granted in names or [])


def main():
    with open(sys.argv[3], encoding="utf-8") if len(sys.argv) > 3 else sys.stdin as expected:
        return run(lambda wish, proof: Verification(wish, proof).run(sys.argv[1:]), KafkaException, expected=expected)


if __name__ == "__main__":
    sys.exit(main())
