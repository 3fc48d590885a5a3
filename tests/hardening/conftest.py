# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each host is looked at once; all tests are about what was seen. molecule/default/hardening.yml runs them, and says what is to be so."""

from __future__ import annotations

import json
import pathlib
import shlex

import pytest
import testinfra

LOOK = (pathlib.Path(__file__).parent / "look.py").read_text()


def pytest_addoption(parser):
    parser.addoption("--expected", help="file with {host: what is to be so there} as JSON, from hardening.yml")


@pytest.fixture(scope="session")
def expectations(pytestconfig):
    """What is to be so on each host: {host: {"ports": [number or range], "accounts": [the operator, who else may sign in]}}."""
    given = pytestconfig.getoption("--expected")
    assert given, "--expected is not given: run molecule/default/hardening.yml, which gives it"
    return json.loads(pathlib.Path(given).read_text())


@pytest.fixture(scope="module")
def seen(host):
    """What look.py sees on the host, as JSON."""
    return json.loads(host.check_output("sudo /usr/bin/python3 -c %s", LOOK))


@pytest.fixture(scope="module")
def expected(host, expectations):
    """What is to be so on the host."""
    return expectations[host.backend.get_hostname()]


@pytest.fixture
def sign_in(host, pytestconfig):
    """Tries to sign in from here as an account of the host; returns the code and words of ssh."""
    local = testinfra.get_host("local://")

    def sign_in(account, *options):
        command = ["ssh", "-F", pytestconfig.getoption("--ssh-config"), "-o", "BatchMode=yes", "-o", "ControlPath=none", "-o", "LogLevel=INFO", *options,
                   f"{account}@{host.backend.get_hostname()}", "true"]
        return local.run(shlex.join(command))

    return sign_in
