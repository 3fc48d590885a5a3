# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Growing volumes."""

from .. import changerights, sizes
from ..ctparams import MOUNT, RANGES, ROOTFS
from ..errors import ApiError, Die
from ..formats import Invalid
from ..guests import check_unlocked
from ..router import may, route
from ..schema import enum, problems, string
from ..storage import split_volid
from .guest_config import check_digest

DISKS = ("rootfs", *("mp%d" % n for n in range(RANGES["mp"])))


@route("PUT", "/nodes/{node}/lxc/{vmid}/resize", {
    "disk": enum(*DISKS, required=True), "size": string(pattern=r"\+?\d+(\.\d+)?[KMGT]?", required=True),
    "digest": string(longest=40)}, permission=may("/vms/{vmid}", "VM.Config.Disk", any_of=True))
def resize(call):
    """Grows only; an equal size is an error at once, and so is a smaller one."""
    node, vmid, name = call.node, call["vmid"], call["disk"]
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    # The parameters are checked as if they were options of the configuration.
    changerights.check(call, vmid, None, conf.current, {"disk": name, "size": call["size"]}, [], conf.current.unprivileged)
    check_digest(call, conf)
    kind = ROOTFS if name == "rootfs" else MOUNT
    volid = _volume(kind, conf.current.get(name, ""))
    call.require("/storage/" + split_volid(volid)[0], "Datastore.AllocateSpace")
    old = node.storage.size(volid) or 0
    new = sizes.parse(call["size"].lstrip("+")) + (old if call["size"].startswith("+") else 0)
    if new < old:
        raise Die("unable to shrink disk size")
    if new == old:
        raise Die("disk is already at specified size")
    return call.task("resize", vmid, lambda task: _work(node, vmid, kind, name, volid, new))


def _volume(kind, text):
    """A volume that is not set fails with errors beside a 500 (resize-012)."""
    try:
        return kind.parse(text)["volume"]
    except Invalid:
        wrong = problems({key: param for key, param in kind.keys.items() if param.required}, {})
        raise ApiError(500, "format error\n", wrong) from None


def _work(node, vmid, kind, name, volid, new):
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        check_unlocked(conf)
        if volid.endswith(".subvol"):
            raise Die("can't resize this image format")                 # resize-020
        node.storage.check_space(volid, new, "resize")
        node.storage.resize(volid, new)
        conf.current[name] = kind.print({**kind.parse(conf.current[name]), "size": sizes.show(new)})
        node.guests.save(vmid, conf)
