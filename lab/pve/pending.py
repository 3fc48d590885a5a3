# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying pending changes: all of them on a stopped container, the hot ones on a running one."""

from . import normalise, sizes
from .ctparams import INDEXED, MOUNT, NET, ROOTFS, is_mount, kind_of
from .errors import Die
from .storage import NEW_DISK, mount_type

HOT_FILE_ONLY = {"description", "onboot", "startup", "protection", "hostname", "hookscript", "cores", "tags", "lock"}
HOT_LIMITS = {"memory", "swap", "cpulimit", "cpuunits"}


def apply_pending(node, vmid, conf, running):
    """Moves what can be moved from pending into current. Returns {name: text of the failure}."""
    failed = {}
    for name in sorted(conf.delete):
        _try(failed, name, lambda name=name: _delete(node, vmid, conf, name, running))
    for name in sorted(conf.pending):
        _try(failed, name, lambda name=name: _set(node, vmid, conf, name, running))
    return failed


def _try(failed, name, step):
    try:
        step()
    except Die as err:
        failed[name] = err.message


def _delete(node, vmid, conf, name, running):
    kind = kind_of(name)
    if running:
        if kind == "net":
            _hot(name, "unplug", lambda: node.backend.hot_net(vmid, _index(name), None, _net(conf, name)))
        elif kind in HOT_LIMITS:
            without = {key: value for key, value in conf.current.items() if key != name}
            node.backend.hot_limits(vmid, without)
        elif kind not in HOT_FILE_ONLY and kind != "unused":
            return      # waits for the next start
    if is_mount(name):
        _keep_as_unused(node, conf, name)
    elif kind == "unused" and name in conf.current:
        node.storage.free(conf.current[name])
    conf.current.pop(name, None)
    conf.delete.pop(name, None)


def _set(node, vmid, conf, name, running):
    kind, text = kind_of(name), conf.pending[name]
    if running and not _set_hot(node, vmid, conf, name, kind, text):
        return
    if is_mount(name):
        text = place_volume(node, vmid, conf, name, text)
    else:
        text = normalise.stored(name, conf.pending[name], node.backend.cgroup_v2)
    conf.current[name] = text
    del conf.pending[name]


def _set_hot(node, vmid, conf, name, kind, text):
    """Apply to the running container; False when it has to wait for the next start."""
    if kind in HOT_LIMITS:
        node.backend.hot_limits(vmid, {**conf.current, name: text})
    elif kind == "net":
        conf.pending[name] = text = normalise.net(text)
        _hot(name, "hotplug", lambda: node.backend.hot_net(vmid, _index(name), NET.parse(text), _net(conf, name)))
    elif kind == "mp":
        if name in conf.current:
            return False
        text = conf.pending[name] = place_volume(node, vmid, conf, name, text)
        node.backend.hot_mount(vmid, conf.current, MOUNT.parse(text))
    else:
        return kind in HOT_FILE_ONLY or kind == "dev"
    return True


def _hot(name, verb, step):
    try:
        step()
    except Die as err:
        raise Die("unable to %s %s: %s" % (verb, name, err.message.rstrip("\n"))) from None


def _index(name):
    return int(INDEXED.fullmatch(name)[2])


def _net(conf, name):
    return NET.parse(conf.current[name]) if name in conf.current else None


def place_volume(node, vmid, conf, name, text):
    """The stored text of a mount point: allocates, fills in the size, and frees the unusedN that it took."""
    kind = ROOTFS if name == "rootfs" else MOUNT
    keys = kind.parse(text)
    if mount_type(keys["volume"]) != "volume":
        return kind.print(keys)
    new_disk = NEW_DISK.fullmatch(keys["volume"])
    if new_disk and name != "rootfs":
        if name in conf.current:
            _keep_as_unused(node, conf, name)
        size = int(float(new_disk[2]) * (1 << 30))
        unprivileged = conf.current.get("unprivileged") == "1"
        keys["volume"] = node.storage.allocate(new_disk[1], vmid, size, unprivileged)
        keys["size"] = sizes.show(size)
    elif name != "rootfs":
        size = node.storage.size(keys["volume"])
        if size is not None:
            keys["size"] = sizes.show(size)
        for unused in [key for key in conf.current if key.startswith("unused") and conf.current[key] == keys["volume"]]:
            del conf.current[unused]
    return kind.print(keys)


def _keep_as_unused(node, conf, name):
    """The volume that a mount point leaves becomes unusedN (unless another key still has it)."""
    if name not in conf.current:
        return
    volid = (ROOTFS if name == "rootfs" else MOUNT).parse(conf.current[name])["volume"]
    if volid not in node.storage.volumes or _used_elsewhere(conf, volid, name):
        return
    number = next(n for n in range(256) if "unused%d" % n not in conf.current)
    conf.current["unused%d" % number] = volid


def _used_elsewhere(conf, volid, name):
    sections = [{key: value for key, value in conf.current.items() if key != name}, *conf.snapshots.values()]
    return any(value.split(",")[0] == volid for section in sections for key, value in section.items()
               if is_mount(key) or key.startswith("unused"))
