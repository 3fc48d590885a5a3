# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which the playbook restarts Kafka's nodes where several are down, so that the cluster is whole only when all of them are back.

systemctl and the gate are scripts that note how they are called; what the gate takes for whole is held by its own tests.
"""
from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Whole as soon as the two nodes that were down have been restarted.
GATE = """import re, sys
calls = open({calls!r}, "a+")
calls.seek(0)
whole = calls.read().count("systemctl restart kafka") >= 2
calls.write("gate %s %s\\n" % (sys.argv[1], re.search("--node=([0-9])", " ".join(sys.argv))[1]))
sys.exit(0 if whole else 1)
"""


def test_nodes_that_are_down_come_first_and_at_once(tmp_path):
    calls = tmp_path / "calls"
    known = "LoadState=loaded\\nActiveState=active\\n"  # which a node may be that does not listen
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\nif [ "$1" = show ]; then printf "{known}"; else echo systemctl $* >>{calls}; fi\n')
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "gate.py").write_text(GATE.format(calls=str(calls)))
    nodes = [{"id": number, "fqdn": f"kafka-{number}", "address": "127.0.0.1", "roles": ["broker", "controller"]} for number in (1, 2, 3)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = {1: 1, 2: 1, 3: server.getsockname()[1]}
        hosts = {node["fqdn"]: {"kafka_kraft_node": node, "kafka_kraft_broker_port": ports[node["id"]]} for node in nodes}
        group = {"hosts": hosts, "vars": {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}}
        (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"children": {"kafka_kraft": group}}}))
        given = {"kafka_kraft_nodes": nodes, "__kafka_kraft_gate": str(tmp_path / "gate.py"), "lakehouse_name": "kafka-restart-test"}
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"), "-e", json.dumps(given),
             str(ROOT / "playbooks/kafka_restart.yml")],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    restart = "systemctl restart kafka"
    assert calls.read_text().splitlines() == [
        restart, restart, "gate spare 1", "gate back 1", "gate spare 2", "gate back 2", "gate spare 3", restart, "gate back 3"]
