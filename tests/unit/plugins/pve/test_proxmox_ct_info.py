# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxmox_ct_info against the lab's API."""

from __future__ import annotations

import pytest


@pytest.fixture
def three(site):
    site.pool("lake")
    site.good(**site.kafka(state="started", pool="lake"))
    site.server.create(110, hostname="trino", tags="lake")
    site.server.create(111, hostname="other", tags="x")
    return site


def info(site, **params):
    result = site.run("proxmox_ct_info", **params)
    assert not result.get("failed"), result
    assert not result["changed"] and result["writes"] == []
    return result


@pytest.mark.parametrize("params, expected", [
    ({}, [109, 110, 111]), ({"vmid": 110}, [110]), ({"hostname": "kafka"}, [109]), ({"pool": "lake"}, [109]), ({"tags": ["lake"]}, [109, 110]),
    ({"tags": ["Lake", "kafka"]}, [109]), ({"node": "pve"}, [109, 110, 111]), ({"vmid": 110, "hostname": "kafka"}, []), ({"check": True}, [109, 110, 111])])
def test_filters(three, params, expected):
    assert [container["vmid"] for container in info(three, **params)["containers"]] == expected


def test_what_the_lists_tell(three):
    kafka = info(three, vmid=109)["containers"][0]
    assert kafka == {"vmid": 109, "hostname": "kafka", "node": "pve", "status": "running", "pool": "lake", "tags": ["kafka", "lake"], "template": False}


def test_a_closer_look(three):
    three.good(vmid=109, nameservers=[])
    three.run("proxmox_ct_snapshot", vmid=109, name="one")
    kafka, trino = info(three, tags=["lake"], gather=["config", "addresses", "snapshots"])["containers"]
    assert kafka["config"]["memory"] == 1024 and kafka["pending"] == ["nameserver"] and kafka["ip_addresses"] == ["192.0.2.109"]
    assert [snapshot["name"] for snapshot in kafka["snapshots"]] == ["one"]
    assert trino["ip_addresses"] == [] and trino["pending"] == []


def test_what_there_is_room_for(three):
    result = info(three, node="pve", vmid=109, gather=["nodes", "storages", "templates"])
    assert result["nodes"][0]["node"] == "pve" and result["nodes"][0]["maxmem"] > 0
    assert {storage["storage"]: "rootdir" in storage["content"] for storage in result["storages"]} == {"lab": True, "local": True}
    assert all(storage["avail"] > 0 and storage["active"] for storage in result["storages"])
    assert [template["volid"] for template in result["templates"]] == ["local:vztmpl/debian-12-gti_12_amd64.tar.zst"]


def test_a_node_that_is_not_there(site):
    result = site.run("proxmox_ct_info", node="pve9")
    assert result["failed"] and "node 'pve9' is not in the cluster (pve)" in result["msg"]


def test_what_the_token_may_not_see(three):
    assert info(three, auth=three.token_auth("nobody@pve!none", rights=None))["containers"] == []
