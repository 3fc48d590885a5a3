# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change of the authority: which step may follow which, and what the controller's files are after each, also after a kill."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
PASSPHRASE = "for a test"


def make(folder, name, subject, days=3650):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-passout", "pass:" + PASSPHRASE, "-keyout", name + ".key",
         "-subj", "/CN=" + subject, "-days", str(days), "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", name + ".crt"],
        cwd=folder, check=True, capture_output=True)


@pytest.fixture(name="site")
def made(tmp_path):
    """A site of one host without any service, and its authority."""
    (tmp_path / "ca").mkdir()
    make(tmp_path / "ca", "ca", "old")
    host = {"ansible_host": "127.0.0.1", "ansible_connection": "local", "lakehouse_name": tmp_path.name, "lakehouse_domain": "example.test"}
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {"children": {"mirror": {"hosts": {"mirror.example.test": host}}}}}))
    (tmp_path / "values.json").write_text(json.dumps({
        "common_tls_ca_dir": str(tmp_path / "ca"), "vault_ca_passphrase": PASSPHRASE, "ansible_become": False, "here": [],
        "__common_etc": str(tmp_path / "etc")}))
    return tmp_path


def run(site, *options):
    return subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(site / "hosts.json"), "-e", "@%s" % (site / "values.json"), *options,
         str(ROOT / "playbooks/authority.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"), capture_output=True, text=True, check=False, timeout=180)


def files(site):
    return sorted(path.name for path in (site / "ca").iterdir())


def told(site, *options, well=True):
    done = run(site, *options)
    assert (done.returncode == 0) is well, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def subject(site, name="ca.crt"):
    return subprocess.run(["openssl", "x509", "-noout", "-subject", "-in", name], cwd=site / "ca", check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("options, words", [
    ([], "Choose the step with -e authority=NAME: trust or all."),
    (["-e", "authority=sign"], "No change of the authority has begun"),
    (["-e", "authority=finish"], "No change of the authority has begun"),
    (["-e", "authority=all", "--limit", "mirror"], "Run it without --limit, --tags and --skip-tags"),
])
def test_what_is_not_the_next_step_is_refused_and_nothing_changed(site, options, words):
    said = told(site, *options, well=False)
    assert words in said and "Nothing was changed." in said
    assert files(site) == ["ca.crt", "ca.key"]


def test_a_folder_that_goes_with_the_job_is_refused(site):
    said = told(site, "--check", "-e", "authority=all", "-e", "common_tls_ca_dir=/runner/project/ca", well=False)
    assert "Nothing was changed. common_tls_ca_dir (/runner/project/ca)" in said


def test_check_mode_says_what_each_step_would_do_and_does_nothing(site):
    said = told(site, "--check", "-e", "authority=all")
    assert all(words in said for words in ("would make a new authority", "would put the new authority in the old one's place", "Nothing restarts"))
    assert files(site) == ["ca.crt", "ca.key"]


def test_each_step_leads_to_the_next_and_may_run_again(site):
    old = subject(site)
    for dummy in range(2):
        assert "the old one still signs" in told(site, "-e", "authority=trust")
        assert files(site) == ["ca.crt", "ca.key", "next.crt", "next.key", "trusted.crt"] and subject(site) == old
    new, trusted = subject(site, "next.crt"), (site / "ca/trusted.crt").read_text()
    assert trusted == (site / "ca/ca.crt").read_text() + (site / "ca/next.crt").read_text() and new != old
    assert "trust or sign or all" in told(site, "-e", "authority=finish", well=False)
    for dummy in range(2):
        assert "The new authority signs" in told(site, "-e", "authority=sign")
        assert files(site) == ["ca.crt", "ca.key", "previous.crt", "previous.key", "trusted.crt"]
        assert (subject(site), subject(site, "previous.crt")) == (new, old)
    assert "the last one has ended" in told(site, "-e", "authority=finish")
    assert files(site) == ["ca.crt", "ca.key"] and subject(site) == new


def test_one_that_was_killed_between_key_and_certificate_goes_on(site):
    told(site, "-e", "authority=trust")
    new, folder = subject(site, "next.crt"), site / "ca"
    for name in ("ca.crt", "ca.key"):
        (folder / name.replace("ca", "previous")).write_bytes((folder / name).read_bytes())
    (folder / "next.key").rename(folder / "ca.key")
    before = files(site)
    assert "NAME: sign or all." in told(site, "-e", "authority=finish", well=False) and files(site) == before
    told(site, "-e", "authority=all")
    assert files(site) == ["ca.crt", "ca.key"] and subject(site) == new


def test_one_that_was_given_up_is_taken_out(site):
    old = subject(site)
    told(site, "-e", "authority=trust")
    for name in ("next.crt", "next.key"):
        (site / "ca" / name).unlink()
    told(site, "-e", "authority=finish")
    assert files(site) == ["ca.crt", "ca.key"] and subject(site) == old


@pytest.mark.parametrize("subject_, days, key, words", [
    ("new", 3650, None, None),
    ("old", 3650, None, "has the name of the old one"),
    ("new", 300, None, "ends within two years"),
    ("new", 3650, "ca.key", "is not the key of next.crt"),
    ("new", 3650, "", "next.key is not there"),
])
def test_one_that_the_site_brings_is_used_where_it_can_sign(site, subject_, days, key, words):
    make(site / "ca", "next", subject_, days)
    if key is not None:
        (site / "ca/next.key").write_bytes((site / "ca" / key).read_bytes() if key else b"")
    said = told(site, "-e", "authority=trust", well=words is None)
    assert words is None or words in said
    assert ("trusted.crt" in files(site)) is (words is None)
