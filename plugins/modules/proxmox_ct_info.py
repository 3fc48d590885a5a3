#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxmox_ct_info
short_description: Read containers of Proxmox VE, and what there is room for
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Lists containers with their state and, where asked, their configuration in the words of M(gti.lakehouse.proxmox_ct), their addresses and snapshots.
  - On request also nodes, storages and templates, which a play needs to know before it creates containers.
  - Proxmox VE hides what the token may not see, so a list may be shorter than the truth.
extends_documentation_fragment:
  - gti.lakehouse.proxmox
  - gti.lakehouse.attributes.info_module
  - gti.lakehouse.attributes.actiongroup_proxmox
options:
  vmid:
    description:
      - Only the container of this number.
    type: int
  hostname:
    description:
      - Only containers of this name.
    type: str
  node:
    description:
      - Only what is on this node. The module fails when there is no such node.
    type: str
  pool:
    description:
      - Only containers of this pool.
    type: str
  tags:
    description:
      - Only containers that have all of these tags.
    type: list
    elements: str
    default: []
  gather:
    description:
      - What to read besides the list of containers; each costs calls of its own.
      - V(config) also reads pending changes, V(addresses) asks running containers.
      - V(nodes), V(storages) and V(templates) do not depend on the other options, except O(node).
    type: list
    elements: str
    choices: [config, addresses, snapshots, nodes, storages, templates]
    default: []
seealso:
  - module: gti.lakehouse.proxmox_ct
"""

EXAMPLES = r"""
- name: Read one container whole
  gti.lakehouse.proxmox_ct_info:
    api_host: pve.example.test
    api_user: lakehouse@pve
    api_token_id: provision
    api_token_secret: "{{ vault_proxmox_token_secret }}"
    hostname: kafka
    gather: [config, addresses, snapshots]
  register: kafka

- name: Is there room for the site's containers, and is their template there?
  gti.lakehouse.proxmox_ct_info:
    node: pve
    gather: [nodes, storages, templates]
  register: room
"""

RETURN = r"""
containers:
  description: The containers, by number.
  returned: success
  type: list
  elements: dict
  contains:
    vmid:
      description: Number.
      type: int
      sample: 109
    hostname:
      description: Name.
      type: str
      sample: kafka
    node:
      description: Node.
      type: str
      sample: pve
    status:
      description: V(running) or V(stopped).
      type: str
      sample: running
    pool:
      description: Resource pool; empty without one.
      type: str
      sample: lake
    tags:
      description: Tags.
      type: list
      elements: str
      sample: [kafka, lakehouse]
    template:
      description: Whether it is a template, which can not be started.
      type: bool
      sample: false
    config:
      description: Configuration; what waits for a restart is included.
      returned: with V(config) in O(gather)
      type: dict
      sample: {cores: 4, hostname: kafka, memory: 8192}
    pending:
      description: Keys of the API with a change that waits for a restart.
      returned: with V(config) in O(gather)
      type: list
      elements: str
      sample: [nameserver]
    ip_addresses:
      description: Addresses that a running container has right now.
      returned: with V(addresses) in O(gather)
      type: list
      elements: str
      sample: [192.0.2.109]
    snapshots:
      description: Snapshots, oldest first; see M(gti.lakehouse.proxmox_ct_snapshot).
      returned: with V(snapshots) in O(gather)
      type: list
      elements: dict
      sample: [{name: before_upgrade, description: "", parent: "", time: 1795449867}]
nodes:
  description: Nodes, with what the cluster knows of them (a token needs Sys.Audit to see more than the name).
  returned: with V(nodes) in O(gather)
  type: list
  elements: dict
  sample: [{node: pve, status: online, maxmem: 25769803776, mem: 4294967296, maxcpu: 8}]
storages:
  description: Storages of each node; sizes in bytes.
  returned: with V(storages) in O(gather)
  type: list
  elements: dict
  sample: [{node: pve, storage: local-lvm, content: [images, rootdir], avail: 107374182400, total: 214748364800, active: true}]
templates:
  description: Volume ids of the container templates on each node's storages.
  returned: with V(templates) in O(gather)
  type: list
  elements: dict
  sample: [{node: pve, volid: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", size: 126515062}]
"""

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client, PveError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest, describe_config
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.guest import list_containers, list_nodes, read, read_addresses
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.module import create_client, create_module, fail
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.props import parse_tags
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.snapshot import list_snapshots
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.template import list_storages, list_templates

GATHER = ["config", "addresses", "snapshots", "nodes", "storages", "templates"]


def argument_spec() -> dict[str, Any]:
    """The module's own options."""
    return {
        "vmid": {"type": "int"},
        "hostname": {"type": "str"},
        "node": {"type": "str"},
        "pool": {"type": "str"},
        "tags": {"type": "list", "elements": "str", "default": []},
        "gather": {"type": "list", "elements": "str", "choices": GATHER, "default": []},
    }


def summarise(entry: dict[str, Any]) -> dict[str, Any]:
    """What the server's lists say of a container."""
    return {
        "vmid": entry["vmid"], "hostname": entry.get("name", ""), "node": entry["node"], "status": entry.get("status", ""),
        "pool": entry.get("pool", ""), "tags": parse_tags(entry.get("tags", "")), "template": bool(int(entry.get("template") or 0)),
    }


def is_asked_for(container: dict[str, Any], params: dict[str, Any]) -> bool:
    """Whether a container passes all filters that were given."""
    same = all(params[name] in (None, container[name]) for name in ("vmid", "hostname", "node", "pool"))
    return same and set(parse_tags(";".join(params["tags"]))) <= set(container["tags"])


def look_closer(client: Client, container: dict[str, Any], gather: list[str]) -> dict[str, Any]:
    """The container with whatever else was asked for."""
    if not set(gather) & {"config", "addresses", "snapshots"}:
        return container
    guest = read(client, Guest(vmid=container["vmid"], node=container["node"]))
    more: dict[str, Any] = {}
    if "config" in gather:
        more.update(config=describe_config(guest.future), pending=list(guest.pending) if guest.running else [])
    if "addresses" in gather:
        more["ip_addresses"] = read_addresses(client, guest)
    if "snapshots" in gather:
        more["snapshots"] = list_snapshots(client, guest)
    return dict(container, **more)


def main() -> None:
    module = create_module(argument_spec())
    params = module.params
    gather = params["gather"]
    result: dict[str, Any] = {}
    try:
        client = create_client(module)
        nodes = list_nodes(client, params["node"] or "")
        listed, away = list_containers(client, params["node"] or "")
        if away:
            module.warn("node %s can not be asked; of its containers only what the cluster knows is told" % ", ".join(away))
        nodes = [node for node in nodes if node not in away]
        found = sorted((summarise(entry) for entry in listed.values()), key=lambda container: container["vmid"])
        result["containers"] = [look_closer(client, container, gather) for container in found if is_asked_for(container, params)]
        if "nodes" in gather:
            result["nodes"] = [entry for entry in client.get("cluster/resources", type="node") if entry["node"] in nodes]
        if "storages" in gather:
            result["storages"] = [storage for node in nodes for storage in list_storages(client, node)]
        if "templates" in gather:
            result["templates"] = [template for node in nodes for template in list_templates(client, node)]
    except (PlanError, PveError) as error:
        fail(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
