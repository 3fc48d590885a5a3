# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The renewal reaches every certificate: each is made by an entry point of its role that the playbook knows."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_each_role_with_a_certificate_is_renewed():
    certified = yaml.safe_load((ROOT / "playbooks/vars/certificates.yml").read_text())["certified"]
    making = {path for path in ROOT.glob("roles/*/tasks/*.yml") if "tasks_from: tls" in path.read_text()}
    assert {path.name for path in making} == {"certificate.yml"}
    # These two are no components of their own.
    assert sorted(path.parents[1].name for path in making) == sorted(certified + ["mirror", "redis"])


def test_a_deployment_makes_what_the_renewal_does():
    for path in ROOT.glob("roles/*/tasks/certificate.yml"):
        if path.parents[1].name != "common":
            configured = yaml.safe_load((path.parent / "configure.yml").read_text())
            assert "certificate.yml" in [task.get("ansible.builtin.import_tasks") for task in configured], path


def test_a_host_that_is_lost_on_the_way_stops_none_of_the_others_and_is_named(tmp_path):
    plays = yaml.safe_load((ROOT / "playbooks/renewal.yml").read_text())
    (tmp_path / "renewal.yml").write_text(yaml.safe_dump([
        {key: value for key, value in play.items() if key != "vars_files"} for play in plays if play.get("hosts") == "renewal_due"]))
    plain = {"ansible_become": False, "ansible_host": "127.0.0.1", "ansible_python_interpreter": sys.executable}
    hosts = {"lost": {**plain, "ansible_connection": "ssh", "ansible_port": 1}, "well": {**plain, "ansible_connection": "local"}}  # no port answers there
    (tmp_path / "hosts.json").write_text(json.dumps({"renewal_due": {"hosts": hosts}}))
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"), "-e", '{"here": []}',
                           str(tmp_path / "renewal.yml")],
                          env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
                          capture_output=True, text=True, check=False, timeout=120)
    renewed, told = done.stdout.split("PLAY [Tell of what failed]")
    assert "ok: [well]" in renewed and done.returncode, done.stdout + done.stderr
    assert "The connection failed" in told.split("[lost]")[1] and "[well]: FAILED" not in told
