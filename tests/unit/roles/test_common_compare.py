# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role common sees when a certificate's files are not what it made, whatever its mark says."""
from __future__ import annotations

import grp
import os
import pathlib
import pwd
import subprocess

import pytest
import yaml

VARS = yaml.safe_load((pathlib.Path(__file__).parents[3] / "roles/common/vars/main.yml").read_text())
NEW_KEY = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]
FILES = ["ca.crt", "server.crt", "server.key", "server.pem"]


@pytest.fixture(name="folder")
def made(tmp_path):
    def run(*argv):
        subprocess.run(argv, check=True, cwd=tmp_path, capture_output=True)
    for name in ("ca.key", "server.key"):
        run(*NEW_KEY, name)
    run("openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=ca", "-days", "90", "-out", "ca.crt")
    run("openssl", "req", "-x509", "-new", "-key", "server.key", "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=x", "-days", "90", "-out", "server.crt")
    (tmp_path / "server.pem").write_bytes((tmp_path / "server.key").read_bytes() + (tmp_path / "server.crt").read_bytes())
    (tmp_path / ".made-1").touch()
    for name in FILES:
        (tmp_path / name).chmod(0o640)
    return tmp_path


def same(folder, days=30):
    owner = "%s:%s" % (pwd.getpwuid(os.getuid())[0], grp.getgrgid(os.getgid())[0])
    return subprocess.run(["sh", "-c", "cd \"$1\" && shift && { %s}" % VARS["__common_tls_compare"], "sh", str(folder), ".made-1", str(days * 86400), owner,
                           *FILES], check=False, capture_output=True).returncode == 0


def other_key(folder):
    subprocess.run([*NEW_KEY, "server.key"], check=True, cwd=folder, capture_output=True)
    (folder / "server.key").chmod(0o640)


def other_authority(folder):
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=other", "-out", "ca.crt"], check=True, cwd=folder, capture_output=True)


DRIFT = {
    "no mark": lambda folder: (folder / ".made-1").unlink(),
    "no key": lambda folder: (folder / "server.key").unlink(),
    "another key": other_key,
    "a key that all may read": lambda folder: (folder / "server.key").chmod(0o644),
    "no certificate": lambda folder: (folder / "server.crt").unlink(),
    "another authority": other_authority,
    "not both in one file": lambda folder: (folder / "server.pem").write_text(""),
}


def test_what_was_made_is_left_alone_until_its_end_is_near(folder):
    assert same(folder) and not same(folder, days=91)


@pytest.mark.parametrize("drift", DRIFT)
def test_what_is_not_as_it_was_made_is_seen(folder, drift):
    DRIFT[drift](folder)
    assert not same(folder)
