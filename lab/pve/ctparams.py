# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container's configuration may hold: types, limits and property strings of each key."""

import re

from .schema import PropertyString, boolean, enum, integer, number, string

MOUNT_OPTION = r"(discard|lazytime|noatime|nodev|noexec|nosuid)"
NO_CONTROL = r"[^\x00-\x1F\x7F]"
LOCKS = ("backup", "create", "destroyed", "disk", "fstrim", "migrate", "mounted", "rollback", "snapshot",
         "snapshot-delete")

VOLUME_KEYS = {
    "volume": string("pve-lxc-mp-string", key=True, required=True),
    "acl": boolean(),
    "mountoptions": string(pattern="%s(;%s)*" % (MOUNT_OPTION, MOUNT_OPTION)),
    "quota": boolean(),
    "replicate": boolean(),
    "ro": boolean(),
    "shared": boolean(),
    "size": string("disk-size"),
}
ROOTFS = PropertyString(VOLUME_KEYS)
MOUNT = PropertyString({
    **VOLUME_KEYS,
    "mp": string("pve-lxc-mp-string", required=True),
    "backup": boolean(),
    "keepattrs": boolean(),
    "idmap": string(),
}, first=("mp",))
NET = PropertyString({
    "name": string(pattern=r"[-_.\w]+", required=True),
    "bridge": string(pattern=r"[-_.\w]+"),
    "firewall": boolean(),
    "gw": string("ipv4"),
    "gw6": string("ipv6"),
    "host-managed": boolean(),
    "hwaddr": string("mac-addr"),
    "ip": string("pve-ipv4-config"),
    "ip6": string("pve-ipv6-config"),
    "link_down": boolean(),
    "mtu": integer(64, 65535),
    "rate": number(),
    "tag": integer(1, 4094),
    "trunks": string(pattern=r"\d+(?:;\d+)*"),
    "type": enum("veth"),
}, first=("name", "bridge"))
FEATURES = PropertyString({
    "force_rw_sys": boolean(),
    "fuse": boolean(),
    "keyctl": boolean(),
    "mknod": boolean(),
    "mount": string(pattern=r"[a-zA-Z0-9_; ]+"),
    "nesting": boolean(),
})
DEVICE = PropertyString({
    "path": string("pve-lxc-dev-string", key=True),
    "deny-write": boolean(),
    "gid": integer(0),
    "mode": string(pattern=r"0[0-7]{3}"),
    "uid": integer(0),
})
UNUSED = PropertyString({"volume": string("pve-volume-id", key=True, required=True)})

RANGES = {"net": 32, "mp": 256, "dev": 256, "unused": 256}
INDEXED = re.compile(r"(net|mp|dev|unused)(0|[1-9]\d{0,2})")

CONFIG = {
    "arch": enum("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64"),
    "cmode": enum("shell", "console", "tty"),
    "console": boolean(),
    "cores": integer(1, 8192),
    "cpulimit": number(0, 8192),
    "cpuunits": integer(0, 500000),
    "debug": boolean(),
    "description": string(longest=8192, lines=True),
    "entrypoint": string(pattern=NO_CONTROL + "+"),
    "env": string(pattern=r"(?:\w+=%s*)(?:\0\w+=%s*)*" % (NO_CONTROL, NO_CONTROL), lines=True),
    "features": string(props=FEATURES),
    "hookscript": string("pve-volume-id"),
    "hostname": string("dns-name", longest=255),
    "lock": enum(*LOCKS),
    "memory": integer(16),
    "nameserver": string("lxc-ip-with-ll-iface-list"),
    "onboot": boolean(),
    "ostype": enum("debian", "devuan", "ubuntu", "centos", "fedora", "opensuse", "archlinux", "alpine", "gentoo",
                   "nixos", "unmanaged"),
    "protection": boolean(),
    "rootfs": string(props=ROOTFS),
    "searchdomain": string("dns-name-list"),
    "startup": string("pve-startup-order"),
    "swap": integer(0),
    "tags": string("pve-tag-list"),
    "template": boolean(),
    "timezone": string("pve-ct-timezone"),
    "tty": integer(0, 6),
    "unprivileged": boolean(),
}
for _kind, _props in (("net", NET), ("mp", MOUNT), ("dev", DEVICE), ("unused", UNUSED)):
    CONFIG.update({"%s%d" % (_kind, n): string(props=_props) for n in range(RANGES[_kind])})

# Keys of the file alone: never sent by a client.
INTERNAL = {"parent": string(), "snaptime": integer(), "snapstate": string()}

DEFAULTS_ON_CREATE = {"memory": "512", "swap": "512"}


def is_mount(name):
    return name == "rootfs" or name.startswith("mp")


def kind_of(name):
    """net of net0, mp of mp12, the name itself otherwise."""
    match = INDEXED.fullmatch(name)
    return match[1] if match else name


def typed(name, text):
    """The value as GET config answers it: integers and booleans as numbers, everything else as text (config-001)."""
    param = CONFIG.get(name) or INTERNAL.get(name)
    if param and param.kind in ("integer", "boolean"):
        return int(text)
    return text
