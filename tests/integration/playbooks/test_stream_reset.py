# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that gives up a topic's checkpoint: what it says, and that it changes something only when it is told twice.

The stream's driver and systemctl are scripts that note how they are called; what the driver does is held by the tests on a real broker.
"""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
POSITION = {"checkpoint": "s3a://datalake/checkpoints/shop/shop.orders", "found": True, "partitions": [{"partition": 0, "stream": 900, "from": 0, "to": 35}]}


@pytest.fixture
def playbook(tmp_path):
    def script(name, text):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $* >>{tmp_path}/calls\n{text}\n")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name)

    script("systemctl", f'[ "$1" != show ] || {{ echo LoadState=loaded; echo "ActiveState=$(cat {tmp_path}/state)"; }}\n'
                        f'case $1 in stop) echo inactive >{tmp_path}/state;; start) echo active >{tmp_path}/state;; esac')
    (tmp_path / "state").write_text("active\n")
    given = {"driver": [script("driver", f"echo '{json.dumps(POSITION)}'")], "spark_streams_streams": [{"name": "shop", "topics": [{"topic": "shop.orders"}]}]}
    host = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    hosts = {"lakehouse": {"children": {"spark_iceberg": {"hosts": {"spark": host}}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))

    def call(**more):
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"), "-e", json.dumps({**given, **more}),
             str(ROOT / "playbooks/stream_reset.yml")],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True, text=True, check=False, timeout=180)
        calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
        return done.returncode, " ".join((done.stdout + done.stderr).split()), [line for line in calls if "systemctl show" not in line]

    return call


def test_a_topic_that_no_stream_has_is_refused_and_those_that_are_named(playbook):
    code, said, calls = playbook(stream="shop", topic="shop.bills")
    assert (code, calls) == (2, [])
    assert "stream shop with shop.orders" in said


def test_what_is_given_up_is_told_before_anything_is_changed(playbook):
    code, said, calls = playbook(stream="shop", topic="shop.orders")
    assert (code, calls) == (2, ["driver --position shop.orders"])
    assert POSITION["checkpoint"] in said and "0 900 0 35" in said
    assert "Nothing was changed. To go on: -e stream_reset=shop.orders" in said


def test_told_twice_it_stops_the_stream_removes_the_checkpoint_and_starts_it(playbook):
    code, said, calls = playbook(stream="shop", topic="shop.orders", stream_reset="shop.orders")
    assert code == 0, said
    assert calls == ["driver --position shop.orders", "systemctl stop spark-stream-shop", "driver --reset shop.orders", "systemctl start spark-stream-shop"]
