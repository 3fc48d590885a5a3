# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run with another vault password names the file and where the password came from; with the right one nothing is said of it."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
BIN = pathlib.Path(sys.executable).parent


@pytest.mark.parametrize("password, opened", [("right", True), ("wrong", False)])
def test_a_wrong_password_names_its_file(tmp_path, password, opened):
    for name in ("right", "wrong"):
        (tmp_path / name).write_text("for a test only, %s\n" % name)
    secrets = tmp_path / "group_vars/lakehouse/secrets.yml"
    secrets.parent.mkdir(parents=True)
    secrets.write_text("vault_x: for-a-test-only\n")
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"a.example.test": {"ansible_connection": "local"}}}}))
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "lakehouse", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "done"}}]}]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "right")}
    subprocess.run([str(BIN / "ansible-vault"), "encrypt", str(secrets)], env=environment, check=True, capture_output=True)
    environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(tmp_path / password)
    run = subprocess.run([str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json")],
                         env=environment, capture_output=True, text=True, check=False)
    said = " ".join((run.stdout + run.stderr).split())
    assert (run.returncode == 0) == opened, said
    assert ("%s cannot be opened with the vault password of %s" % (secrets, tmp_path / "wrong") in said) != opened, said
