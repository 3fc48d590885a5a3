# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying pending changes: all of them on a stopped container, the hot ones on a running one."""

from . import normalise, sizes
from .ctparams import INDEXED, MOUNT, NET, ROOTFS, is_mount, kind_of
from .errors import Die
from .storage import GIB, NEW_DISK, mount_type

HOT_FILE_ONLY = {"description", "onboot", "startup", "protection", "hostname", "hookscript", "tags", "lock", "template"}
HOT_LIMITS = {"cores", "memory", "swap", "cpulimit", "cpuunits"}


def apply_pending(node, vmid, conf, running, only=None):
    """Moves what can be moved from pending into current. Returns {name: text of the failure}.

    `only` are the names that the call touched: an older change that failed hot is not tried again (put-running-039).
    """
    failed = {}
    for names, step in ((sorted(conf.delete), _delete), (sorted(conf.pending), _set)):
        for name in names:
            if only is not None and name not in only:
                continue
            try:
                step(node, vmid, conf, name, running)
            except Die as err:
                prefix = "" if running else "unable to apply pending change %s : " % name
                failed[name] = prefix + err.message
    return failed


def _delete(node, vmid, conf, name, running):
    kind = kind_of(name)
    if running:
        if kind == "net":
            node.backend.hot_net(vmid, _index(name), None, NET.parse(conf.current[name]))
        elif kind in HOT_LIMITS:
            node.backend.hot_limits(vmid, {key: value for key, value in conf.current.items() if key != name})
        elif kind not in HOT_FILE_ONLY and kind != "unused":
            return      # waits for the next start
    if is_mount(name):
        _keep_as_unused(conf, name)
    elif kind == "unused" and _may_free(node, vmid, conf, conf.current[name]):
        node.storage.free(conf.current[name])
    del conf.current[name]
    conf.delete.pop(name, None)


def _set(node, vmid, conf, name, running):
    kind, text = kind_of(name), conf.pending[name]
    if kind == "description" and not text.strip():      # the only key that an empty text deletes
        conf.current.pop(name, None)
        del conf.pending[name]
        return
    if running and not _set_hot(node, vmid, conf, name, kind, text):
        return
    if not (running and kind in ("net", "mp")):         # those are done by now
        conf.current[name] = place_volume(node, vmid, conf, name, text) if is_mount(name) \
            else normalise.stored(name, text, node.backend.cgroup_v2)
    del conf.pending[name]


def _set_hot(node, vmid, conf, name, kind, text):
    """Apply to the running container; False when it has to wait for the next start."""
    if kind in HOT_LIMITS:
        node.backend.hot_limits(vmid, {**conf.current, name: text})
    elif kind == "net":
        _plug(node, vmid, conf, name, normalise.net(text))
    elif kind == "mp":
        if name in conf.current:
            return False
        placed = place_volume(node, vmid, conf, name, text)
        node.backend.hot_mount(vmid, conf.current, MOUNT.parse(placed))
        conf.current[name] = placed
    else:
        return kind in HOT_FILE_ONLY or kind == "dev"
    return True


def _plug(node, vmid, conf, name, text):
    """A changed MAC or device name is a new NIC: the old one is gone even when that fails (put-running-038)."""
    new = NET.parse(text)
    old = NET.parse(conf.current[name]) if name in conf.current else None
    if old and any(new.get(key) != old.get(key) for key in ("name", "hwaddr")):
        node.backend.hot_net(vmid, _index(name), None, old)
        del conf.current[name]
        node.guests.save(vmid, conf)
        old = None
    try:
        node.backend.hot_net(vmid, _index(name), new, old)
    except Die as err:
        raise Die("unable to hotplug %s: %s" % (name, err.reason)) from None
    conf.current[name] = text


def _index(name):
    return int(INDEXED.fullmatch(name)[2])


def place_volume(node, vmid, conf, name, text):
    """The stored text of a mount point: allocates, fills in the size, and takes the volume out of unusedN.

    Not so for rootfs: its text is believed, `STORAGE:GiB` included (put-volumes-037).
    """
    kind = ROOTFS if name == "rootfs" else MOUNT
    keys = kind.parse(text)
    if name != "rootfs" and mount_type(keys["volume"]) == "volume":
        _keep_as_unused(conf, name, keys["volume"])
        new_disk = NEW_DISK.fullmatch(keys["volume"])
        if new_disk:
            size = int(float(new_disk[2]) * GIB)
            keys["volume"] = node.storage.allocate(new_disk[1], vmid, size, conf.current.unprivileged)
        else:
            size = node.storage.size(keys["volume"])
        if size is not None:
            keys["size"] = sizes.show(size)
        _not_unused_any_more(conf, keys["volume"])
    return kind.print(keys)


def _not_unused_any_more(conf, volid):
    for name in [name for name, value in conf.current.items() if name.startswith("unused") and value == volid]:
        del conf.current[name]


def _keep_as_unused(conf, name, new=None):
    """The volume that a mount point leaves becomes unusedN, unless something else still has it."""
    if name not in conf.current:
        return
    volid = (ROOTFS if name == "rootfs" else MOUNT).parse(conf.current[name])["volume"]
    if volid == new or mount_type(volid) != "volume" or _used_elsewhere(conf, volid, name):
        return
    add_unused(conf, volid)


def add_unused(conf, volid):
    number = next(n for n in range(256) if "unused%d" % n not in conf.current)
    conf.current["unused%d" % number] = volid


def _may_free(node, vmid, conf, volid):
    """It is there, it is this container's own, and no snapshot needs it."""
    return volid in node.storage.of_guest(vmid) and not any(
        value.split(",")[0] == volid for section in conf.snapshots.values() for value in section.values())


def _used_elsewhere(conf, volid, name):
    return any(value.split(",")[0] == volid for key, value in conf.current.items()
               if key != name and (is_mount(key) or key.startswith("unused")))
