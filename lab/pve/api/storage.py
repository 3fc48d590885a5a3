# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/storage and /nodes/NODE/storage: definitions, content."""

from ..errors import Die, ParameterError
from ..router import everyone, may, route
from ..schema import boolean, enum, integer, string

KINDS = ("btrfs", "cephfs", "cifs", "dir", "esxi", "iscsi", "iscsidirect", "lvm", "lvmthin", "nfs", "pbs", "rbd", "zfs",
         "zfspool")
SEE = ("Datastore.Audit", "Datastore.AllocateSpace")


@route("GET", "/storage", {"type": enum(*KINDS)}, permission=everyone)
def definitions(call):
    storage = call.node.storage
    return [{"storage": name, **entry} for name, entry in sorted(storage.config.items())
            if call.get("type") in (None, entry["type"]) and call.allowed("/storage/" + name, *SEE, any_of=True)]


@route("GET", "/storage/{storage}", permission=may("/storage/{storage}", "Datastore.Allocate"))
def definition(call):
    return {"storage": call["storage"], **call.node.storage.get(call["storage"])}


@route("POST", "/storage", {"storage": string("pve-storage-id", required=True), "type": enum(*KINDS, required=True),
                            "path": string(), "pool": string(), "content": string(), "disable": boolean(),
                            "nodes": string(), "shared": boolean()}, permission=may("/storage", "Datastore.Allocate"))
def add(call):
    storage, name = call.node.storage, call["storage"]
    if name in storage.config:
        raise Die("create storage failed: storage ID '%s' already defined" % name)     # storage-003
    if call["type"] not in ("dir", "btrfs", "zfspool"):
        raise Die("create storage failed: the lab has no storages of type '%s'" % call["type"])
    storage.config[name] = {key: call[key] for key in ("type", "path", "pool") if call.get(key)}
    storage.config[name]["content"] = call.get("content", "images,rootdir")
    storage.save()
    return {"storage": name, "type": call["type"]}


def _status(node, name):
    entry = node.storage.config[name]
    total, used = node.backend.space(name)
    return {"type": entry["type"], "content": entry["content"], "active": 1, "enabled": 1, "shared": 0,
            "total": total, "used": used, "avail": total - used}


@route("GET", "/nodes/{node}/storage", {"content": string("pve-storage-content-list"), "enabled": boolean(),
                                        "format": boolean(), "storage": string("pve-storage-id"),
                                        "target": string()}, permission=everyone)
def of_node(call):
    node, wanted = call.node, set(call.get("content", "").split(",")) - {""}
    found = []
    for name, entry in sorted(node.storage.config.items()):
        if call.get("storage") not in (None, name) or not call.allowed("/storage/" + name, *SEE, any_of=True):
            continue
        if wanted and not wanted & set(entry["content"].split(",")):
            continue
        status = _status(node, name)
        found.append({"storage": name, **status, "used_fraction": status["used"] / status["total"]})
    return found


@route("GET", "/nodes/{node}/storage/{storage}/status", permission=may("/storage/{storage}", *SEE, any_of=True))
def status(call):
    if call["storage"] not in call.node.storage.config:
        raise ParameterError({"storage": "No such storage."})           # storage-012
    return _status(call.node, call["storage"])


@route("GET", "/nodes/{node}/storage/{storage}/content", {"content": string("pve-storage-content"),
                                                          "vmid": integer(100, 999999999, format="pve-vmid")},
       permission=may("/storage/{storage}", *SEE, any_of=True))
def content(call):
    return call.node.storage.content(call["storage"], call.get("content"), call.get("vmid"))
