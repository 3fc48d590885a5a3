# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds containers and reads them."""

from __future__ import annotations

import re

from dataclasses import replace
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client, PveError, UncertainError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest, parse_pending
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError

_HOST_KEY = re.compile(r"done: (SHA256:[0-9A-Za-z+/]{43}) root@")
_ENDED_WELL = re.compile(r"OK|WARNINGS|RUNNING")
MISSING = "does not exist"
TAKEN = "already exists"
CREATION = 600


def list_containers(client: Client, node: str = "") -> tuple[dict[int, dict[str, Any]], list[str]]:
    """All containers that the token may see, by id, and the nodes that could not be asked; or only ``node`` is asked.

    The nodes' own lists know names at once, the cluster's only after a while; but a node may be away.
    """
    found = {entry["vmid"]: dict(entry) for entry in map(_with_number, client.get("cluster/resources", type="vm")) if entry["type"] == "lxc"}
    away = []
    for name in [node] if node else sorted(entry["node"] for entry in client.get("nodes") if entry.get("status") != "offline"):
        try:
            entries = client.get_once("nodes/%s/lxc" % name) if not node else client.get("nodes/%s/lxc" % name)
        except UncertainError:
            if node:
                raise
            away.append(name)
            continue
        for entry in map(_with_number, entries):
            found.setdefault(entry["vmid"], {}).update(entry, node=name)
    return found, away


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
    found, away = list_containers(client)
    entry = found.get(vmid)
    if not entry:
        raise PlanError("vmid %d is taken by a guest that %s may not see; grant VM.Audit on /vms/%d, or choose another id%s" % (
            vmid, client.connection.identity, vmid, _away(away)))
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
    listed, away = list_containers(client)
    found = [entry for entry in listed.values() if entry.get("name", "").lower() == hostname.lower()]
    if away and not found:
        raise PlanError("no container is called %r on the nodes that answer%s; give vmid" % (hostname, _away(away)))
    if len(found) > 1:
        raise PlanError("%d containers are called %r (%s); give vmid" % (
            len(found), hostname, ", ".join(str(entry["vmid"]) for entry in found)))
    return found[0] if found else None


def _away(nodes: list[str]) -> str:
    return "; node %s can not be asked" % ", ".join(nodes) if nodes else ""


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


def read_host_keys(client: Client, guest: Guest) -> list[str]:
    """Fingerprints of the SSH host keys that the container was created with: the task that made them tells them in its log.

    Empty where that is not to be known: the log is gone or hidden, or the container came from elsewhere (a backup, a clone).
    """
    if not guest.exists:
        return []
    tasks = client.get("nodes/%s/tasks" % guest.node, vmid=guest.vmid, source="all", limit=1000)
    # One of the number's tasks made the container that it has now; a clone's is kept with the number that it was made from.
    made = [task for task in tasks if task["type"] in ("vzcreate", "vzrestore", "vzdestroy") and _ENDED_WELL.match(task.get("status", "RUNNING"))]
    newest = max(made, key=lambda task: int(task["starttime"]), default={})
    if newest.get("type") != "vzcreate":
        return []
    lines = client.get("nodes/%s/tasks/%s/log" % (guest.node, newest["upid"]), limit=0) or []
    found = (_HOST_KEY.match(str(line.get("t", ""))) for line in lines)
    return [match.group(1) for match in found if match]
