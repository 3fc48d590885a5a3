# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say whether a Kafka cluster can do without this node (spare), or is whole with it (back). Reads only.

Waits for it up to a time; ends with 1 and the reason if it does not come true.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import time

# A node that has fetched the metadata so much later than the leader is out of step.
IN_STEP_MS = 5000
PARTITION = re.compile(r"Topic: (\S+)\s+Partition: (\d+)\s+Leader: (\S+)\s+Replicas: (\S*)\s+Isr: (\S*)")


class NotYet(Exception):
    """Why the gate is closed."""


def nodes_in_step(text):
    """Numbers of the nodes that follow the metadata, from the words of kafka-metadata-quorum describe --replication."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    columns = {name: place for place, name in enumerate(lines[0])} if lines else {}
    if "LastCaughtUpTimestamp" not in columns:
        raise NotYet("the quorum gives no answer")
    caught_up = {int(line[columns["NodeId"]]): int(line[columns["LastCaughtUpTimestamp"]]) for line in lines[1:]}
    leaders = [int(line[columns["NodeId"]]) for line in lines[1:] if line[columns["Status"]] == "Leader"]
    if not leaders:
        raise NotYet("the controllers have no leader")
    return {node for node, stamp in caught_up.items() if stamp >= caught_up[leaders[0]] - IN_STEP_MS}


def missing_replicas(text):
    """The brokers that each partition lacks, from the words of kafka-topics --describe --under-replicated-partitions."""
    missing = {}
    for topic, partition, leader, replicas, in_sync in PARTITION.findall(text):
        missing[f"{topic}-{partition}"] = set(map(int, filter(None, replicas.split(",")))) - set(map(int, filter(None, in_sync.split(","))))
    return missing


def check(wanted, replication, under_replicated, spared=None):
    """Raise NotYet unless all wanted nodes are in step and no partition lacks a copy, apart from one node that is spared."""
    behind = wanted - nodes_in_step(replication) - {spared}
    if behind:
        raise NotYet(f"out of step with the cluster: node {', '.join(map(str, sorted(behind)))}")
    lacking = {name: brokers - {spared} for name, brokers in missing_replicas(under_replicated).items()}
    lacking = [f"{name} (without broker {', '.join(map(str, sorted(brokers)))})" for name, brokers in sorted(lacking.items()) if brokers]
    if lacking:
        raise NotYet(f"{len(lacking)} under-replicated partitions: {'; '.join(lacking[:5])}")


class Cluster:
    def __init__(self, options):
        self.options = options
        self.wanted = set(map(int, options.nodes.split(",")))

    def ask(self, *command):
        environment = {**os.environ, "KAFKA_BOOTSTRAP": self.options.bootstrap, "KAFKA_CONFIG": self.options.config}
        try:
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired as error:
            raise NotYet(f"{command[0]} got no answer") from error
        if answer.returncode != 0:
            raise NotYet((answer.stderr.strip() or answer.stdout.strip() or f"{command[0]} failed").splitlines()[-1])
        return answer.stdout

    def look(self, spared=None):
        # One after the other: each is a JVM of its own, and the container's memory is made for Kafka.
        replication = self.ask("kafka-metadata-quorum", "describe", "--replication")
        check(self.wanted, replication, self.ask("kafka-topics", "--describe", "--under-replicated-partitions"), spared)

    def this_node_listens(self):
        try:
            with socket.create_connection(("127.0.0.1", self.options.port), timeout=5):
                return True
        except OSError:
            return False

    def spare(self):
        # A node that is alone, or down, has nothing to lose.
        if self.wanted == {self.options.node} or not self.this_node_listens():
            return
        self.look(spared=self.options.node)

    def back(self):
        if not self.this_node_listens():
            raise NotYet(f"nothing listens on port {self.options.port} yet")
        self.look()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["spare", "back"])
    parser.add_argument("--node", type=int, required=True)
    parser.add_argument("--nodes", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--timeout", type=int, default=180)
    options = parser.parse_args()
    cluster = Cluster(options)
    deadline = time.monotonic() + options.timeout
    while True:
        try:
            getattr(cluster, options.what)()
            return 0
        except NotYet as error:
            if time.monotonic() >= deadline:
                words = "cannot spare this node" if options.what == "spare" else "is not whole with this node"
                print(f"The cluster {words}: {error}", file=sys.stderr)
                return 1
            time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
