# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Growing volumes."""

from .. import sizes
from ..ctparams import MOUNT, RANGES, ROOTFS
from ..errors import Die
from ..guests import check_unlocked
from ..router import may, route
from ..schema import enum, string
from .guest_config import check_digest

DISKS = ("rootfs", *("mp%d" % n for n in range(RANGES["mp"])))


@route("PUT", "/nodes/{node}/lxc/{vmid}/resize", {
    "disk": enum(*DISKS, required=True), "size": string(pattern=r"\+?\d+(\.\d+)?[KMGT]?", required=True),
    "digest": string(longest=40)}, permission=may("/vms/{vmid}", "VM.Config.Disk"))
def resize(call):
    """Grows only; an equal size is an error at once, and so is a smaller one."""
    node, vmid, name = call.node, call["vmid"], call["disk"]
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    check_digest(call, conf)
    kind = ROOTFS if name == "rootfs" else MOUNT
    volid = kind.parse(conf.current.get(name, ""))["volume"]
    old = node.storage.size(volid) or 0
    new = sizes.parse(call["size"].lstrip("+")) + (old if call["size"].startswith("+") else 0)
    if new < old:
        raise Die("unable to shrink disk size")
    if new == old:
        raise Die("disk is already at specified size")

    def work(task):
        with node.guests.locked(vmid):
            fresh = node.guests.load(vmid)
            check_unlocked(fresh)
            node.storage.resize(volid, new)
            keys = {**kind.parse(fresh.current[name]), "size": sizes.show(new)}
            fresh.current[name] = kind.print(keys)
            node.guests.save(vmid, fresh)
    return call.task("resize", vmid, work)
