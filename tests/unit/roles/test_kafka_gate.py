# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a node of a Kafka cluster may be restarted, and when it is back."""

from __future__ import annotations

import importlib.util
import pathlib
import socket
import types

import pytest

FILE = pathlib.Path(__file__).parents[3] / "roles/kafka_kraft/files/kafka_gate.py"
spec = importlib.util.spec_from_file_location("kafka_gate", FILE)
gate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gate)

HEADER = "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t\n"


def replication(**behind):
    """The quorum's words about nodes 1 to 3, of which 1 leads; behind: node2=milliseconds."""
    lines = [
        f"{node}     \tAAAAAAAAAAAAAAAAAAAAAA\t55          \t0  \t1795501968034     \t{1795501968034 - behind.get(f'node{node}', 0)}"
        f"        \t{'Leader' if node == 1 else 'Follower'}\t\n"
        for node in (1, 2, 3)
    ]
    return HEADER + "".join(lines)


def partition(in_sync, replicas="1,2,3", leader="1"):
    return f"\tTopic: rede.x\tPartition: 0\tLeader: {leader}\tReplicas: {replicas}\tIsr: {in_sync}\tElr: N/A\tLastKnownElr: N/A\n"


ALL = {1, 2, 3}


def test_a_whole_cluster_opens_the_gate():
    gate.check(ALL, replication(node2=100), "")
    gate.check(ALL, replication(), "", spared=2)


def test_a_node_out_of_step_closes_it():
    with pytest.raises(gate.NotYet, match="node 3"):
        gate.check(ALL, replication(node3=60000), "")
    with pytest.raises(gate.NotYet, match="node 3"):
        gate.check(ALL, replication(node3=60000), "", spared=2)
    gate.check(ALL, replication(node3=60000), "", spared=3)


def test_a_node_that_never_came_closes_it():
    with pytest.raises(gate.NotYet, match="node 4"):
        gate.check(ALL | {4}, replication(), "")


def test_under_replicated_partitions_close_it():
    with pytest.raises(gate.NotYet, match=r"rede.x-0 \(without broker 3\)"):
        gate.check(ALL, replication(), partition("1,2"), spared=2)
    with pytest.raises(gate.NotYet, match="under-replicated"):
        gate.check(ALL, replication(), partition("1,2"))
    gate.check(ALL, replication(), partition("1,2"), spared=3)


def test_a_partition_without_any_copy_closes_it():
    with pytest.raises(gate.NotYet, match="under-replicated"):
        gate.check(ALL, replication(), partition("", replicas="2", leader="none"), spared=1)


def test_no_leader_closes_it():
    with pytest.raises(gate.NotYet, match="no leader"):
        gate.check(ALL, replication().replace("Leader", "Follower"), "")
    with pytest.raises(gate.NotYet, match="no answer"):
        gate.check(ALL, "", "")


def options(node, nodes, port):
    return types.SimpleNamespace(node=node, nodes=nodes, port=port, bootstrap="", config="", timeout=0)


def test_a_node_that_is_alone_or_down_can_be_spared_unasked(monkeypatch):
    monkeypatch.setattr(gate.Cluster, "ask", lambda *_arguments: pytest.fail("asked"))
    gate.Cluster(options(1, "1", 1)).spare()
    gate.Cluster(options(1, "1,2,3", 1)).spare()  # nothing listens on port 1


def test_a_node_that_listens_is_asked_about(monkeypatch):
    words = {"kafka-metadata-quorum": replication(), "kafka-topics": partition("1,3")}
    monkeypatch.setattr(gate.Cluster, "ask", lambda _self, command, *_arguments: words[command])
    with socket.create_server(("127.0.0.1", 0)) as server:
        gate.Cluster(options(2, "1,2,3", server.getsockname()[1])).spare()
        with pytest.raises(gate.NotYet, match="without broker 2"):
            gate.Cluster(options(3, "1,2,3", server.getsockname()[1])).spare()
        with pytest.raises(gate.NotYet, match="without broker 2"):
            gate.Cluster(options(2, "1,2,3", server.getsockname()[1])).back()
    with pytest.raises(gate.NotYet, match="nothing listens"):
        gate.Cluster(options(2, "1,2,3", 1)).back()
