# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's own scripts find on a real broker, and that they find faults."""

from __future__ import annotations

import json
import pathlib
import secrets
import socket
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.gti.lakehouse.plugins.filter.kafka_acls import kafka_acls
from kafka_broker import RECORD_FUTURE_MS, RECORD_PAST_MS, Authority

FILES = pathlib.Path(__file__).resolve().parents[3] / "roles/kafka_kraft/files"


@pytest.fixture
def site(run, broker):
    """Two users with rights as the role gives them, and what verify.py is to expect of the cluster."""
    users = [
        {"name": "writer", "password": secrets.token_urlsafe(24), "write": ["shop.*"]},
        {"name": "reader", "password": secrets.token_urlsafe(24), "read": ["shop.*"], "groups": ["reader-*"]},
    ]
    accounts = [{"name": user["name"], "password": user["password"]} for user in users]
    assert not run("kafka_user", exclusive=True, users=accounts).failed
    assert not run("kafka_acl", exclusive=True, acls=kafka_acls(users)).failed
    yield {
        "bootstrap_servers": [broker.bootstrap],
        "ca_path": str(broker.authority.path),
        "cluster_id": broker.cluster_id,
        "brokers": [1],
        "admin_user": broker.admin_user,
        "admin_password": broker.admin_password,
        "users": users,
        "record_past_ms": RECORD_PAST_MS,
        "record_future_ms": RECORD_FUTURE_MS,
    }
    run("kafka_acl", exclusive=True, acls=[])


def verify(expected, *arguments):
    command = [sys.executable, FILES / "verify.py", *arguments]
    done = subprocess.run(command, input=json.dumps(expected), capture_output=True, text=True, check=False, timeout=120)
    for user in expected["users"]:
        assert user["password"] not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def left_behind(run):
    return [name for name in run("kafka_info", gather=["topics"])["topics"] if "verify_" in name]


class TestVerify:
    def test_everything_holds_and_nothing_is_left(self, site, run):
        killed, running = (f"shop.verify_{began:08x}0123" for began in (0x60000000, int(time.time())))
        assert not run("kafka_topic", topics=[{"name": name, "partitions": 1} for name in (killed, running)]).failed
        code, found = verify(site, "rights")
        assert code == 0 and found["broken"] == []
        assert "writer reading shop.* is refused" in found["held"] and "reader reading shop.* as a member of reader-" in " ".join(found["held"])
        assert {f"a record with its time in {unit} is refused" for unit in ("seconds", "microseconds", "nanoseconds")} < set(found["held"])
        assert {"a record of now is taken", "an open connection without rules is refused"} < set(found["held"])
        assert left_behind(run) == [running]
        assert not run("kafka_topic", topics=[{"name": running, "state": "absent"}]).failed

    def test_a_broker_that_takes_any_time_is_found(self, site, run):
        site["record_future_ms"] = site["record_future_ms"] // 2
        code, found = verify(site, "rights")
        assert code == 1 and found["broken"] == ["a record of a time too far ahead is taken"]

    def test_rights_too_many_and_too_few_are_found(self, site, run):
        run("kafka_acl", exclusive=True, acls=kafka_acls([{"name": "reader", "read": ["*"], "groups": ["*"]}]))
        code, found = verify(site, "rights")
        assert code == 1
        assert "reader reading verify.nobody.* was not refused" in found["broken"]
        assert "reader as a member of another's group was not refused" in found["broken"]
        assert any(line.startswith("writer writing to shop.*: TOPIC_AUTHORIZATION_FAILED") for line in found["broken"])
        assert left_behind(run) == []

    def test_a_password_that_does_not_work_is_found(self, site):
        site["admin_password"], right = secrets.token_urlsafe(24), site["admin_password"]
        code, found = verify(site, "send", "1")
        assert code == 1 and found["broken"] and right not in json.dumps(found)

    def test_what_is_sent_is_counted(self, site, run):
        code, found = verify(site, "send", "2")
        assert code == 0 and "0 lost, 0 twice" in found["held"][-1]
        assert left_behind(run) == []

    def test_sending_goes_on_as_long_as_the_file_is_there(self, site, tmp_path):
        file = tmp_path / "go-on"
        file.write_text(json.dumps(site))
        threading.Timer(6, file.unlink).start()
        code, found = verify(site, "send", "0", str(file))
        assert code == 0 and int(found["held"][0].split()[0]) > 400


def strangers(ca_path, *listeners):
    done = subprocess.run([sys.executable, FILES / "strangers.py", ca_path, *listeners], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.strip()


class TestStrangers:
    def test_the_ports_refuse_them(self, broker):
        ports = broker.ports
        listeners = [str(ports["client"]), f"{ports['broker']}:certificate", f"{ports['controller']}:certificate"]
        assert strangers(broker.authority.path, *listeners) == (0, "")

    def test_a_port_that_asks_for_no_certificate_is_found(self, broker):
        code, words = strangers(broker.authority.path, f"{broker.ports['client']}:certificate")
        assert code == 1 and "speaks to one without a certificate" in words

    def test_a_port_without_tls_is_found(self, broker):
        def answer(server):
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                question = connection.recv(64)
                if question[:4] == b"\0\0\0\x1a":  # Kafka's, and no TLS greeting
                    connection.sendall(b"\0\0\0\x04" + question[8:12])
                connection.close()

        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=answer, args=[server], daemon=True).start()
            code, words = strangers(broker.authority.path, str(server.getsockname()[1]))
            server.shutdown(socket.SHUT_RDWR)
        assert code == 1 and "speaks without TLS" in words and "does not speak TLS" in words


class TestNodes:
    """The ports of nodes know those whom the settings name, not all whom the authority knows."""

    @pytest.fixture
    def topics(self, broker, tmp_path):
        def ask(pem):
            config = broker.write("stranger.properties", {"security.protocol": "SSL", **broker.tls_settings(), "ssl.keystore.location": pem})
            command = broker.java(
                "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", f"127.0.0.1:{broker.ports['broker']}",
                "--command-config", config, "--list",
            )  # fmt: skip
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

        return ask

    def test_a_node_may_do_everything(self, broker, topics, run, name):
        run("kafka_topic", topics=[{"name": name}])
        assert name in topics(broker.pem).stdout

    def test_another_services_certificate_may_do_nothing(self, broker, topics, run, name, tmp_path):
        run("kafka_topic", topics=[{"name": name}])
        answer = topics(broker.authority.issue("minio.test.example", tmp_path / "minio.pem"))
        assert name not in answer.stdout

    def test_a_certificate_of_another_authority_is_refused(self, broker, topics, run, name, tmp_path):
        answer = topics(Authority(tmp_path / "ca").issue("kafka.test.example", tmp_path / "forged.pem"))
        assert answer.returncode != 0 and "SSL" in answer.stdout + answer.stderr
