# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker of a restore: a container as its backup has it, beside what the call itself says."""

import re

from .. import guestconf, sizes
from ..errors import ApiError, Die
from ..guestview import mounts
from ..making import allocate, print_mount, remove_guest
from ..normalise import new_mac
from ..storage import mount_type
from .guest_power import start_work

NOT_RESTORED = re.compile(r"rootfs|(mp|unused)\d+|lock|parent|template")


def work(task, call, vmid, wanted, volumes):
    """A container of that id gives way once the new volumes are there; a restore that fails leaves none (restore-009)."""
    node = call.node
    with node.guests.locked(vmid):
        try:
            _restore(task, call, vmid, wanted, volumes)
        except ApiError as err:
            remove_guest(node, vmid)
            raise Die("unable to restore CT %s - %s" % (vmid, err.message.rstrip("\n"))) from None
        except BaseException:
            remove_guest(node, vmid)
            raise
    if call.flag("start"):
        call.task("vzstart", vmid, lambda second: start_work(second, node, vmid))


def _restore(task, call, vmid, wanted, volumes):
    node, volid = call.node, call["ostemplate"]
    storage, name = _archive(node, volid)
    task.log("recovering backed-up configuration from '%s'" % volid)
    saved = guestconf.parse(node.backend.backup_config(storage, name)).current
    unprivileged = call.flag("unprivileged", saved.unprivileged)
    if not unprivileged:
        call.require("/", "Sys.Modify")
    made = {}
    for mount, keys in mounts(volumes or _anew(saved, call.get("storage", "local"))):
        made[mount] = allocate(node, vmid, mount, keys, unprivileged)
    _clear(node, vmid, set(made.values()))
    task.log("restoring '%s' now.." % volid)
    node.backend.restore(task, storage, name, [
        (keys.get("mp", "/"), keys["volume"]) for _name, keys in mounts(made) if mount_type(keys["volume"]) == "volume"])
    task.log("merging backed-up and given configuration..")
    conf = guestconf.GuestConf()
    conf.current.update({key: text for key, text in saved.items() if not NOT_RESTORED.fullmatch(key)})
    if call.flag("unique"):
        for key in [key for key in conf.current if key.startswith("net")]:
            conf.current[key] = re.sub(r"hwaddr=[0-9A-Fa-f:]+", "hwaddr=" + new_mac(), conf.current[key])
    conf.current.pop("unprivileged", None)
    conf.current.update({**wanted, **made, **({"unprivileged": "1"} if unprivileged else {})})
    node.guests.save(vmid, conf)


def _archive(node, volid):
    """(storage, file name); raises what the worker says about one that is not there."""
    found = node.storage.file(volid)
    if not found or found[1] != "backup":
        raise Die("'%s' is no backup of a container" % volid)
    if not node.storage.has_file(*found):
        raise Die("volume '%s' does not exist" % volid)
    return found[0], found[2]


def _anew(saved, storage):
    """The backed-up mount points as new volumes of the same sizes, all on one storage (restore-005)."""
    fresh = {}
    for name, keys in mounts(saved):
        if mount_type(keys["volume"]) == "volume":
            keys = {**keys, "volume": "%s:%s" % (storage, sizes.parse(keys.get("size", "0")) / (1 << 30))}
        fresh[name] = print_mount(name, keys)
    return fresh


def _clear(node, vmid, made):
    """The volumes of the container that is replaced; one that no storage can name ends it all (restore-007)."""
    new = {text.split(",")[0] for text in made}
    old = node.guests.load(vmid).current
    for text in [keys["volume"] for _name, keys in mounts(old)] \
            + [text for name, text in old.items() if name.startswith("unused")]:
        if mount_type(text) == "volume":
            node.storage.parse(text)
    for volid in node.storage.of_guest(vmid):
        if volid not in new:
            node.storage.free(volid)
