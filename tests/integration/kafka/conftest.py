# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, run as Ansible runs them against a real broker."""

from __future__ import annotations

import logging
import secrets

import pytest
from module_runs import run_module, run_twice


@pytest.fixture
def run(broker, capfd):
    """Run a module as Ansible does and return what it prints; no secret may be in that."""

    def call(module_name, /, check=False, **options):
        arguments = {
            "bootstrap_servers": [broker.bootstrap],
            "login_user": broker.admin_user,
            "login_password": broker.admin_password,
            "ca_path": str(broker.authority.path),
            "timeout": 20,
            **options,
        }
        secret_values = [arguments["login_password"], *(user.get("password") for user in arguments.get("users", []))]
        return run_module(module_name, arguments, secret_values, capfd, check)

    return call


@pytest.fixture
def twice(run):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""

    def call(module_name, /, **options):
        return run_twice(run, module_name, options)

    return call


@pytest.fixture
def client_settings(broker):
    """The client library's own settings to sign in as someone, to look at what the modules did by another way."""

    def settings(user=broker.admin_user, password=broker.admin_password, **more):
        return {
            "bootstrap.servers": broker.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "ssl.ca.location": str(broker.authority.path),
            "logger": logging.getLogger("kafka"),
            **more,
        }

    return settings


@pytest.fixture
def name():
    return "t" + secrets.token_hex(5)


@pytest.fixture
def password():
    return secrets.token_urlsafe(24)
