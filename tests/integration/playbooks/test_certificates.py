# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service's key is made on its host and stays there: nothing that Ansible is told holds it, whatever it is asked to show."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
# What is done to the folder, one after the other; after each, the role runs, and the folder is kept under the name.
STEPS = {
    "first": "true",
    "unchanged": "true",
    "renewed": "rm .made-*",
    "no key": "rm server.key",
    "strange key": "openssl genpkey -algorithm RSA -out server.key",
}
PLAY = [{
    "hosts": "localhost", "connection": "local", "gather_facts": False,
    "handlers": [{"name": "Restart it", "ansible.builtin.debug": {"msg": "restarted"}}],
    "tasks": [
        task for step, damage in STEPS.items() for task in (
            {"ansible.builtin.shell": {"cmd": "mkdir -p {{ tls }} && cd {{ tls }} && %s" % damage}},
            {"ansible.builtin.include_role": {"name": "gti.lakehouse.common", "tasks_from": "tls", "rolespec_validate": False},
             "vars": {"common_tls_name": "tool", "common_tls_group": "root", "common_tls_notify": "Restart it", "common_tls_keystore_password": "for a test"}},
            {"ansible.builtin.shell": {"cmd": "cp -a {{ tls }} '{{ kept }}/%s'" % step}},
        )],
}]


@pytest.fixture(name="told", scope="module")
def fixture_told(tmp_path_factory):
    """What Ansible shows at most, and the folder of what was made."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-passout", "pass:for a test", "-keyout", "ca.key",
         "-subj", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", "ca.crt"],
        cwd=folder, check=True, capture_output=True)
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    (folder / "values.yml").write_text(yaml.safe_dump({
        "__common_etc": str(folder / "etc"), "tls": str(folder / "etc/tool/tls"), "kept": str(folder), "common_secure_logging": False,
        "common_tls_ca_dir": str(folder),
        "common_tls_ca_file": str(folder / "ca.crt"), "common_tls_ca_passphrase": "for a test", "common_tls_address": "192.0.2.4",
        "common_tls_host_names": ["tool.example.test", "tool"], "ansible_python_interpreter": sys.executable}))
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-vvv", "--diff", "-i", "localhost,", "-e", "@%s" % (folder / "values.yml"),
         str(folder / "play.yml")], env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
        capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr, folder


def test_no_key_is_in_what_ansible_was_told(told):
    output, folder = told
    for step in STEPS:
        (body,) = [line for line in (folder / step / "server.key").read_text().splitlines() if line and not line.startswith("-")][:1]
        assert body not in output, step


def test_a_certificate_is_whole_and_the_site_s(told):
    for step in STEPS:
        tls = told[1] / step

        def openssl(*argv, tls=tls):
            return subprocess.run(["openssl", *argv], cwd=tls, check=True, capture_output=True, text=True).stdout
        openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "tool.example.test", "-CAfile", "ca.crt", "server.crt")
        assert openssl("x509", "-in", "server.crt", "-noout", "-pubkey") == openssl("pkey", "-in", "server.key", "-pubout")
        assert "P-256" in openssl("pkey", "-in", "server.key", "-noout", "-text")
        assert (tls / "server.pem").read_text() == (tls / "server.key").read_text() + (tls / "server.crt").read_text()
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in tls.glob("*.*") if not path.name.startswith(".")} == dict.fromkeys(
            ["ca.crt", "keystore.p12", "server.crt", "server.key", "server.pem"], "0o640")


def test_a_key_is_kept_while_it_is_whole(told):
    keys = [(told[1] / step / "server.key").read_bytes() for step in STEPS]
    certificates = [(told[1] / step / "server.crt").read_bytes() for step in STEPS]
    assert keys[0] == keys[1] == keys[2] and len(set(keys[2:])) == 3
    assert certificates[0] == certificates[1] and len(set(certificates[1:])) == 4


def test_renewal_sees_which_hosts_have_a_certificate_that_ends_soon(told, tmp_path):
    """In check mode, since what it would do is this machine's. A host that has time is asked one question."""
    hosts = {name: {"ansible_connection": "local", "ansible_host": "127.0.0.1"} for name in ("mirror.example.test", "gitea.example.test")}
    children = {name.partition(".")[0]: {"hosts": {name: {}}} for name in hosts}
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": hosts, "children": children, "vars": {"lakehouse_name": "renewal-test"}}}))
    (tmp_path / "values.json").write_text(json.dumps({
        "__common_etc": str(tmp_path) + "/{{ inventory_hostname }}", "common_tls_ca_dir": str(told[1]), "ansible_python_interpreter": sys.executable}))
    for name, days in zip(hosts, (29, 31)):
        tls = tmp_path / name / "tool/tls"
        tls.mkdir(parents=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", str(days), "-keyout", "server.key",
                        "-out", "server.crt"], cwd=tls, check=True, capture_output=True)
        (tls / ".made-1").touch()
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "--check", "-i", str(tmp_path / "hosts.json"),
         "-e", "@%s" % (tmp_path / "values.json"), str(ROOT / "playbooks/renewal.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"), capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    told_apart, renewed = done.stdout.split("PLAY [Renew them, one host after the other]")
    assert "gitea.example.test" in told_apart and "[gitea.example.test]" not in renewed
    compared = renewed.split("Compare what is there with the certificate of mirror]")[1].split("TASK")[0]
    assert "changed: [mirror.example.test]" in compared


