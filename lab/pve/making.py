# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of a container that is being made, and the removal of one with all that it had."""

from . import sizes
from .ctparams import MOUNT, ROOTFS
from .storage import GIB, NEW_DISK, mount_type


def print_mount(name, keys):
    return (ROOTFS if name == "rootfs" else MOUNT).print(keys)


def allocate(node, vmid, name, keys, unprivileged):
    """The stored text of a mount point; `STORAGE:GiB` makes a volume, anything else is taken as it is."""
    new_disk = NEW_DISK.fullmatch(keys["volume"])
    if mount_type(keys["volume"]) == "volume":
        if new_disk:
            size = int(float(new_disk[2]) * GIB)
            volid = node.storage.allocate(new_disk[1], vmid, size, unprivileged)
            keys = {**keys, "volume": volid, "size": sizes.show(size)}
        else:
            node.storage.parse(keys["volume"])
    return print_mount(name, keys)


def remove_guest(node, vmid):
    for volid in node.storage.of_guest(vmid):
        node.storage.free(volid)
    node.backend.forget(vmid)
    node.guests.delete(vmid)
    leave_pool(node, vmid)


def leave_pool(node, vmid):
    pool = node.pool_of_guest(vmid)
    if pool:
        node.pools[pool]["vms"].remove(str(vmid))
        node.save_pools()
