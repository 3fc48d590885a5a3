# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights a plan needs, asked for before its first write, so that a token that lacks one changes nothing at all.

Bridges are left to the server: their path holds the zone, which only it knows, and it checks them before it does anything.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve_client import Client
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_config import OPTIONS, Guest
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_plan import Plan
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_steps import PlanError, Step
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_wish import Wish

# A need: any of the privileges, on any of the paths.
Need = tuple

_BY_KIND = {
    "create": "VM.Allocate", "destroy": "VM.Allocate", "resize": "VM.Config.Disk", "revert": "", "config": "", "pool": "",
    "start": "VM.PowerMgmt", "stop": "VM.PowerMgmt", "shutdown": "VM.PowerMgmt", "reboot": "VM.PowerMgmt",
}


def _privilege_of_key(key: str) -> str:
    if key == "rootfs" or key.startswith("mp"):
        return "VM.Config.Disk"
    if key.startswith("net"):
        return "VM.Config.Network"
    return {option.key: option.privilege for option in OPTIONS.values()}.get(key, "")


def _allocated_storages(step: Step) -> list[str]:
    """The storages on which the step makes new volumes, told by their allocation syntax ``STORAGE:GiB``."""
    storages = []
    for key, value in step.params.items():
        volume = str(value).split(",", 1)[0]
        storage, colon, size = volume.partition(":")
        if (key == "rootfs" or key.startswith("mp")) and colon and size.replace(".", "", 1).isdigit():
            storages.append(storage)
    return storages


def needs(plan: Plan, wish: Wish, vmid: int) -> list[Need]:
    """What the steps of a plan need, as (privileges, paths), each once."""
    guest_paths = ("/vms/%d" % vmid,)
    if wish.pool and any(step.kind == "create" for step in plan.steps):
        guest_paths += ("/pool/%s" % wish.pool,)
    found: list[Need] = []
    for step in plan.steps:
        privileges = [_BY_KIND[step.kind]]
        if step.kind in ("create", "config"):
            privileges += [_privilege_of_key(key) for key in step.keys]
        found += [((privilege,), guest_paths) for privilege in privileges if privilege]
        found += [(("Datastore.AllocateSpace",), ("/storage/%s" % storage,)) for storage in _allocated_storages(step)]
        if step.kind == "pool":
            found.append((("Pool.Allocate",), ("/pool/%s" % step.params["poolid"],)))
        if step.kind == "create" and ":" in wish.ostemplate:
            found.append((("Datastore.AllocateSpace", "Datastore.Audit"), ("/storage/%s" % wish.ostemplate.split(":", 1)[0],)))
    return sorted(set(found))


def root_only(plan: Plan, guest: Guest, wish: Wish) -> list[str]:
    """What in the plan Proxmox VE lets only root@pam do, signed in with the password."""
    keys = {key for step in plan.steps for key in step.keys}
    found = []
    if "features" in keys:
        present = guest.future.get("features", {})
        wanted = wish.config["features"]
        found += ["features.%s" % name for name in sorted(set(present) | set(wanted))
                  if name != "nesting" and wanted and present.get(name) != wanted.get(name)]
    for key, mount in sorted(wish.config.get("mounts", {}).items()):
        if key in keys and mount.get("volume", "").startswith("/"):
            found.append("mounts[id=%s].host_path" % key)
    return found


def check_rights(client: Client, wish: Wish, guest: Guest, plan: Plan) -> None:
    """Raises PlanError that names everything that is missing, before anything is changed."""
    identity = client.connection.identity
    kept_for_root = root_only(plan, guest, wish)
    if kept_for_root and identity != "root@pam":
        raise PlanError("%s: only root@pam, signed in with its password, may change these; %s may not" % (", ".join(kept_for_root), identity))
    check_needs(client, needs(plan, wish, guest.vmid or int(client.get("cluster/nextid"))))


def check_needs(client: Client, wanted: list[Need]) -> None:
    """Raises PlanError that names each need that is not met."""
    held: dict[str, dict[str, Any]] = {}
    missing = []
    for privileges, paths in wanted:
        for path in paths:
            if path not in held:
                held[path] = (client.get("access/permissions", path=path) or {}).get(path) or {}
        if not any(privilege in held[path] for privilege in privileges for path in paths):
            missing.append("%s on %s" % (" or ".join(privileges), " or ".join(paths)))
    if missing:
        raise PlanError("%s lacks privileges: %s; grant them to it, and to its user when the token has privilege separation" % (
            client.connection.identity, ", ".join(missing)))
