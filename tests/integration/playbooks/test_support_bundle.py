# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One command makes an archive of what tells how a site is, with a host that is lost named, and without a secret."""

from __future__ import annotations

import json
import os
import pathlib
import platform
import subprocess
import sys
import tarfile

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

ROOT = pathlib.Path(__file__).parents[3]
ONE, LOST = "one.example.test", "lost.example.test"
# What any host says, so that it is in what is collected.
SECRET = platform.release()


def environment(folder):
    return dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0", ANSIBLE_VAULT_PASSWORD_FILE=str(folder / "password"))


def vaulted(folder):
    """The site's vaulted file, where not every name has the usual beginning."""
    names = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())["lakehouse_secrets"]
    secrets = folder / "group_vars/lakehouse/secrets.yml"
    secrets.parent.mkdir(parents=True)
    secrets.write_text(yaml.safe_dump({**dict.fromkeys(names, "for-a-test-only"), "planted": [SECRET]}))
    (folder / "password").write_text("for a test only\n")
    subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-vault")), "encrypt", str(secrets)], env=environment(folder), check=True)


def play(folder, *words):
    local = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable, "ansible_host": "127.0.0.1"}
    # Nothing answers there.
    lost = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_become": False}
    inventory = {"lakehouse": {
        "children": {"datagen": {"hosts": {ONE: local, LOST: lost}}},
        "vars": {"lakehouse_name": "bundle-test", "lakehouse_secrets_dir": str(folder / ".secrets")}}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.json"),
                           str(ROOT / "playbooks/support_bundle.yml"), *words],
                          env=environment(folder), capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", name="bundle")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    vaulted(folder)
    (folder / ".secrets/ca").mkdir(parents=True)
    (folder / ".secrets/ca/ca.key").write_text(key)
    (folder / "verify.json").write_text(json.dumps({"said": "key " + key.splitlines()[1]}))
    code, output = play(folder, "-e", "support_bundle_hours=1", "-e", "support_bundle_verify_file=%s" % (folder / "verify.json"))
    archives = list((folder / ".secrets/support").glob("*"))
    assert code == 0 and len(archives) == 1, output
    with tarfile.open(archives[0]) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member).read().decode() for member in archive.getmembers()}
    return archives[0], output, files


def test_the_archive_is_for_its_owner_alone_and_its_place_is_told(bundle):
    archive, output, dummy = bundle
    assert archive.name.startswith("support-bundle-test-") and archive.stat().st_mode & 0o777 == 0o600
    assert str(archive) in output


def test_it_has_what_tells_how_the_site_is(bundle):
    files = bundle[2]
    assert {"README.txt", "controller.txt", "status.txt", "status.json", "tables.txt", "verify.json"} <= set(files)
    assert {"%s/%s.txt" % (ONE, name) for name in ("versions", "units", "journal", "disk", "memory", "sockets", "firewall", "processes")} <= set(files)
    assert "Debian" in files[ONE + "/versions.txt"] and "MemTotal" in files[ONE + "/memory.txt"]
    assert json.loads(files["status.json"])["problems"] and ONE in files["status.txt"]


def test_secrets_are_named_and_nothing_of_them_is_left(bundle):
    dummy, output, files = bundle
    assert "[redacted: planted.0]" in files[ONE + "/versions.txt"]
    assert files["verify.json"] == '{"said": "key [redacted: key ca/ca.key]"}'
    for said in (output, files["README.txt"]):
        assert "planted.0 in %s/versions.txt" % ONE in said and "key ca/ca.key in verify.json, 1 times" in said
    assert not any(SECRET in text for text in [*files.values(), output])


def test_a_host_that_is_lost_is_named_and_the_rest_goes_on(bundle):
    dummy, output, files = bundle
    assert "%s: not collected: " % LOST in files["README.txt"] and "%s: not collected: " % LOST in output
    assert "%s (127.0.0.1): cannot be asked" % LOST in files["status.txt"]


def test_check_mode_says_what_it_would_do(tmp_path):
    (tmp_path / "password").write_text("for a test only\n")
    code, output = play(tmp_path, "--check", "-e", "support_bundle_file=%s" % (tmp_path / "mine.tar.gz"))
    assert code == 0 and "Would collect of" in output and str(tmp_path / "mine.tar.gz") in output, output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts.json", "password"]


@pytest.mark.parametrize("wrong", ["support_bundle_hours=soon", "support_bundle_file=/tmp/bundle.zip", "support_bundle_verify_file=/nonexistent.json"])
def test_what_could_not_be_written_is_refused(tmp_path, wrong):
    (tmp_path / "password").write_text("for a test only\n")
    code, output = play(tmp_path, "-e", wrong)
    assert code and wrong.split("=")[0] in output and "Nothing was collected" in output
    assert not (tmp_path / ".secrets").exists()


@pytest.mark.parametrize("name, fails, told", [("site.yml", True, True), ("site.yml", False, False), ("status.yml", True, False)])
def test_a_failed_run_of_the_site_names_the_command(tmp_path, name, fails, told):
    (tmp_path / name).write_text("- {hosts: localhost, gather_facts: false, tasks: [{assert: {that: %s}}]}\n" % ("false" if fails else "true"))
    (tmp_path / "hosts").write_text("localhost ansible_connection=local\n")
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts"), str(tmp_path / name)],
                          env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
                          capture_output=True, text=True, check=False, timeout=120)
    assert bool(done.returncode) is fails
    assert ("ansible-playbook -i %s/hosts playbooks/support_bundle.yml" % tmp_path in done.stdout) is told, done.stdout
