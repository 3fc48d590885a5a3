# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many containers at once, all after the same free numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.actor import Actor
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client, Connection
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import parse_wish

from lab.pve.testing import TEMPLATE

COUNT = 20


class Together(Client):
    """Lets all clients ask for their first free number before any of them takes it."""

    barrier = Barrier(COUNT)
    late = False

    def write(self, method, path, params=None):
        if method == "POST" and not self.late:
            self.late = True
            self.barrier.wait(30)
        return super().write(method, path, params)


def test_twenty_at_once_are_twenty_containers(site):
    auth = site.auth

    def create(number):
        client = Together(Connection(
            auth["api_host"], auth["api_port"], auth["api_user"], auth["api_token_id"], auth["api_token_secret"], verify=auth["ca_path"]))
        wish = parse_wish({"state": "present", "hostname": "ct-%d" % number, "ostemplate": TEMPLATE, "rootfs": {"storage": "lab", "size_gib": 1.0}})
        return Actor(client, wish).converge(False).guest.vmid

    with ThreadPoolExecutor(COUNT) as pool:
        made = dict(zip(range(COUNT), pool.map(create, range(COUNT))))
    assert len(set(made.values())) == COUNT
    assert site.server.node.guests.ids() == sorted(made.values())
    assert all(site.config(vmid)["hostname"] == "ct-%d" % number for number, vmid in made.items())
