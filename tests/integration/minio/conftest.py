# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, run as Ansible runs them against a real MinIO."""

from __future__ import annotations

import secrets

import pytest
from module_runs import run_module, run_twice


@pytest.fixture(scope="session")
def server(minio_server):
    return minio_server


@pytest.fixture
def run(server, capfd):
    """Run a module as Ansible does and return what it prints; no secret may be in that."""

    def call(module_name, /, check=False, **options):
        arguments = {
            "endpoint": server.endpoint,
            "access_key": server.root_user,
            "secret_key": server.root_secret,
            "ca_path": str(server.ca_path),
            "region": server.region,
            **options,
        }
        arguments = {key: value for key, value in arguments.items() if value is not None}
        secret_values = [value for key, value in arguments.items() if key in ("secret_key", "secret")]
        return run_module(module_name, arguments, secret_values, capfd, check)

    return call


@pytest.fixture
def twice(run):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""

    def call(module_name, /, **options):
        return run_twice(run, module_name, options)

    return call


@pytest.fixture
def name():
    return "t" + secrets.token_hex(5)
