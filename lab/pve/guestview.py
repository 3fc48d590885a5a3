# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lists and the status of a guest show."""

from . import sizes
from .ctparams import MOUNT, ROOTFS, is_mount, kind_of
from .formats import Invalid

MIB = 1 << 20
IDLE = ("cpu", "disk", "diskread", "diskwrite", "mem", "netin", "netout", "swap", "uptime")


def cores(node, conf):
    """CPUs that the guest may use: `cores`, else cpulimit rounded up, else the node's."""
    if conf.get("cores"):
        return int(conf["cores"])
    limit = float(conf.get("cpulimit", 0))
    return int(-(-limit // 1)) if limit else node.backend.cpus()


def disk_size(conf):
    """What the configuration says about the root disk is believed (put-volumes-006); 0 is 4 GiB (lock-004)."""
    try:
        return sizes.parse(ROOTFS.parse(conf.get("rootfs", "x:0")).get("size", "0")) or 4 << 30
    except Invalid:
        return 4 << 30


def summary(node, vmid, conf):
    """An entry of the node's list, and the base of status/current (resources-003)."""
    current = conf.current
    shown = {"vmid": vmid, "type": "lxc", "status": "stopped", "cpus": cores(node, current),
             "maxmem": int(current.get("memory", 512)) * MIB, "maxswap": int(current.get("swap", 512)) * MIB,
             "maxdisk": disk_size(current), **dict.fromkeys(IDLE, 0)}
    shown["name"] = current.get("hostname", "CT%s" % vmid)
    if node.backend.running(vmid):
        shown.update(status="running", **node.backend.usage(vmid, current))
        if not shown["disk"]:
            shown["disk"] = 0
    for name in ("tags", "lock"):
        if current.get(name, "").strip():
            shown[name] = current[name]
    if current.get("template") == "1":
        shown["template"] = 1
    return shown


def broadcast_entry(node, vmid):
    """The guest in cluster/resources: name and counters come with the status daemon's next broadcast."""
    conf = node.guests.load(vmid)
    entry = {"id": "lxc/%d" % vmid, "vmid": vmid, "node": node.name, "type": "lxc", "status": "unknown"}
    if conf.current.get("tags", "").strip():
        entry["tags"] = conf.current["tags"]
    pool = node.pool_of_guest(vmid)
    if pool:
        entry["pool"] = pool
    if conf.current.get("lock"):
        entry["lock"] = conf.current["lock"]
    if node.resources.knows(vmid):
        known = summary(node, vmid, conf)
        entry.update({name: known[name] for name in ("name", "status", "maxmem", "maxdisk", *IDLE) if name != "swap"})
        entry.update(maxcpu=known["cpus"], memhost=0, template=known.get("template", 0))
    return entry


def mounts(section):
    """[(name, parsed)] of rootfs and mpN in their order."""
    names = sorted((name for name in section if is_mount(name) and kind_of(name) in ("rootfs", "mp")),
                   key=lambda name: -1 if name == "rootfs" else int(name[2:]))
    return [(name, (ROOTFS if name == "rootfs" else MOUNT).parse(section[name])) for name in names]


def warn_about_nesting(task, node, conf):
    """A Debian 12 template without nesting=1: create and start end with this warning (create-046)."""
    if node.backend.nesting_warning and "nesting=1" not in conf.get("features", ""):
        task.warn("Systemd 252 detected. You may need to enable nesting.")
