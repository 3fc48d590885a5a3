# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/pools"""

from ..errors import Die
from ..formats import split_list
from ..guestview import broadcast_entry
from ..router import everyone, may, route
from ..schema import boolean, enum, string

POOLID = string("pve-poolid", required=True)
CHANGE = {"poolid": POOLID, "comment": string(), "vms": string("pve-vmid-list"), "storage": string(),
          "allow-move": boolean(), "delete": boolean()}


def _pool(call):
    if call["poolid"] not in call.node.pools:
        raise Die("pool '%s' does not exist" % call["poolid"])
    return call.node.pools[call["poolid"]]


@route("GET", "/pools", {"poolid": string("pve-poolid"), "type": enum("qemu", "lxc", "storage")}, permission=everyone)
def list_pools(call):
    if call.get("poolid"):
        call.require("/pool/" + call["poolid"], "Pool.Audit")
        return [{"poolid": call["poolid"], **_details(call)}]
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
        member.pop("pool", None)
    members += [{"id": "storage/%s/%s" % (node.name, name), "node": node.name, "storage": name, "type": "storage",
                 "status": "available"} for name in pool.get("storage", [])]
    return {"members": members, **({"comment": pool["comment"]} if pool.get("comment") else {})}


@route("POST", "/pools", {"poolid": POOLID, "comment": string()}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def create(call):
    if call["poolid"] in call.node.pools:
        raise Die("create pool failed: pool '%s' already exists" % call["poolid"])     # pools-002
    call.node.pools[call["poolid"]] = {"comment": call.get("comment", ""), "vms": [], "storage": []}
    call.node.save_pools()


@route("PUT", "/pools", CHANGE, permission=may("/pool/{poolid}", "Pool.Allocate"))
def change(call):
    pool, node = _pool(call), call.node
    for vmid in split_list(call.get("vms", "")):
        _change_member(call, node, pool, vmid)
    if "comment" in call.params:
        pool["comment"] = call["comment"]
    node.save_pools()


@route("PUT", "/pools/{poolid}", CHANGE, permission=may("/pool/{poolid}", "Pool.Allocate"))
def change_old(call):
    change(call)


def _change_member(call, node, pool, vmid):
    if call.flag("delete"):
        if vmid not in pool["vms"]:
            raise Die("update pools failed: VM %s is not a pool member" % vmid)
        pool["vms"].remove(vmid)
        return
    holder = node.pool_of_guest(vmid)
    if holder == call["poolid"]:
        raise Die("update pools failed: VM %s is already a pool member" % vmid)
    if holder and not call.flag("allow-move"):
        raise Die("update pools failed: VM %s belongs already to pool '%s' and 'allow-move' is not set"
                  % (vmid, holder))
    if holder:
        node.pools[holder]["vms"].remove(vmid)
    pool["vms"].append(vmid)


@route("DELETE", "/pools", {"poolid": POOLID}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def delete(call):
    pool = _pool(call)
    if pool.get("vms") or pool.get("storage"):
        raise Die("delete pool failed: pool '%s' is not empty" % call["poolid"])
    del call.node.pools[call["poolid"]]
    call.node.save_pools()


@route("DELETE", "/pools/{poolid}", {"poolid": POOLID}, permission=may("/pool/{poolid}", "Pool.Allocate"))
def delete_old(call):
    delete(call)
