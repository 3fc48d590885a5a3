# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones, templates, and moving volumes to another storage."""

import re

from .. import sizes
from ..changerights import check_bridge
from ..ctparams import MOUNT, RANGES, ROOTFS, kind_of
from ..errors import ApiError, Die, ParameterError
from ..guests import check_unlocked
from ..guestview import mounts, warn_about_nesting
from ..making import print_mount, remove_guest
from ..normalise import new_mac
from ..pending import add_unused
from ..router import all_of, any_of, may, route
from ..schema import boolean, enum, integer, number, string
from ..storage import mount_type, split_volid
from .guest_config import check_digest
from .guest_snapshot import volumes

VOLUMES = ("rootfs", *("mp%d" % n for n in range(RANGES["mp"])), *("unused%d" % n for n in range(RANGES["unused"])))


@route("POST", "/nodes/{node}/lxc/{vmid}/clone", {
    "newid": integer(100, 999999999, format="pve-vmid", required=True), "bwlimit": number(0), "description": string(lines=True),
    "full": boolean(), "hostname": string("dns-name"), "pool": string("pve-poolid"),
    "snapname": string("pve-configid", longest=40), "storage": string("pve-storage-id"),
    "target": string("pve-node")},
    permission=all_of(may("/vms/{vmid}", "VM.Clone"), any_of(may("/pool/{pool}", "VM.Allocate"),
                                                             may("/vms/{newid}", "VM.Allocate"))))
def clone(call):
    """A full copy, of the present state or of a snapshot's configuration; the copy gets NICs of its own."""
    node, vmid, new = call.node, call["vmid"], call["newid"]
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    if node.exists(new):
        raise Die("CT %s already exists on node '%s'" % (new, node.name))              # misc-004
    if node.backend.running(vmid) and not call.get("snapname"):
        raise Die("Full clone of a running container is only possible from a snapshot")
    for name, value in conf.current.items():
        if kind_of(name) == "net":
            check_bridge(call, value)
    for volid in volumes(conf.current):
        call.require("/storage/" + call.get("storage", split_volid(volid)[0]), "Datastore.AllocateSpace")
    node.guests.reserve(new)
    return call.task("vzclone", vmid, lambda task: _clone(task, call, conf, new))


def _clone(task, call, conf, new):
    node = call.node
    task.log("creating a clone of container %s with ID %s" % (call["vmid"], new))
    copy = node.guests.load(new)
    try:
        skipped = ("template", "parent", "lock", "protection", "snaptime")
        copy.current.update({name: text for name, text in conf.current.items()
                             if name not in skipped and not name.startswith("unused")})
        for name, keys in mounts(conf.current):
            copy.current[name] = _copy(task, node, name, keys, new, call.get("storage"), conf.current.unprivileged)
        for name in [name for name in copy.current if kind_of(name) == "net"]:
            copy.current[name] = _other_mac(copy.current[name])
        copy.current.update({name: call[name] for name in ("hostname", "description") if call.get(name)})
        node.guests.save(new, copy)
        warn_about_nesting(task, node, copy.current)
    except ApiError:
        remove_guest(node, new)
        raise
    del copy.current["lock"]
    node.guests.save(new, copy)


def _other_mac(text):
    return re.sub(r"hwaddr=[0-9A-Fa-f:]+", "hwaddr=" + new_mac(), text)


def _copy(task, node, name, keys, vmid, storage, unprivileged):
    """The stored text of a copied mount point."""
    source = keys["volume"]
    if mount_type(source) != "volume":
        return print_mount(name, keys)
    task.log("create full clone of mountpoint %s (%s)" % (name, source))
    size = node.storage.size(source) or 0
    target = node.storage.allocate(storage or split_volid(source)[0], vmid, size, unprivileged)
    node.backend.copy_volume(source, target)
    keys = {**keys, "volume": target, "size": sizes.show(node.storage.size(target))}
    return print_mount(name, keys)


@route("POST", "/nodes/{node}/lxc/{vmid}/migrate", {
    "target": string("pve-node", required=True), "target-storage": string(), "online": boolean(), "restart": boolean(),
    "timeout": integer(), "bwlimit": number(0)}, permission=may("/vms/{vmid}", "VM.Migrate"))
def migrate(call):
    """There is nowhere to go: the lab has one node."""
    if call["target"] == call.node.name:
        raise ParameterError({"target": "target is local node."})
    raise Die("no such cluster node '%s'" % call["target"])


@route("POST", "/nodes/{node}/lxc/{vmid}/template", permission=may("/vms/{vmid}", "VM.Allocate"))
def make_template(call):
    """Marks the container: it cannot be started any more. A task does it, but its id is not told (misc-010)."""
    node, vmid = call.node, call["vmid"]
    _check_template(node, vmid)

    def work(task):
        with node.guests.locked(vmid):
            conf = _check_template(node, vmid)
            conf.current["template"] = "1"
            node.guests.save(vmid, conf)
    call.task("vztemplate", vmid, work)


def _check_template(node, vmid):
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    if conf.snapshots:
        raise Die("unable to create template, because CT contains snapshots")
    if conf.current.get("template") == "1":
        raise Die("you can't convert a template to a template")
    if node.backend.running(vmid):
        raise Die("you can't convert a CT to template if the CT is running")
    return conf


@route("POST", "/nodes/{node}/lxc/{vmid}/move_volume", {
    "volume": enum(*VOLUMES, required=True), "storage": string("pve-storage-id"), "delete": boolean(),
    "digest": string(longest=40), "bwlimit": number(0),
    "target-vmid": integer(100, 999999999, format="pve-vmid"), "target-volume": enum(*VOLUMES),
    "target-digest": string(longest=40)}, permission=may("/vms/{vmid}", "VM.Config.Disk"))
def move_volume(call):
    """To another storage; the old volume stays as unusedN unless `delete` is sent."""
    node, vmid, name = call.node, call["vmid"], call["volume"]
    if call.get("target-vmid"):
        raise Die("the lab moves volumes between storages only")
    call.require("/storage/" + call.get("storage", ""), "Datastore.AllocateSpace")
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    check_digest(call, conf)
    if name not in conf.current:
        raise Die("no volume '%s' in the configuration" % name)

    def work(task):
        with node.guests.locked(vmid):
            fresh = node.guests.load(vmid)
            check_unlocked(fresh)
            node.storage.get(call["storage"])
            if node.backend.running(vmid):
                raise Die("cannot move volumes of a running container")
            keys = (ROOTFS if name == "rootfs" else MOUNT).parse(fresh.current[name])
            if split_volid(keys["volume"])[0] == call["storage"]:
                raise Die("you can't move a volume to the same storage")
            fresh.current[name] = _copy(task, node, name, keys, vmid, call["storage"], fresh.current.unprivileged)
            if call.flag("delete"):
                node.storage.free(keys["volume"])
            else:
                add_unused(fresh, keys["volume"])
            node.guests.save(vmid, fresh)
    return call.task("move_volume", vmid, work)
