# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, run as Ansible runs them against a real broker.

The broker's jars are in the folder that KAFKA_LIBS names, or else of the release in the mirror's cache.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pathlib
import secrets
import subprocess

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from kafka_broker import Broker

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
RELEASES = pathlib.Path("/var/cache/gti-lakehouse/mirror/public/releases")


@pytest.fixture(scope="session")
def jars(tmp_path_factory):
    if os.environ.get("KAFKA_LIBS"):
        return pathlib.Path(os.environ["KAFKA_LIBS"])
    version = yaml.safe_load((CHECKOUT / "group_vars/all/versions.yml").read_text())["lakehouse_kafka_version"]
    archive = RELEASES / f"kafka-{version}.tar.zst"
    if not archive.exists():
        pytest.fail(f"no Kafka to test against: set KAFKA_LIBS, or fill the mirror so that it has {archive}")
    folder = tmp_path_factory.mktemp("kafka-release")
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=True)
    return folder / "libs"


@pytest.fixture(scope="session")
def broker(jars, tmp_path_factory):
    instance = Broker(jars, tmp_path_factory.mktemp("kafka"))
    instance.tool("kafka.tools.StorageTool", "format", "-t", instance.cluster_id, "-c", instance.config)
    try:
        instance.start()
        instance.set_admin_password()
        yield instance
    finally:
        instance.stop()


class Outcome(dict):
    @property
    def failed(self):
        return self.get("failed", False)


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
        module = importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{module_name}")
        capfd.readouterr()
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        output, errors = capfd.readouterr()
        for value in filter(None, secret_values):
            assert value not in output + errors
        return Outcome(json.loads(output))

    return call


@pytest.fixture
def twice(run):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""

    def call(module_name, /, **options):
        foreseen = run(module_name, check=True, **options)
        done = run(module_name, **options)
        assert not foreseen.failed and not done.failed, (foreseen, done)
        assert foreseen["changed"] == done["changed"]
        assert foreseen.get("diff") == done.get("diff")
        again = run(module_name, **options)
        assert not again.failed and again["changed"] is False and "diff" not in again, again
        return done

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
