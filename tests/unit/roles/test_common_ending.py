# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates of a host the renewal takes for due."""
from __future__ import annotations

import pathlib
import subprocess

import pytest
import yaml

COMMON = pathlib.Path(__file__).parents[3] / "roles/common"
(TASK,) = yaml.safe_load((COMMON / "tasks/ending.yml").read_text())


def due(folder, days=30, newer=":"):
    command = TASK["ansible.builtin.shell"]["cmd"]
    for formula, value in (("{{ __common_etc }}", str(folder)), ("{{ common_tls_renew_days | int * 86400 }}", str(days * 86400)),
                           ("{{ __common_newer }}", newer + "\n")):
        assert formula in command
        command = command.replace(formula, value)
    done = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.fixture(name="certificate")
def made(tmp_path):
    tls = tmp_path / "tool/tls"
    tls.mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-days", "90",
                    "-keyout", "server.key", "-out", "server.crt"], cwd=tls, check=True, capture_output=True)
    (tls / ".made-1").touch()
    return tls / "server.crt"


def test_one_that_has_time_is_not_due_and_one_that_ends_is(tmp_path, certificate):
    assert due(tmp_path) == [] and due(tmp_path, days=91) == [str(certificate)]


def test_one_without_a_mark_is_due(tmp_path, certificate):
    (certificate.parent / ".made-1").unlink()
    assert due(tmp_path) == [str(certificate)]


def test_a_folder_without_a_certificate_and_a_host_without_any_are_not(tmp_path, certificate):
    certificate.unlink()
    assert due(tmp_path) == [] and due(tmp_path / "tool") == []


def test_one_that_is_newer_than_what_shows_it_is_due_once_and_settings_are_not(tmp_path, certificate):
    said = "\n".join("tool restart %s/%s" % (certificate.parent, name) for name in ("server.crt", "server.pem", "keystore.p12", "ca.crt", "../settings"))
    assert due(tmp_path, newer="echo '%s'" % said) == [str(certificate)]
