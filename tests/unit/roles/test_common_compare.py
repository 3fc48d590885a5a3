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


def compared(folder, days=30, trusted=None):
    owner = "%s:%s" % (pwd.getpwuid(os.getuid())[0], grp.getgrgid(os.getgid())[0])
    return subprocess.run(
        ["sh", "-c", "cd \"$1\" && shift && { %s}" % VARS["__common_tls_compare"], "sh", str(folder), ".made-1", str(days * 86400), owner,
         (folder / "ca.crt").read_text().strip() if trusted is None else trusted, *FILES], check=False, capture_output=True, text=True)


def same(folder, days=30):
    return compared(folder, days).returncode == 0


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


@pytest.fixture(name="both")
def made_both(folder):
    """The texts of the authority that signs, and of it and another one."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "other.key", "-subj", "/CN=other",
                    "-out", "other.crt"], check=True, cwd=folder, capture_output=True)
    one = (folder / "ca.crt").read_text().strip()
    return one, "%s\n%s" % (one, (folder / "other.crt").read_text().strip())


def test_another_authority_that_is_to_be_trusted_makes_no_new_certificate(folder, both):
    assert compared(folder, trusted=both[1]).returncode == 3


def test_one_that_is_trusted_no_more_is_told_with_the_time_that_the_file_keeps(folder, both):
    (folder / "ca.crt").write_text(both[1] + "\n")
    os.utime(folder / "ca.crt", (1000, 1000))
    done = compared(folder, trusted=both[0])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (4, "1000")


def test_a_store_for_java_that_is_older_than_the_authorities_is_made_again(folder):
    (folder / "truststore.p12").touch()
    os.utime(folder / "truststore.p12", (1000, 1000))
    assert compared(folder).returncode == 3


def test_java_trusts_what_is_in_the_file_and_both_keep_their_time_where_fewer_are(folder, both):
    """With a keytool that writes down what it is given."""
    keytool = folder / "keytool"
    keytool.write_text('#!/bin/sh\nwhile [ $# -gt 1 ]; do case $1 in -keystore) store=$2 ;; -file) file=$2 ;; esac; shift; done\ncat "$file" >> "$store"\n')
    keytool.chmod(0o755)

    def trust(text, time):
        (folder / "ca.crt").write_text(text + "\n")
        subprocess.run(["sh", "-c", VARS["__common_tls_trust"], "sh", grp.getgrgid(os.getgid())[0], str(keytool), "changeit", time],
                       cwd=folder, check=True, capture_output=True)
        return (folder / "truststore.p12").read_text().strip(), (folder / "truststore.p12").stat().st_mtime
    assert trust(both[1], "")[0] == both[1]
    assert trust(both[0], "1000") == (both[0], 1000) and (folder / "ca.crt").stat().st_mtime == 1000
    assert not list(folder.glob("authority-*"))
