# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation changes the asked lines of the vaulted file and nothing else, is refused with a remedy, and can be ended after it was killed.

No host is reached: but for the last two tests, the site has none but its controller.
"""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(sys.executable).parent
ONE, TWO = "vault_minio_root_password", "vault_trino_internal_secret"
WRITTEN = """# By hand.
vault_minio_root_password: !unsafe 'for-a-test-{{ only }}'
# Of Trino.
vault_trino_internal_secret: !vault |
%s

vault_digits: 123456789012  # counted
vault_s3_hive_secret: !unsafe 'for-a-test-{{ only }}-too'
vault_kept: !vault |
%s
vault_pseudonym_key: "for a test only,
  and nothing else"
# The end.
"""


class Site:
    def __init__(self, folder, secrets):
        self.folder, self.secrets, self.kept = folder, secrets, folder / ".secrets/rotation-before.yml"
        self.environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_VAULT_PASSWORD_FILE=str(folder / "password"),
                                ANSIBLE_FORCE_COLOR="0")
        (folder / "password").write_text("for a test only\n")
        inline = self.vault("encrypt_string", "--name", "x", "for-a-test-only-and-nothing-else").split("|", 1)[1].strip("\n")
        self.written = WRITTEN % (inline, inline)
        for path in (self.secrets, self.kept):
            path.parent.mkdir(parents=True, exist_ok=True)
        self.secrets.write_text(self.written)
        self.vault("encrypt", str(self.secrets))
        self.before = self.secrets.read_bytes()
        host = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "lakehouse_name": folder.name, "lakehouse_domain": "example.test"}
        (folder / "hosts.json").write_text(json.dumps({"lakehouse": {"children": {"mirror": {"hosts": {"mirror.example.test": host}}}}}))

    def vault(self, *words):
        return subprocess.run([str(BIN / "ansible-vault"), *words], env=self.environment, check=True, capture_output=True, text=True).stdout

    def text(self):
        return self.vault("view", str(self.secrets))

    def rotate(self, *words, inventory="hosts.json", **environment):
        done = subprocess.run([str(BIN / "ansible-playbook"), "-i", str(self.folder / inventory), *words, str(ROOT / "playbooks/rotate.yml")],
                              env={**self.environment, **environment}, check=False, capture_output=True, text=True, timeout=180)
        return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, tmp_path / "group_vars/lakehouse/secrets.yml")


REFUSED = {
    "none": ([], ["Say which by -e rotate=NAME", ONE]),
    "names": (["-e", "rotate=vault_minio_rot_password,vault_pseudonym_key,vault_airflow_fernet_key,vault_ca_passphrase,vault_hive_db_password," + ONE],
              ["There is no secret vault_minio_rot_password (did you mean %s?)" % ONE, "vault_pseudonym_key is not rotated by this command: pseudonyms",
               "vault_airflow_old_fernet_keys", "vault_ca_passphrase is not", "Make a new authority",
               "vault_hive_db_password is not in the vaulted file", "playbooks/secrets.yml"]),
    "a part": (["-e", "rotate=" + ONE, "--limit", "mirror"], ["without --limit"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_rotated_is_refused_before_anything_is_changed(site, case):
    words, said = REFUSED[case]
    code, output = site.rotate(*words)
    assert code, output
    for text in [*said, "Nothing was changed."]:
        assert text in output, output
    assert site.secrets.read_bytes() == site.before and not list(site.kept.parent.iterdir())


def test_a_file_of_another_form_is_refused_without_showing_it(site):
    site.secrets.write_text("{%s: for-a-test-only, vault_digits: 123456789012}\n" % ONE)
    site.vault("encrypt", str(site.secrets))
    code, output = site.rotate("-e", "rotate=" + ONE, "-vvv")
    assert code and "The vaulted file is no plain list of names and values" in output and "Keep the vaulted file" not in output, output
    assert "for-a-test-only" not in output and not list(site.kept.parent.iterdir())


def test_a_vault_that_this_run_alone_does_not_open_is_refused(site):
    """The password was given in another way than the one by which the new values are vaulted."""
    (site.folder / "other").write_text("another, for a test only\n")
    right = "first@%s" % (site.folder / "password")
    code, output = site.rotate("-e", "rotate=" + ONE, "--vault-id", right, ANSIBLE_VAULT_PASSWORD_FILE=str(site.folder / "other"))
    assert code and "Nothing was changed. %s:" % site.secrets in output and "ANSIBLE_VAULT_PASSWORD_FILE" in output, output
    code, output = site.rotate("-e", "rotate=" + ONE, ANSIBLE_VAULT_PASSWORD_FILE=str(site.folder / "other"))
    assert code and "%s cannot be opened with the vault password of" % site.secrets in output, output
    assert site.secrets.read_bytes() == site.before and not list(site.kept.parent.iterdir())


def test_check_mode_says_what_would_be_and_changes_nothing(tmp_path):
    """On the trial's inventory, whose hosts are not reached."""
    shutil.copytree(ROOT / "inventories/lab", tmp_path, symlinks=True, ignore=shutil.ignore_patterns(".secrets", "secrets.yml"), dirs_exist_ok=True)
    site = Site(tmp_path, tmp_path / ".secrets/secrets.yml")
    code, output = site.rotate("-e", "rotate=all", "--check", "--diff", inventory="hosts.yml")
    assert code == 0, output
    assert "WOULD BE ROTATED MANUAL STEPS LEFT %s Tell the new one" % ONE in output
    assert "NOT ROTATED BECAUSE vault_airflow_fernet_key it opens" in output and "vault_pseudonym_key pseudonyms would become others" in output
    hosts = "COMPONENTS TO RUN minio.gti.local minio db-hive.gti.local db_hive trino.gti.local trino Nothing was changed."
    assert hosts in output, output
    assert "for-a-test" not in output
    assert site.secrets.read_bytes() == site.before and list(site.kept.parent.iterdir()) == [site.secrets]


