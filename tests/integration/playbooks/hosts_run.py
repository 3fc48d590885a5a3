# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play over a host for each case, in one run, since each run costs seconds."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Run:
    def __init__(self, folder, play, hosts):
        self.folder = folder
        inventory = {"all": {"hosts": hosts, "vars": {"ansible_python_interpreter": sys.executable}}}
        (folder / "hosts.json").write_text(json.dumps(inventory))
        (folder / "play.yml").write_text(play)
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.json"), str(folder / "play.yml")],
            env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
            capture_output=True, text=True, check=False, timeout=180)
        self.output = done.stdout + done.stderr

    def result(self, name):
        """What the play wrote for a host."""
        return json.loads((self.folder / (name + ".json")).read_text())

    def refusal(self, name):
        """What was said when the host's case was refused, before the play wrote anything."""
        assert not (self.folder / (name + ".json")).exists(), self.output
        return " ".join(self.output.split("[%s]: FAILED!" % name)[1].split("\n\n")[0].replace('\\"', '"').split())
