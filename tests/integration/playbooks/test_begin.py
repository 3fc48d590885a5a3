# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that would do nothing is refused, and so is a second run that would change the site."""
from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[3]
PLAY = """
- import_playbook: %s/playbooks/begin.yml
- hosts: lakehouse
  gather_facts: false
  tasks:
    - ansible.builtin.command: {argv: [sh, -c, "echo here > {{ place }}; exec sleep {{ length }}"]}
"""


def start(folder, *words, length=0, site="lock-test"):
    (folder / "play.yml").write_text(PLAY % ROOT)
    host = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "lakehouse_name": site,
            "place": str(folder / "place"), "length": length}
    (folder / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"one.example.test": host}}}))
    return subprocess.Popen([str(pathlib.Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.yml"), *words],
                            env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(run):
    return run.communicate(timeout=120)[0].replace("\n", " "), run.returncode


@pytest.mark.parametrize("words, said", [
    ([], "No host is in the group lakehouse"),
    (["-i", "/nonexistent/hosts.yml"], "No host is in the group lakehouse"),
    (["-i", "hosts.json", "--tags", "trinoo"], "There is no tag trinoo (did you mean trino?)."),
    (["-i", "hosts.json", "--skip-tags", "verifi"], "There is no tag verifi (did you mean verify?)."),
    (["-i", "hosts.json", "-e", "lakehouse_trino_versao=476"],
     "There is no variable lakehouse_trino_versao (did you mean lakehouse_trino_version?)."),
], ids=["no inventory", "no such inventory", "no such tag", "no such tag to skip", "no such variable"])
def test_a_command_that_would_do_nothing_is_refused(tmp_path, words, said):
    words = [str(tmp_path / word) if word == "hosts.json" else word for word in words]
    output, code = ended(start(tmp_path, *words))
    assert said in output and code, output
    assert not (tmp_path / "place").exists()


def test_one_run_at_a_time_changes_a_site(tmp_path):
    folders = {name: tmp_path / name for name in ("first", "second", "check", "other", "after")}
    for folder in folders.values():
        folder.mkdir()

    def run(name, *words, **more):
        return start(folders[name], "-i", str(folders[name] / "hosts.json"), *words, **more)

    first = run("first", length=300)
    try:
        until((folders["first"] / "place").exists)
        second, check, other = run("second"), run("check", "--check"), run("other", site="lock-test-2")
        output, code = ended(second)
        assert code and "Another run changes the site lock-test.gti.local: play.yml by " in output and "process %d," % first.pid in output, output
        assert not (folders["second"] / "place").exists()
        output, code = ended(check)
        assert code == 0, output
        output, code = ended(other)
        assert code == 0 and (folders["other"] / "place").exists(), output
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    output, code = ended(run("after"))
    assert code == 0 and (folders["after"] / "place").exists(), output


def until(true):
    end = time.monotonic() + 60
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    assert true()
