# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person wrote into the vaulted file stays as it is, whatever forms YAML has for it; only what is missing is made."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).parents[3]
BIN = pathlib.Path(sys.executable).parent
WRITTEN = """# By hand.
vault_minio_root_password: !unsafe 'for-a-test-{{ only }}'
vault_digits: 123456789012
vault_s3_hive_secret: !vault |
%s
"""


def test_what_is_there_stays_and_what_is_missing_is_made(tmp_path):
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_VAULT_PASSWORD_FILE=str(tmp_path / "password"), ANSIBLE_FORCE_COLOR="0")
    (tmp_path / "password").write_text("for a test only\n")

    def vault(*words, **more):
        return subprocess.run([str(BIN / "ansible-vault"), *words], env=environment, check=True, capture_output=True, text=True, **more).stdout

    inline = vault("encrypt_string", "--name", "x", "for-a-test-only-and-nothing-else").split("|", 1)[1].strip("\n")
    secrets = tmp_path / "group_vars/lakehouse/secrets.yml"
    secrets.parent.mkdir(parents=True)
    secrets.write_text(WRITTEN % inline)
    before = secrets.read_text().strip()
    vault("encrypt", str(secrets))
    os.link(secrets, tmp_path / "old")  # what a run that is killed while it writes would leave
    old = secrets.read_bytes()
    host = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "lakehouse_name": "secrets-test"}
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"mirror.example.test": host}, "vars": {}}}))
    done = subprocess.run([str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts.json"), str(ROOT / "playbooks/secrets.yml")],
                          env=environment, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "old").read_bytes() == old
    after = vault("view", str(secrets))
    assert after.startswith(before + "\n")
    made = yaml.safe_load(after[len(before):])
    names = set(yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())["lakehouse_secrets"])
    assert set(made) == names - {"vault_minio_root_password", "vault_s3_hive_secret"}
    assert all(len(value) == 40 for value in made.values())


def test_a_folder_that_goes_with_the_job_is_refused(tmp_path):
    host = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "lakehouse_name": "secrets-test"}
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"mirror.example.test": host}}}))
    done = subprocess.run(
        [str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts.json"), "--check", "-e", "lakehouse_secrets_dir=/runner/project/.secrets",
         str(ROOT / "playbooks/secrets.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"), check=False, capture_output=True, text=True, timeout=180)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and "Nothing was changed. lakehouse_secrets_dir (/runner/project/.secrets)" in said, said
