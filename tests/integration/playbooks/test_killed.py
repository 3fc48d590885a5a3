# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed takes along its workers and what they run on the controller."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[3]
PLAY = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.command": {"argv": ["sh", "-c", "echo $$ > {{ place }}; exec sleep 90"]}}]}]


def alive(pid):
    stat = pathlib.Path("/proc/%d/stat" % pid)
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


def test_nothing_goes_on_after_a_run_was_killed(tmp_path):
    hosts = {name: {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "place": str(tmp_path / name)} for name in ("one", "two")}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    (tmp_path / "play.yml").write_text(json.dumps(PLAY))
    run = subprocess.Popen(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: all((tmp_path / name).exists() and (tmp_path / name).read_text() for name in hosts))
    finally:
        run.kill()
        run.wait()
    pids = [int((tmp_path / name).read_text()) for name in hosts]
    gone = until(lambda: not any(map(alive, pids)), 10)
    for pid in filter(alive, pids):
        os.kill(pid, 9)
    assert gone
