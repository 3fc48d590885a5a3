# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/pools"""

import copy

from ..errors import Die
from ..formats import split_list
from ..guestview import broadcast_entry
from ..router import everyone, may, route
from ..schema import boolean, enum, string
from .cluster import storage_entry

UPDATE, DELETE = "update pools failed: ", "delete pool failed: "
POOLID = string("pve-poolid", required=True)
CHANGE = {"poolid": POOLID, "comment": string(), "vms": string("pve-vmid-list"),
          "storage": string("pve-storage-id-list"), "allow-move": boolean(), "delete": boolean()}


def _pool(call, doing=""):
    if call["poolid"] not in call.node.pools:
        raise Die("%spool '%s' does not exist" % (doing, call["poolid"]))
    return call.node.pools[call["poolid"]]


@route("GET", "/pools", {"poolid": string("pve-poolid"), "type": enum("qemu", "lxc", "storage")}, permission=everyone)
def list_pools(call):
    if call.get("poolid"):
        call.require("/pool/" + call["poolid"], "Pool.Audit")
        return [_details(call)]
    return [{"poolid": name, **({"comment": pool["comment"]} if pool.get("comment") else {})}
            for name, pool in sorted(call.node.pools.items()) if call.allowed("/pool/" + name, "Pool.Audit")]


@route("GET", "/pools/{poolid}", {"poolid": POOLID, "type": enum("qemu", "lxc", "storage")},
       permission=may("/pool/{poolid}", "Pool.Audit"))
def read(call):
    return _details(call)


def _details(call):
    pool, node = _pool(call), call.node
    members = [broadcast_entry(node, int(vmid)) for vmid in pool.get("vms", []) if node.exists(int(vmid))]
    for member in members:
        for name in ("pool", "tags"):
            member.pop(name, None)
    members += [storage_entry(node, name) for name in pool.get("storage", []) if name in node.storage.config]
    comment = {"comment": pool["comment"]} if pool.get("comment") else {}
    return {"poolid": call["poolid"], "members": members, **comment}


@route("POST", "/pools", {"poolid": POOLID, "comment": string()}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def create(call):
    if call["poolid"] in call.node.pools:
        raise Die("create pool failed: pool '%s' already exists" % call["poolid"])     # pools-002
    call.node.pools[call["poolid"]] = {"comment": call.get("comment", ""), "vms": [], "storage": []}
    call.node.save_pools()


@route("PUT", "/pools", CHANGE, permission=may("/pool/{poolid}", "Pool.Allocate"))
def change(call):
    """All or nothing: the first wrong member ends it, and nothing is stored (pools-013)."""
    node = call.node
    _pool(call, UPDATE)
    pools = copy.deepcopy(node.pools)
    for vmid in split_list(call.get("vms", "")):
        _change_member(call, pools, "vms", vmid, "VM %s" % vmid)
    for name in split_list(call.get("storage", "")):
        _change_member(call, pools, "storage", name, "Storage '%s'" % name)
    if "comment" in call.params:
        pools[call["poolid"]]["comment"] = call["comment"]
    node.pools.clear()
    node.pools.update(pools)
    node.save_pools()


@route("PUT", "/pools/{poolid}", CHANGE, permission=may("/pool/{poolid}", "Pool.Allocate"))
def change_old(call):
    change(call)


def _change_member(call, pools, kind, name, shown):
    members = pools[call["poolid"]][kind]
    # A pool gives rights on what is in it, so what goes in or out takes rights of its own.
    if kind == "vms":
        call.require("/vms/" + name, "Permissions.Modify", "VM.Allocate", any_of=True)
    else:
        call.require("/storage/" + name, "Permissions.Modify", "Datastore.Allocate", any_of=True)
    if call.flag("delete"):
        if name not in members:
            raise Die("%s%s is not a pool member" % (UPDATE, shown))
        members.remove(name)
        return
    if name in members:
        raise Die("%s%s is already a pool member" % (UPDATE, shown))
    holder = next((pool for pool, entry in pools.items() if name in entry[kind]), None) if kind == "vms" else None
    if holder and not call.flag("allow-move"):
        raise Die("%s%s belongs already to pool '%s' and 'allow-move' is not set" % (UPDATE, shown, holder))
    if holder:
        pools[holder][kind].remove(name)
    members.append(name)


@route("DELETE", "/pools", {"poolid": POOLID}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def delete(call):
    """Only an empty one; ids without a guest do not count (pools-030)."""
    node, name = call.node, call["poolid"]
    pool = _pool(call, DELETE)
    inside = ["pool '%s'" % other for other in node.pools if other.startswith(name + "/")]
    inside += ["VM %s" % vmid for vmid in pool["vms"] if node.exists(vmid)]
    inside += ["storage '%s'" % storage for storage in pool["storage"]]
    if inside:
        raise Die("%spool '%s' is not empty (contains %s)" % (DELETE, name, inside[0]))
    del node.pools[name]
    node.save_pools()


@route("DELETE", "/pools/{poolid}", {"poolid": POOLID}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def delete_old(call):
    delete(call)
