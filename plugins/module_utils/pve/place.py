# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node must have for a plan: storages, the template, bridges; asked for before the first write.

The API lists only what the token may see. So what is not listed is either not there or hidden, and the rights on its path tell which.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.plan import Plan
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.rights import Rights, allocated_storages
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.template import list_storages, list_templates
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import Wish

_ZONE = "/sdn/zones/localnetwork"  # of the bridges that are the node's own


def find_missing(client: Client, rights: Rights, wish: Wish, node: str, plan: Plan) -> list[str]:
    """What the node lacks, each with its remedy."""
    writes = [step for step in plan.steps if step.kind in ("create", "config")]
    new_storages = sorted({storage for step in writes for storage in allocated_storages(step)})
    template = wish.ostemplate if any(step.kind == "create" for step in writes) else ""
    cards = [props.NETWORK.parse(value) for step in writes for key, value in sorted(step.params.items()) if key.startswith("net")]
    found = []
    if new_storages or template:
        listed = {entry["storage"]: entry for entry in list_storages(client, node)}
        found += [problem for name in new_storages for problem in _storage_problems(rights, node, name, listed, "rootdir")]
        found += _template_problems(client, rights, node, template, listed)
    if cards:
        listed_bridges = {entry["iface"]: entry for entry in client.get("nodes/%s/network" % node, type="any_bridge")}
        found += [problem for card in cards for problem in _bridge_problems(rights, node, card, listed_bridges)]
    return list(dict.fromkeys(found))


def _storage_problems(rights: Rights, node: str, name: str, listed: dict[str, dict[str, Any]], content: str) -> list[str]:
    if name not in listed:
        if not rights.any_of("/storage/" + name, "Datastore.AllocateSpace", "Datastore.Audit"):
            return []  # told as a missing right, with the storages that are seen
        return ["storage %s is not on node %s, which has %s; correct its name" % (name, node, ", ".join(sorted(listed)) or "none")]
    if content not in listed[name]["content"]:
        return ["storage %s does not take %s; choose another one, or add %s to its content (pvesm set %s --content %s)" % (
            name, {"rootdir": "containers", "vztmpl": "templates"}[content], content, name,
            ",".join(sorted(listed[name]["content"] + [content])))]
    if not listed[name]["active"]:
        return ["storage %s is not active on node %s; see pvesm status there" % (name, node)]
    return []


def _template_problems(client: Client, rights: Rights, node: str, template: str, listed: dict[str, dict[str, Any]]) -> list[str]:
    storage, colon, name = template.partition(":")
    if not colon or not name.startswith("vztmpl/"):
        return ["ostemplate: %r is not the name of a template, like local:vztmpl/NAME" % template] if template else []
    problems = _storage_problems(rights, node, storage, listed, "vztmpl")
    if problems or storage not in listed:
        return problems
    there = [entry["volid"] for entry in list_templates(client, node, storage)]
    if template in there:
        return []
    return ["template %s is not on node %s, which has %s there; download it (pveam download %s %s), or name one of these" % (
        template, node, ", ".join(there) or "none", storage, name.split("/", 1)[1])]


def _bridge_problems(rights: Rights, node: str, card: dict[str, Any], listed: dict[str, dict[str, Any]]) -> list[str]:
    bridge = card.get("bridge", "")
    path = "%s/%s" % (_ZONE, bridge)
    paths = [path] + ["%s/%s" % (path, card["tag"])] if "tag" in card else [path]
    allowed = any(rights.any_of(each, "SDN.Use") for each in paths)
    if bridge in listed:
        if allowed or listed[bridge].get("type") == "vnet":  # whose zone is not told here
            return []
        return ["%s lacks SDN.Use on %s" % (rights.identity, path)]
    if allowed:
        return ["bridge %s is not on node %s, which has %s; correct its name" % (bridge, node, ", ".join(sorted(listed)) or "none to be seen")]
    return ["bridge %s is not on node %s, or %s lacks SDN.Use on it (%s, or /sdn/zones/ZONE/%s for one of a zone of its own)" % (
        bridge, node, rights.identity, path, bridge)]
