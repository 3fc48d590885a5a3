# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real broker of the locked release on loopback, with the listeners that the role gives it."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time

from certificates import NAME, make_authority, make_certificate, make_key, pem, pem_key
from loopback import free_port

NODE_NAME = "kafka.test.example"
LISTENERS = ("client", "broker", "controller")
RECORD_PAST_MS, RECORD_FUTURE_MS = 3650 * 86400000, 3600000
# So short that a test sees it end.
SESSION_MS = 10000


class Authority:
    def __init__(self, folder):
        folder.mkdir()
        self.key, self.certificate = make_authority()
        self.path = folder / "ca.crt"
        self.path.write_bytes(pem(self.certificate))

    def issue(self, name, path):
        """A key, its certificate and the authority's, in one file."""
        key = make_key()
        path.write_bytes(pem_key(key) + pem(make_certificate(name, key, NAME, self.key)) + pem(self.certificate))
        return path


class Broker:
    def __init__(self, jars, folder):
        self.jars, self.folder = jars, folder
        self.authority = Authority(folder / "ca")
        self.pem = self.authority.issue(NODE_NAME, folder / "node.pem")
        self.ports = {name: free_port() for name in LISTENERS}
        self.cluster_id = secrets.token_hex(11)[:21] + "A"  # 22 letters of base64, the last of which ends on a whole byte
        self.admin_user, self.admin_password = "admin", secrets.token_urlsafe(24)
        self.data = folder / "data"
        self.process = None
        self.log = open(folder / "log", "w+b")
        self.config = self.write("server.properties", self.settings())
        self.node_config = self.write("node.properties", {"security.protocol": "SSL", **self.tls_settings()})
        self.write("log4j.properties", {
            "log4j.rootLogger": "WARN, out",
            "log4j.appender.out": "org.apache.log4j.ConsoleAppender",
            "log4j.appender.out.layout": "org.apache.log4j.SimpleLayout",
        })

    def write(self, name, settings):
        path = self.folder / name
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def tls_settings(self):
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.pem,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.authority.path,
        }

    def settings(self):
        listeners = {name: f"{name.upper()}://127.0.0.1:{port}" for name, port in self.ports.items()}
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports['controller']}",
            "listeners": ",".join(listeners.values()),
            "advertised.listeners": f"{listeners['client']},{listeners['broker']}",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,BROKER:SSL,CONTROLLER:SSL",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "BROKER",
            "listener.name.controller.ssl.client.auth": "required",
            "listener.name.broker.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.client.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/node-$1/L,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{self.admin_user};User:node-{NODE_NAME}",
            "log.dirs": self.data,
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "log.message.timestamp.before.max.ms": RECORD_PAST_MS,
            "log.message.timestamp.after.max.ms": RECORD_FUTURE_MS,
            "connections.max.reauth.ms": SESSION_MS,
            **self.tls_settings(),
        }

    def java(self, *arguments, **options):
        return [
            "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dlog4j.configuration=file:{self.folder}/log4j.properties", "-cp", f"{self.jars}/*", *map(str, arguments),
        ]

    def tool(self, *arguments, stdin=""):
        return subprocess.run(self.java(*arguments), input=stdin, capture_output=True, text=True, check=True, timeout=60).stdout

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.ports['client']}"

    def start(self):
        self.process = subprocess.Popen(self.java("kafka.Kafka", self.config), stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.ports["client"]), timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the broker did not come up: " + (self.folder / "log").read_text()[-3000:])

    def set_admin_password(self):
        self.tool(
            "kafka.admin.ConfigCommand", "--bootstrap-server", f"127.0.0.1:{self.ports['broker']}",
            "--command-config", self.node_config, "--alter", "--entity-type", "users", "--entity-name", self.admin_user,
            "--add-config-file", "/dev/stdin", stdin=f"SCRAM-SHA-512=iterations=4096,password={self.admin_password}\n",
        )  # fmt: skip

    def restart(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.start()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)
        self.log.close()