def test_all_else_in_the_file_stays_as_it_is(site):
    code, output = site.rotate("-e", "rotate=%s,%s" % (ONE, TWO), "--diff", "-vvv")
    assert code == 0, output
    stays = site.written.replace(site.written.splitlines()[1] + "\n", "", 1)
    start = stays.index("vault_trino_internal")
    stays = stays[:start] + stays[stays.index("\nvault_digits"):]
    after = site.text()
    assert after.startswith(stays.rstrip() + "\n")
    new = yaml.safe_load(after[len(stays.rstrip()):])
    assert list(new) == [ONE, TWO] and {len(value) for value in new.values()} == {40} and new[ONE] != new[TWO]
    assert site.secrets.stat().st_mode & 0o777 == 0o600 and not list(site.kept.parent.iterdir())
    assert not [value for value in ("for-a-test", *new.values()) if value in output]
    assert "ROTATED MANUAL STEPS LEFT %s Tell the new one" % ONE in output


def test_a_rotation_that_was_killed_is_ended_by_the_same_command(site):
    site.kept.write_bytes(site.before)  # as after a run that was killed while components ran
    code, output = site.rotate("-e", "rotate=" + ONE)
    assert code == 0 and not site.kept.exists(), output
    half = site.text()
    site.kept.write_bytes(site.before)
    code, output = site.rotate("-e", "rotate=" + TWO)
    assert code and "The rotation of %s did not end. End it first: -e rotate=%s." % (ONE, ONE) in output, output
    code, output = site.rotate("-e", "rotate=" + ONE)
    assert code == 0 and site.text() == half and not site.kept.exists(), output


@pytest.mark.parametrize("writes", ["exit 1", "echo another, for a test only; exit"], ids=["no password", "another password"])
def test_the_old_file_comes_back_when_the_new_values_cannot_be_made(site, writes):
    (site.folder / "script").write_text('#!/bin/sh\n! grep -q encrypt "/proc/$PPID/cmdline" || { %s; }\ncat %s\n' % (writes, site.folder / "password"))
    (site.folder / "script").chmod(0o755)
    code, output = site.rotate("-e", "rotate=" + ONE, ANSIBLE_VAULT_PASSWORD_FILE=str(site.folder / "script"))
    assert code and "is as it was, and no host was touched" in output, output
    assert "See what came of it" not in output
    assert site.secrets.read_bytes() == site.before and not list(site.kept.parent.iterdir())


