# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/version and /cluster: free ids, resources, options."""

from ..errors import Die, ParameterError
from ..formats import split_list
from ..guestview import broadcast_entry
from ..node import VERSION
from ..normalise import MAC_PREFIX
from ..router import everyone, may, route
from ..schema import PropertyString, boolean, enum, integer, string


@route("GET", "/version", permission=everyone)
def version(call):
    return VERSION


@route("GET", "/cluster/nextid", {"vmid": integer(100, 999999999, format="pve-vmid")}, permission=everyone)
def next_id(call):
    """Looks for a free id, and reserves nothing: two clients may get the same one."""
    node = call.node
    if call.get("vmid"):
        if node.exists(int(call["vmid"])):
            raise ParameterError({"vmid": "VM %s already exists" % call["vmid"]})      # cluster-019
        return call["vmid"]
    taken = set(node.guests.ids())
    limits = NEXT_ID.parse(node.options.get("next-id", ""))
    for vmid in range(int(limits.get("lower", 100)), int(limits.get("upper", 1000000))):
        if vmid not in taken:
            return str(vmid)
    raise Die("unable to get any free VMID in range")


@route("GET", "/cluster/resources", {"type": enum("vm", "storage", "node", "sdn")}, permission=everyone)
def resources(call):
    wanted = call.get("type")
    found = []
    if wanted in (None, "node"):
        found.append(_node_entry(call.node, call.allowed("/nodes/" + call.node.name, "Sys.Audit")))
    if wanted in (None, "storage"):
        found += [storage_entry(call.node, name) for name in sorted(call.node.storage.config)
                  if call.allowed("/storage/" + name, "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)]
    if wanted is None:
        found += [{"id": "/pool/" + name, "pool": name, "type": "pool"} for name in sorted(call.node.pools)
                  if call.allowed("/pool/" + name, "Pool.Audit")]
    if wanted in (None, "sdn") and call.allowed("/sdn/zones/localnetwork", "SDN.Audit"):
        found.append({"id": "network/%s/zone/localnetwork" % call.node.name, "network": "localnetwork",
                      "network-type": "zone", "node": call.node.name, "status": "ok", "type": "network"})
    if wanted in (None, "vm"):
        found += [broadcast_entry(call.node, vmid) for vmid in call.node.guests.ids()
                  if call.allowed("/vms/%d" % vmid, "VM.Audit")]
    return sorted(found, key=lambda entry: entry["id"])


def _node_entry(node, auditor):
    """Who may not audit the node sees that it is there, and nothing of its size."""
    entry = {"id": "node/" + node.name, "node": node.name, "type": "node", "status": "online"}
    if auditor:
        total, used = node.backend.memory()
        entry.update({"maxcpu": node.backend.cpus(), "maxmem": total, "mem": used})
    return entry


def storage_entry(node, name):
    definition = node.storage.config[name]
    total, used = node.backend.space(name)
    return {"id": "storage/%s/%s" % (node.name, name), "node": node.name, "storage": name, "type": "storage",
            "content": definition["content"], "plugintype": definition["type"], "shared": 0, "status": "available",
            "maxdisk": total, "disk": used}


@route("GET", "/cluster/status", permission=may("/", "Sys.Audit"))
def status(call):
    return [{"id": "node/" + call.node.name, "name": call.node.name, "type": "node", "nodeid": 0, "online": 1,
             "local": 1, "level": ""}]


@route("GET", "/cluster/tasks", permission=everyone)
def recent_tasks(call):
    auditor = call.allowed("/nodes/" + call.node.name, "Sys.Audit")
    return [task.listed() for task in list(call.node.tasks.tasks.values())[-25:] if auditor or task.owner == call.user]


# ---- datacenter options (only what changes how guests are handled)

TAG_STYLE = PropertyString({
    "case-sensitive": boolean(), "color-map": string(), "ordering": enum("config", "alphabetical"),
    "shape": enum("full", "circle", "dense", "none")})
NEXT_ID = PropertyString({"lower": integer(), "upper": integer()})
OPTIONS = {"tag-style": string(props=TAG_STYLE), "registered-tags": string(), "description": string(longest=65536, lines=True),
           "next-id": string(props=NEXT_ID), "delete": string("pve-configid-list")}


@route("GET", "/cluster/options", permission=everyone)
def options(call):
    """Without Sys.Audit only what everybody needs to know (cluster-012)."""
    node = call.node
    shown = {"allowed-tags": allowed_tags(node)}
    if not call.allowed("/", "Sys.Audit"):
        return shown
    shown.update({"mac_prefix": MAC_PREFIX, "description": ""})
    shown.update(node.options)
    if "tag-style" in node.options:
        style = TAG_STYLE.parse(node.options["tag-style"])
        if "case-sensitive" in style:
            style["case-sensitive"] = int(style["case-sensitive"])
        shown["tag-style"] = style
    if "next-id" in node.options:
        shown["next-id"] = {name: int(value) for name, value in NEXT_ID.parse(node.options["next-id"]).items()}
    if "registered-tags" in node.options:
        shown["registered-tags"] = split_list(node.options["registered-tags"])
    return shown


def allowed_tags(node):
    """Tags in use, and registered ones."""
    used = set(split_list(node.options.get("registered-tags", "")))
    for vmid in node.guests.ids():
        used.update(split_list(node.guests.load(vmid).current.get("tags", "")))
    return sorted(used)


@route("PUT", "/cluster/options", OPTIONS, permission=may("/", "Sys.Modify"))
def change_options(call):
    for name in split_list(call.get("delete", "")):
        call.node.options.pop(name, None)
    call.node.options.update({name: call[name] for name in OPTIONS if name in call.params and name != "delete"})
    call.node.save_options()
