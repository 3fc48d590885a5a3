# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of containers: what there is, what should be, and the calls between."""

from __future__ import annotations

import re

from dataclasses import dataclass
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step

_RESERVED = ("current", "vzdump")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")


@dataclass(frozen=True)
class SnapshotWish:
    """What the user declared of one snapshot."""

    state: str
    name: str
    description: str | None = None
    start: bool | None = None
    rolled_back: bool = False


def parse_snapshot_wish(params: dict[str, Any]) -> SnapshotWish:
    """The module's parameters; raises PlanError for a name that Proxmox VE would refuse."""
    name = params["name"]
    if name in _RESERVED or not _NAME.fullmatch(name):
        raise PlanError("name: %r can not be the name of a snapshot; use 2 to 40 letters, digits, _ and -, and not %s" % (
            name, " or ".join(_RESERVED)))
    description = params["description"]
    return SnapshotWish(params["state"], name, description if description is None else description.rstrip("\n"), params["start"])


def list_snapshots(client: Client, guest: Guest) -> list[dict[str, Any]]:
    """The snapshots, oldest first; the server's entry for the present state is left out."""
    entries = client.get("nodes/%s/lxc/%d/snapshot" % (guest.node, guest.vmid))
    snapshots = [{
        "name": entry["name"], "description": str(entry.get("description") or "").rstrip("\n"), "parent": entry.get("parent", ""),
        "time": int(entry.get("snaptime") or 0)} for entry in entries if entry["name"] != "current"]
    return sorted(snapshots, key=lambda snapshot: (snapshot["time"], snapshot["name"]))


def plan_snapshot(wish: SnapshotWish, guest: Guest, snapshots: list[dict[str, Any]]) -> tuple[Step, ...]:
    """The calls that lead to the declared state."""
    base = "nodes/%s/lxc/%d" % (guest.node, guest.vmid)
    path = "%s/snapshot/%s" % (base, wish.name)
    found = next((snapshot for snapshot in snapshots if snapshot["name"] == wish.name), None)
    if wish.state == "absent":
        return (Step("delsnapshot", "DELETE", path, keys=(wish.name,)),) if found else ()
    if wish.state == "present":
        if not found:
            params = {"snapname": wish.name, "description": wish.description}
            return (Step("snapshot", "POST", base + "/snapshot", {key: value for key, value in params.items() if value}, (wish.name,)),)
        if wish.description is not None and wish.description != found["description"]:
            return (Step("describe", "PUT", path + "/config", {"description": wish.description}, ("description",)),)
        return ()
    if not found:
        raise PlanError("container %d has no snapshot %r; it has %s" % (
            guest.vmid, wish.name, ", ".join(snapshot["name"] for snapshot in snapshots) or "none"))
    return _plan_rollback(wish, guest, path, base)


def _plan_rollback(wish: SnapshotWish, guest: Guest, path: str, base: str) -> tuple[Step, ...]:
    """Roll back once; that stops the container, so start it again where it should run."""
    start = Step("start", "POST", base + "/status/start", keys=("status",))
    run = guest.running if wish.start is None else wish.start
    if wish.rolled_back:
        return (start,) if wish.start and not guest.running else ()
    rollback = Step("rollback", "POST", path + "/rollback", keys=(wish.name,))
    return (rollback, start) if run else (rollback,)
