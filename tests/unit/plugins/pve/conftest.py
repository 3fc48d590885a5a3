# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Proxmox VE modules, run in this process against the lab's API in a thread; nothing between the two is replaced."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import time

import pytest

from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.module_utils.pve import client as pve_client

from lab.pve.testing import TEMPLATE, PveServer

from official_schema import SCHEMA, problems_of_request

TOKEN = "lakehouse@pve!provision"


class Site:
    """A Proxmox VE, a token on it, and the modules that talk to it."""

    def __init__(self, server: PveServer) -> None:
        self.server = server
        self.faults = server.faults
        self.sent: list[tuple] = []
        self.auth = self.token_auth(TOKEN)

    def address(self) -> dict:
        return {"api_host": self.server.host, "api_port": self.server.port, "ca_path": self.server.ca_path}

    def token_auth(self, name: str, **rights) -> dict:
        user, token_id = name.split("!")
        return dict(self.address(), api_user=user, api_token_id=token_id, api_token_secret=self.server.token(name, **rights))

    def root_auth(self) -> dict:
        return dict(self.address(), api_user="root@pam", api_password=self.server.root_password)

    def run(self, module: str, auth: dict | None = None, check: bool = False, **params) -> dict:
        """What the module returns, with ``writes``: the POST, PUT and DELETE that it sent."""
        args = dict(self.auth if auth is None else auth, _ansible_check_mode=check, _ansible_diff=True, **params)
        main = importlib.import_module("ansible_collections.gti.lakehouse.plugins.modules." + module).main
        self.server.forget_requests()
        printed = io.StringIO()
        with patch_module_args(args), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main()
        result = json.loads(printed.getvalue().strip().splitlines()[-1])
        result["writes"] = [call for call in self.server.writes if call[1] != "/access/ticket"]
        result["requests"] = self.server.requests
        return result

    def ct(self, **params) -> dict:
        return self.run("proxmox_ct", **params)

    def good(self, **params) -> dict:
        """A run that must not fail."""
        result = self.ct(**params)
        assert not result.get("failed"), result
        return result

    def bad(self, **params) -> dict:
        """A run that must fail."""
        result = self.ct(**params)
        assert result.get("failed"), result
        return result

    def pool(self, name: str) -> None:
        self.server.node.pools[name] = {"vms": [], "storage": []}

    def check_sent(self) -> None:
        """Hold every request that was sent to the official schema, where it is."""
        if SCHEMA.is_file():
            wrong = {(method, path): problems for method, path, params in self.sent
                     for problems in [problems_of_request(method, path, params)] if problems}
            assert not wrong

    def config(self, vmid: int = 109) -> dict:
        return self.server.config(vmid)

    def kafka(self, **more) -> dict:
        """The options of a container with everything that the site's containers have."""
        return dict({
            "vmid": 109, "hostname": "kafka", "node": "pve", "ostemplate": TEMPLATE, "unprivileged": True, "features": {"nesting": True},
            "cores": 2, "memory": 1024, "swap": 0, "rootfs": {"storage": "lab", "size_gib": 4},
            "mounts": [{"id": "mp0", "storage": "lab", "size_gib": 2, "path": "/data", "backup": True}],
            "networks": [{"id": "net0", "bridge": "vmbr0", "ip": "192.0.2.109/24", "gw": "192.0.2.1", "firewall": True}],
            "nameservers": ["192.0.2.30", "192.0.2.31"], "searchdomains": ["example.test"], "tags": ["Lake", "kafka"],
            "startup": {"order": 2, "up": 10}, "onboot": True, "description": "Events\nlive here",
        }, **more)


@pytest.fixture
def site(monkeypatch):
    # The waits are there, only twenty times as short.
    monkeypatch.setattr(pve_client.Client, "sleep", staticmethod(lambda seconds: time.sleep(seconds / 20)))
    real = pve_client.Client._call
    with PveServer() as server:
        made = Site(server)

        def call(client, method, path, params):
            made.sent.append((method, "/" + path, params))
            return real(client, method, path, params)

        monkeypatch.setattr(pve_client.Client, "_call", call)
        yield made
        made.check_sent()
