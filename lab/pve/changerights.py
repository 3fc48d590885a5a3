# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which privilege each changed key of a container needs (checked inside the code, after the schema)."""

import re

from .ctparams import FEATURES, MOUNT, NET, ROOTFS, kind_of
from .errors import Forbidden
from .formats import split_list
from .storage import NEW_DISK, mount_type

NEEDED = {
    "cores": "VM.Config.CPU", "cpuunits": "VM.Config.CPU", "cpulimit": "VM.Config.CPU",
    "memory": "VM.Config.Memory", "swap": "VM.Config.Memory",
    "net": "VM.Config.Network", "nameserver": "VM.Config.Network", "searchdomain": "VM.Config.Network",
    "hostname": "VM.Config.Network",
}
ROOT_ONLY = {"dev": "configuring device passthrough is only allowed for root@pam",
             "hookscript": "changing the hookscript is only allowed for root@pam"}
PRIVILEGED_FEATURES = "changing feature flags for privileged container is only allowed for root@pam"
OTHER_FEATURES = "changing feature flags (except nesting) is only allowed for root@pam"


def check(call, vmid, pool, old, new, delete, unprivileged):
    """`old` is the current section (empty on create), `new` what is sent, `delete` names to remove."""
    if call.is_root:
        return
    for name in sorted(new):
        _check_one(call, vmid, pool, name, old.get(name), new[name], unprivileged)
    for name in delete:
        _check_one(call, vmid, pool, name, old.get(name), None, unprivileged)


def require_on_guest(call, vmid, pool, privilege):
    """On the guest, or on the pool that it is to be in."""
    if pool and call.allowed("/pool/" + pool, privilege):
        return
    call.require("/vms/%s" % vmid, privilege)


def _check_one(call, vmid, pool, name, old, new, unprivileged):
    kind = kind_of(name)
    if kind in ROOT_ONLY:
        raise Forbidden(ROOT_ONLY[kind])
    if kind in ("rootfs", "mp"):
        require_on_guest(call, vmid, pool, "VM.Config.Disk")
        if new is not None:
            _check_volume(call, vmid, name, new)
    elif kind == "features":
        _check_features(call, vmid, pool, old, new, unprivileged)
    elif kind == "tags":
        _check_tags(call, vmid, pool, old, new)
    else:
        require_on_guest(call, vmid, pool, NEEDED.get(kind, "VM.Config.Options"))
        if kind == "net":
            for value in (old, new):
                check_bridge(call, value)


def _check_volume(call, vmid, name, text):
    volume = (ROOTFS if name == "rootfs" else MOUNT).parse(text)["volume"]
    if mount_type(volume) != "volume":
        raise Forbidden("mount point type %s is only allowed for root@pam" % mount_type(volume))   # rights-015
    new_disk = NEW_DISK.fullmatch(volume)
    if new_disk:
        call.require("/storage/" + new_disk[1], "Datastore.AllocateSpace")
    elif not re.fullmatch(r"\d+(\.\d+)?", volume):
        call.node.storage.check_access(call, volume, vmid, "rootdir")


def check_bridge(call, value):
    if not value:
        return
    net = NET.parse(value)
    if net.get("bridge"):
        path = "/sdn/zones/localnetwork/" + net["bridge"]
        if net.get("tag") and not call.allowed(path, "SDN.Use"):
            path += "/" + net["tag"]
        call.require(path, "SDN.Use")


def _check_features(call, vmid, pool, old, new, unprivileged):
    if not unprivileged:
        raise Forbidden(PRIVILEGED_FEATURES)
    before = FEATURES.parse((old or "").strip())
    after = FEATURES.parse(new.strip()) if new is not None else {}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if new is None:
        changed = set(before)       # taken away as a whole, zeros included
    if changed - {"nesting"}:
        raise Forbidden(OTHER_FEATURES)
    if changed:
        require_on_guest(call, vmid, pool, "VM.Allocate")


def _check_tags(call, vmid, pool, old, new):
    """Free tags need VM.Config.Options; registered ones Sys.Modify on / (put-stopped-056)."""
    registered = set(split_list(call.node.options.get("registered-tags", "")))
    before, after = set(split_list(old or "")), set(split_list(new or ""))
    for tag in sorted(before ^ after):
        if tag in registered:
            if not call.allowed("/", "Sys.Modify"):
                raise Forbidden("/, Sys.Modify for modifying tag '%s'" % tag)
        else:
            require_on_guest(call, vmid, pool, "VM.Config.Options")
