# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer's units are such as systemd takes, and run what was meant; a vault that nobody would open at night is refused."""
from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
BIN = pathlib.Path(sys.executable).parent


@pytest.fixture(name="site")
def fixture_site(tmp_path):
    """A site whose folder's name has what systemd would make something else of; returns it and how its vault's password is given."""
    site = tmp_path / "a 100% site"
    site.mkdir()
    (site / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"mirror.example.test": {}}, "vars": {
        "lakehouse_name": "timer-test", "lakehouse_domain": "example.test", "lakehouse_secrets_file": str(site / "vault.yml")}}}))
    (site / "password").write_text("for a test only\n")
    (site / "vault.yml").write_text("vault_ca_passphrase: for a test only\n")
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0", ANSIBLE_VAULT_PASSWORD_FILE=str(site / "password"))
    subprocess.run([str(BIN / "ansible-vault"), "encrypt", str(site / "vault.yml")], check=True, capture_output=True, env=environment)
    return site, environment


def run(site, environment, *words):
    """In check mode, since the units would be this machine's; returns what each task said of the host."""
    done = subprocess.run(
        [str(BIN / "ansible-playbook"), "--check", "--diff", "-i", str(site / "hosts.json"), *words, str(ROOT / "playbooks/renewal_timer.yml")],
        env=dict(environment, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json", ANSIBLE_CALLBACK_RESULT_FORMAT="json"),
        capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, {task["task"]["name"]: next(iter(task["hosts"].values()))
                             for play in json.loads(done.stdout[done.stdout.index("{"):])["plays"] for task in play["tasks"]}


def test_the_units_run_the_renewal_by_night_as_this_user_with_this_vault(site, tmp_path):
    folder, environment = site
    code, told = run(folder, environment)
    assert code == 0
    units = {pathlib.Path(part["after_header"]).name: part["after"] for part in told["Write the units, or remove them"]["diff"]}
    assert set(units) == {"lakehouse-renewal-timer-test.example.test.service", "lakehouse-renewal-timer-test.example.test.timer"}
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    subprocess.run(["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)], check=True)
    service = units["lakehouse-renewal-timer-test.example.test.service"]
    settings = dict(line.partition("=")[::2] for line in service.splitlines() if "=" in line)
    command = [word.replace("%%", "%") for word in shlex.split(settings["ExecStart"])]
    assert command == [str(BIN / "ansible-playbook"), "--inventory=%s" % (folder / "hosts.json"), str(ROOT / "playbooks/renewal.yml")]
    assert "ANSIBLE_VAULT_PASSWORD_FILE=%s" % str(folder / "password").replace("%", "%%") in service
    assert "for a test only" not in service


def test_a_vault_that_does_not_open_by_itself_is_refused(site):
    folder, environment = site
    (folder / "other").write_text("another\n")
    code, told = run(folder, dict(environment, ANSIBLE_VAULT_PASSWORD_FILE=str(folder / "other")))
    assert code != 0
    assert "nobody types a password" in " ".join(told["Refuse a vault that somebody would have to open"]["msg"].split())
    assert "Write the units, or remove them" not in told


def test_without_the_timer_nothing_is_written(site):
    code, told = run(*site, "-e", "renewal_timer=false")
    assert code == 0 and told["Write the units, or remove them"]["written"] == []