def test_a_host_whose_renewal_fails_is_named(tmp_path):
    """The next run goes on from there: what is newer than what shows it is due too."""
    tls = tmp_path / "etc/tool/tls"
    tls.mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "397", "-keyout", "server.key",
                    "-out", "server.crt"], cwd=tls, check=True, capture_output=True)
    (tls / ".made-1").touch()
    dummy, look, renew, tell = yaml.safe_load((ROOT / "playbooks/renewal.yml").read_text())
    del renew["vars_files"]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([look, {"hosts": "lakehouse", "gather_facts": False, "tasks": [
        {"ansible.builtin.group_by": {"key": "renewal_due"}}]}, renew, tell]))
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"hosts": {"tool.example.test": {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable}}}}))
    # It stops before the role does anything.
    (tmp_path / "values.json").write_text(json.dumps({
        "__common_etc": str(tmp_path / "etc"), "here": ["minio"], "minio_tls_extra_names": [], "common_tls_ca_dir": str(tmp_path), "ansible_become": False}))

    def run(*options):
        return subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"), "-e", "@%s" % (tmp_path / "values.json"),
             *options, str(tmp_path / "play.yml")],
            env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"), capture_output=True, text=True, check=False, timeout=180)
    foreseen = run("--check")
    assert "Compare what is there with the certificate of minio failed" in foreseen.stdout + foreseen.stderr, foreseen.stdout
    done = run()
    assert done.returncode != 0 and "Compare what is there with the certificate of minio failed, as shown above" in done.stdout + done.stderr, done.stdout


def test_status_tells_of_an_authority_that_ends_before_long(tmp_path):
    """In time to make a new one: what it has signed is worth nothing from then on, however long it holds itself."""
    for days in (59, 61):
        (tmp_path / str(days)).mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes", "-keyout", "ca.key",
                        "-subj", "/CN=authority", "-days", str(days), "-out", "ca.crt"], cwd=tmp_path / str(days), check=True, capture_output=True)
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{
        "hosts": "localhost", "connection": "local", "gather_facts": False, "vars": {"asked": [], "answers": {}, "__status_streams": {}},
        "tasks": [{"ansible.builtin.copy": {
            "content": "said: {{ lookup('ansible.builtin.template', '%s') | default('', true) }}" % (ROOT / "playbooks/templates/status_problems.j2"),
            "dest": "%s/{{ item }}/said" % tmp_path, "mode": "0644"}, "vars": {"common_tls_ca_dir": "%s/{{ item }}" % tmp_path}, "loop": [59, 61, 0]}],
    }]))
    (tmp_path / "0").mkdir()  # where there is no authority yet
    subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(tmp_path / "play.yml")],
                   env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")), capture_output=True, check=True, timeout=180)
    said = {days: (tmp_path / days / "said").read_text().strip().removeprefix("said:") for days in ("59", "61", "0")}
    assert "the site's authority ends in 58 days" in said["59"] and (said["61"], said["0"]) == ("", "")
