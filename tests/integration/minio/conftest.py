# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, run as Ansible runs them against a real MinIO."""

from __future__ import annotations

import importlib
import json
import secrets

import pytest
from ansible.module_utils.testing import patch_module_args


@pytest.fixture(scope="session")
def server(minio_server):
    return minio_server


class Outcome(dict):
    @property
    def failed(self):
        return self.get("failed", False)


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
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        module = importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{module_name}")
        capfd.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        output, errors = capfd.readouterr()
        result = Outcome(json.loads(output))
        # Ansible shows warnings itself where its controller's part is loaded too, as other tests do.
        result.warned = str(result.pop("warnings", "")) + errors
        for value in secret_values:
            assert value not in output + errors
        return result

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
def name():
    return "t" + secrets.token_hex(5)