ROLE = """
- name: Note what is seen
  ansible.builtin.shell:
    cmd: "sleep {{ 0.5 if component.name == 'kafka_kraft' else 0 }}; echo {{ component.name }} {{ vault_kafka_airflow_password }} >>{{ journal }}"
- name: Work
  ansible.builtin.command: {argv: [test, "!", -e, "{{ journal }}-{{ component.name }}"]}
"""
SYSTEMCTL = """#!/bin/sh
for unit in cron kafka user@0; do
    [ $unit = cron ] || run=$(wc -l <%s)
    printf 'Id=%%s.service\\nSubState=running\\nInvocationID=%%s\\n\\n' $unit $run
done
"""


NAME = "vault_kafka_airflow_password"


@pytest.fixture
def rollout(site):
    """The site with components that note what they see: the server kafka_kraft, its client airflow, and trino, which has no part in it."""
    site.journal = site.folder / "journal"
    site.journal.write_text("")
    role = site.folder / "probe/tasks/deploy.yml"
    role.parent.mkdir(parents=True)
    role.write_text(ROLE)
    site.secrets.write_text("%s: for-a-test-only\n" % NAME)
    site.vault("encrypt", str(site.secrets))
    site.before = site.secrets.read_bytes()
    stub = site.folder / "bin/systemctl"
    stub.parent.mkdir()
    stub.write_text(SYSTEMCTL % site.journal)
    stub.chmod(0o755)
    site.environment["PATH"] = "%s:%s" % (stub.parent, os.environ["PATH"])
    names = ["kafka_kraft", "trino", "airflow"]
    (site.secrets.parent / "site.yml").write_text(json.dumps({
        "journal": str(site.journal), "lakehouse_name": site.folder.name, "ansible_connection": "local", "ansible_become": False,
        "ansible_python_interpreter": sys.executable, "lakehouse_lock_host": "kafka_kraft", "lakehouse_controllers": ["kafka_kraft"],
        "lakehouse_components": {each: {"roles": [{"name": str(role.parents[1])}]} for each in names}}))
    (site.folder / "hosts.json").write_text(json.dumps({"lakehouse": {"children": {each: {"hosts": {each: None}} for each in names}}}))
    return site


def test_only_who_holds_the_secret_runs_the_server_first_and_a_failure_is_made_good_by_the_same_command(rollout):
    (rollout.folder / "journal-airflow").touch()
    code, output = rollout.rotate("-e", "rotate=" + NAME)
    assert code and "The rotation did not end on airflow" in output and "-e rotate=" + NAME in output, output
    first = rollout.journal.read_text().splitlines()
    assert [line.split()[0] for line in first] == ["kafka_kraft", "airflow"] and len({line.split()[1] for line in first}) == 1
    assert first[0].split()[1] != "for-a-test-only" and rollout.kept.exists()
    (rollout.folder / "journal-airflow").unlink()
    code, output = rollout.rotate("-e", "rotate=" + NAME)
    assert code == 0 and rollout.journal.read_text().splitlines() == first * 2 and not rollout.kept.exists(), output
    assert "kafka_kraft kafka_kraft kafka airflow airflow kafka The new values" in output, output


def test_nothing_is_changed_where_a_host_cannot_be_reached(rollout):
    (rollout.folder / "host_vars").mkdir()
    (rollout.folder / "host_vars/airflow.yml").write_text("ansible_connection: ssh\nansible_host: 127.0.0.1\nansible_port: 9\n")  # which nobody serves
    code, output = rollout.rotate("-e", "rotate=" + NAME)
    assert code and "UNREACHABLE" in output, output
    assert rollout.secrets.read_bytes() == rollout.before and not rollout.journal.read_text() and not rollout.kept.exists(), output
