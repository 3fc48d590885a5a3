# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LXC's own configuration file of a container, made anew from Proxmox's at each start."""

from pathlib import Path

from ..ctparams import FEATURES, INDEXED, NET
from ..errors import Die
from ..guestview import mounts
from ..storage import mount_type
from . import cgroups, rootfs

ARCHITECTURES = {"amd64": "x86_64", "i386": "i686", "arm64": "aarch64", "armhf": "armhf"}
COMMON = Path("/usr/share/lxc/config")
CONSOLE, HOOK, REBOOT = "console.log", "post-stop", "reboot"

# A container that reboots itself would come back as LXC started it. Stopped instead, and started anew by the server,
# it comes back as its configuration says now, as on Proxmox VE.
POST_STOP = """#!/bin/sh
[ "$LXC_TARGET" = reboot ] || exit 0
touch "$(dirname "$0")/%s"
exit 1
""" % REBOOT


def interface(vmid, index):
    """The host's end of a NIC."""
    return "veth%si%d" % (vmid, index)


def nets(conf):
    """[(index, parsed)] of netN."""
    found = [(int(INDEXED.fullmatch(name)[2]), NET.parse(text)) for name, text in conf.items()
             if name.startswith("net") and INDEXED.fullmatch(name)]
    return sorted(found, key=lambda item: item[0])


def first_address(conf):
    """The address without its prefix of the first NIC that has a fixed one."""
    return next((net["ip"].partition("/")[0] for _index, net in nets(conf) if "/" in net.get("ip", "")), None)


def render(vmid, conf, volume_path, home, cpus):
    """`volume_path(volid)` is where a volume lies, `home` the folder of what LXC reads, `cpus` what to pin to."""
    if conf.get("unprivileged") != "1":
        raise Die("the lab runs unprivileged containers only")
    lines = ["lxc.include = %s" % (COMMON / name) for name in ("common.conf", "userns.conf")]
    lines += [
        "lxc.arch = " + ARCHITECTURES.get(conf["arch"], conf["arch"]),
        "lxc.uts.name = " + conf["hostname"].partition(".")[0],
        "lxc.idmap = u 0 %d %d" % (rootfs.SHIFT, rootfs.RANGE),
        "lxc.idmap = g 0 %d %d" % (rootfs.SHIFT, rootfs.RANGE),
        "lxc.mount.auto = ",
        "lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed",
        "lxc.apparmor.profile = unconfined",
        "lxc.console.logfile = " + str(home / CONSOLE),
        "lxc.console.size = 256kB",
        "lxc.tty.max = " + conf.get("tty", "2"),
        "lxc.signal.halt = SIGRTMIN+3",
        "lxc.monitor.unshare = 0",
        "lxc.hook.post-stop = " + str(home / HOOK),
    ]
    lines += _mount_lines(conf, volume_path) + _feature_lines(conf)
    for index, net in nets(conf):
        lines += _net_lines(vmid, index, net)
    lines += ["%s.%s = %s" % (cgroups.prefix(), *pair) for pair in cgroups.limits(conf, cpus)]
    return "\n".join(lines) + "\n"


def _mount_lines(conf, volume_path):
    lines = []
    for name, keys in mounts(conf):
        if mount_type(keys["volume"]) != "volume":
            raise Die("the lab mounts volumes only, not '%s'" % keys["volume"])
        path = volume_path(keys["volume"])
        if not path.is_dir():
            raise Die("volume '%s' does not exist" % keys["volume"])
        if name == "rootfs":
            lines.append("lxc.rootfs.path = dir:%s" % path)
            continue
        options = ["bind", "create=dir"] + (["ro"] if keys.get("ro") == "1" else [])
        options += keys.get("mountoptions", "").replace("discard", "").split(";")
        lines.append("lxc.mount.entry = %s %s none %s 0 0" % (
            path, keys["mp"].strip("/").replace(" ", "\\040"), ",".join(option for option in options if option)))
    return lines


def _feature_lines(conf):
    """Nesting needs nothing more here: these containers run without AppArmor."""
    features = FEATURES.parse(conf.get("features", "").strip())
    lines = []
    if features.get("fuse") == "1":
        lines.append("lxc.mount.entry = /dev/fuse dev/fuse none bind,create=file,optional 0 0")
    return lines


def _net_lines(vmid, index, net):
    key = "lxc.net.%d." % index
    lines = [key + "type = veth", key + "veth.pair = " + interface(vmid, index), key + "name = " + net["name"],
             key + "hwaddr = " + net["hwaddr"]]
    if net.get("bridge"):
        lines.append(key + "link = " + net["bridge"])
    if net.get("link_down") != "1":
        lines.append(key + "flags = up")
    if net.get("mtu"):
        lines.append(key + "mtu = " + net["mtu"])
    for version, gateway, address in (("ipv4", "gw", net.get("ip", "")), ("ipv6", "gw6", net.get("ip6", ""))):
        if "/" in address:
            lines.append("%s%s.address = %s" % (key, version, address))
            if net.get(gateway):
                lines.append("%s%s.gateway = %s" % (key, version, net[gateway]))
    return lines
