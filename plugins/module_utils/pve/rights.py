# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights a plan needs, asked for before its first write, so that a token that lacks one changes nothing at all.

Bridges are in pve_place: their path holds the zone, which is told with them.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import OPTIONS, Guest, storage_of
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.plan import Plan
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import Wish

# A need: any of the privileges, on any of the paths.
Need = tuple

_BY_KIND = {
    # Without VM.Audit a container is made, and then lost from sight. Growing is checked as a change of options, too.
    "create": ("VM.Allocate", "VM.Audit"), "destroy": ("VM.Allocate",), "resize": ("VM.Config.Disk", "VM.Config.Options"),
    "revert": (), "config": (), "pool": (),
    "start": ("VM.PowerMgmt",), "stop": ("VM.PowerMgmt",), "shutdown": ("VM.PowerMgmt",), "reboot": ("VM.PowerMgmt",),
}


def _privilege_of_key(key: str) -> str:
    if key == "rootfs" or key.startswith("mp"):
        return "VM.Config.Disk"
    if key.startswith("net"):
        return "VM.Config.Network"
    return {option.key: option.privilege for option in OPTIONS.values()}.get(key, "")


def allocated_storages(step: Step) -> list[str]:
    """The storages on which the step makes new volumes, told by their allocation syntax ``STORAGE:GiB``."""
    storages = []
    for key, value in step.params.items():
        volume = str(value).split(",", 1)[0]
        storage, colon, size = volume.partition(":")
        if (key == "rootfs" or key.startswith("mp")) and colon and size.replace(".", "", 1).isdigit():
            storages.append(storage)
    return storages


def needs(plan: Plan, wish: Wish, guest: Guest, vmid: int) -> list[Need]:
    """What the steps of a plan need, as (privileges, paths), each once."""
    guest_paths = ("/vms/%d" % vmid,)
    if wish.pool and any(step.kind == "create" for step in plan.steps):
        guest_paths += ("/pool/%s" % wish.pool,)
    found: list[Need] = []
    for step in plan.steps:
        privileges = list(_BY_KIND[step.kind])
        storages = allocated_storages(step)
        if step.kind in ("create", "config", "revert"):
            privileges += [_privilege_of_key(key) for key in step.keys]
        if step.kind == "resize":
            storages = [storage_of(guest.future[key] if key == "rootfs" else guest.future["mounts"][key]) for key in step.keys]
        found += [((privilege,), guest_paths) for privilege in privileges if privilege]
        found += [(("Datastore.AllocateSpace",), ("/storage/%s" % storage,)) for storage in storages]
        if step.kind == "pool":
            found.append((("Pool.Allocate",), ("/pool/%s" % step.params["poolid"],)))
            found.append((("VM.Allocate", "Permissions.Modify"), guest_paths))
        if step.kind == "create" and ":" in wish.ostemplate:
            found.append((("Datastore.AllocateSpace", "Datastore.Audit"), ("/storage/%s" % wish.ostemplate.split(":", 1)[0],)))
        if step.kind == "create" and step.params["unprivileged"] == "0":
            found.append((("Sys.Modify",), ("/",)))
    return sorted(set(found))


def root_only(plan: Plan, guest: Guest, wish: Wish) -> list[str]:
    """What in the plan Proxmox VE lets only root@pam do, signed in with the password."""
    found = set()
    unprivileged = wish.config.get("unprivileged", True) if not guest.exists else guest.settled["unprivileged"]
    for step in plan.steps:
        if "features" in step.keys:
            held, sent = (props.split_flags(text) for text in (guest.raw_settled.get("features", ""), step.params.get("features", "")))
            # Taken away as a whole, they must hold nothing but nesting, whatever the values.
            changed = {name for name in {*held, *sent} if held.get(name) != sent.get(name)}
            found |= {"features.%s" % name for name in changed if name != "nesting" or not unprivileged}
        found |= {"mounts[id=%s].host_path" % key for key in step.keys
                  if key.startswith("mp") and str(step.params.get(key, "")).startswith("/")}
    return sorted(found)


class Rights:
    """What the token may do, by path; each path is asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: dict[str, dict[str, Any]] = {}
        self.identity = client.connection.identity

    def any_of(self, path: str, *privileges: str) -> bool:
        """Whether one of the privileges is held on the path, which need not exist."""
        if path not in self._held:
            self._held[path] = (self._client.get("access/permissions", path=path) or {}).get(path) or {}
        return any(privilege in self._held[path] for privilege in privileges)


def find_refused(rights: Rights, wish: Wish, guest: Guest, plan: Plan, vmid: int) -> list[str]:
    """What of a plan the server would refuse to this token."""
    kept_for_root = root_only(plan, guest, wish)
    found = []
    if kept_for_root and rights.identity != "root@pam":
        found.append("%s: only root@pam, signed in with its password, may change these; %s may not" % (", ".join(kept_for_root), rights.identity))
    return found + find_unmet(rights, needs(plan, wish, guest, vmid))


def find_unmet(rights: Rights, wanted: list[Need]) -> list[str]:
    """Names each need that is not met."""
    missing = ["%s on %s" % (" or ".join(privileges), " or ".join(paths)) for privileges, paths in wanted
               if not any(rights.any_of(path, *privileges) for path in paths)]
    if not missing:
        return []
    text = "%s lacks privileges: %s; grant them to it, and to its user when the token has privilege separation" % (
        rights.identity, ", ".join(missing))
    if "/storage/" in text:
        text += " (a storage that does not exist looks the same: see pvesm status on the node)"
    return [text]


def check_needs(client: Client, wanted: list[Need]) -> None:
    """Raises PlanError that names each need that is not met."""
    unmet = find_unmet(Rights(client), wanted)
    if unmet:
        raise PlanError("; ".join(unmet))
