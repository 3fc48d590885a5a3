# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds containers and reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve_client import Client, PveError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_config import Guest, parse_pending
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_steps import PlanError

MISSING = "does not exist"
TAKEN = "already exists"
CREATION = 600


def list_containers(client: Client) -> dict[int, dict[str, Any]]:
    """All containers that the token may see, by id. The nodes' own lists know names at once, the cluster's only after a while."""
    found = {entry["vmid"]: dict(entry) for entry in map(_with_number, client.get("cluster/resources", type="vm")) if entry["type"] == "lxc"}
    for node in client.get("nodes"):
        if node.get("status") == "offline":
            continue
        for entry in map(_with_number, client.get("nodes/%s/lxc" % node["node"])):
            found.setdefault(entry["vmid"], {}).update(entry, node=node["node"])
    return found


def _with_number(entry: dict[str, Any]) -> dict[str, Any]:
    return dict(entry, vmid=int(entry["vmid"]))


def find_by_id(client: Client, vmid: int) -> dict[str, Any] | None:
    """The list entry of a container, or None when the id is free. Fails for a virtual machine and for what can not be seen."""
    for entry in map(_with_number, client.get("cluster/resources", type="vm")):
        if entry["vmid"] == vmid:
            if entry["type"] != "lxc":
                raise PlanError("vmid %d is a virtual machine (%s), not a container" % (vmid, entry.get("name", "")))
            return entry
    if _is_free(client, vmid):
        return None
    entry = list_containers(client).get(vmid)
    if not entry:
        raise PlanError("vmid %d is taken by a guest that %s may not see; grant VM.Audit on /vms/%d, or choose another id" % (
            vmid, client.connection.identity, vmid))
    return entry


def _is_free(client: Client, vmid: int) -> bool:
    try:
        client.get("cluster/nextid", vmid=vmid)
    except PveError as error:
        if error.says(TAKEN):
            return False
        raise
    return True


def find_by_name(client: Client, hostname: str) -> dict[str, Any] | None:
    """The list entry of the only container of that name, or None."""
    found = [entry for entry in list_containers(client).values() if entry.get("name", "").lower() == hostname.lower()]
    if len(found) > 1:
        raise PlanError("%d containers are called %r (%s); give vmid" % (
            len(found), hostname, ", ".join(str(entry["vmid"]) for entry in found)))
    return found[0] if found else None


def list_nodes(client: Client, wanted: str = "") -> list[str]:
    """The nodes of the cluster, or only the one wanted, which must be one of them."""
    nodes = sorted(entry["node"] for entry in client.get("nodes"))
    if wanted and wanted not in nodes:
        raise PlanError("node %r is not in the cluster (%s)" % (wanted, ", ".join(nodes)))
    return [wanted] if wanted else nodes


def choose_node(client: Client, wanted: str) -> str:
    """The node on which to create: the one given, or the only one."""
    nodes = list_nodes(client, wanted)
    if len(nodes) != 1:
        raise PlanError("the cluster has several nodes (%s); give node" % ", ".join(nodes))
    return nodes[0]


def locate(client: Client, vmid: int | None, hostname: str) -> Guest:
    """Where a container is; without its configuration."""
    entry = find_by_id(client, vmid) if vmid else find_by_name(client, hostname)
    if not entry:
        return Guest(vmid=vmid)
    return Guest(vmid=entry["vmid"], node=entry["node"], exists=True, pool=entry.get("pool", ""))


def read(client: Client, guest: Guest, patience: float = CREATION) -> Guest:
    """The container with its configuration, pending changes and status; waits while it is still being created."""
    base = "nodes/%s/lxc/%d" % (guest.node, guest.vmid)
    deadline = client.clock() + patience
    while True:
        try:
            fresh = replace(guest, exists=True, **parse_pending(client.get(base + "/pending")))
            if fresh.lock != "create":
                status = client.get(base + "/status/current")
                return replace(fresh, status=status["status"], uptime=int(status.get("uptime") or 0))
        except PveError as error:
            if error.says(MISSING):
                return Guest(vmid=guest.vmid, node=guest.node)
            raise
        if client.clock() > deadline:
            raise PveError("container %d is still being created; if nothing does so any more, run pct unlock and pct destroy on node %s" % (
                guest.vmid, guest.node))
        client.sleep(0.5)


def read_addresses(client: Client, guest: Guest) -> list[str]:
    """The addresses that a running container has now; loopback and link-local ones left out."""
    if not guest.running:
        return []
    addresses = []
    for card in client.get("nodes/%s/lxc/%d/interfaces" % (guest.node, guest.vmid)) or []:
        for kind in ("inet", "inet6"):
            address = str(card.get(kind) or "").split("/", maxsplit=1)[0]
            if address and card.get("name") != "lo" and not address.lower().startswith("fe80:"):
                addresses.append(address)
    return addresses
