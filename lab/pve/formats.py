# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The named value formats (`dns-name`, `pve-vmid`, ...): each raises Invalid with the server's own text."""

import ipaddress
import re

SPLIT = re.compile(r"[\0,;\s]+")


class Invalid(ValueError):
    """A value that does not fit; carries the text without its last newline."""


def split_list(text):
    """Split as the server splits a `-list` value: on comma, semicolon, blank and NUL."""
    return [part for part in SPLIT.split(text) if part]


def _matcher(pattern, message):
    compiled = re.compile(pattern, re.ASCII)

    def check(value):
        if not compiled.fullmatch(value):
            raise Invalid(message)
    return check


LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
DISK_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT])?")
STORAGE_ID = r"[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]"


def vmid(value):
    if not re.fullmatch(r"[1-9][0-9]{2,8}", value):
        raise Invalid("value does not look like a valid VM ID")


def ip(value):
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise Invalid("value does not look like a valid IP address") from None


def nameserver(value):
    """An address, or a link-local IPv6 address with %interface."""
    base, mark, interface = value.partition("%")
    if mark and (not base.lower().startswith("fe80:") or not interface):
        raise Invalid("value does not look like a valid IP address")
    ip(base)


def _version(value, version, message):
    try:
        if ipaddress.ip_address(value).version == version:
            return
    except ValueError:
        pass
    raise Invalid(message)


def ipv4(value):
    _version(value, 4, "value does not look like a valid ipv4 address")


def ipv6(value):
    _version(value, 6, "value does not look like a valid ipv6 address")


def _network(value, version, words, lowest, highest, message):
    if value in words:
        return
    address, slash, prefix = value.partition("/")
    try:
        if slash and ipaddress.ip_address(address).version == version and lowest <= int(prefix) <= highest:
            return
    except ValueError:
        pass
    raise Invalid(message)


def ipv4_config(value):
    _network(value, 4, ("dhcp", "manual"), 8, 32, "value does not look like a valid ipv4 network configuration")


def ipv6_config(value):
    _network(value, 6, ("auto", "dhcp", "manual"), 8, 128,
             "value does not look like a valid ipv6 network configuration")


def mac(value):
    """Unicast only: the lowest bit of the first byte is clear (put-stopped-026)."""
    if not re.fullmatch(r"[0-9a-fA-F][02468aAcCeE](:[0-9a-fA-F]{2}){5}", value):
        raise Invalid("value does not look like a valid unicast MAC address")


def tag(value):
    if not re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*", value):
        raise Invalid("invalid characters in tag")


def startup(value):
    """[order=]N,up=N,down=N"""
    seen = set()
    for part in value.split(","):
        match = re.fullmatch(r"(?:(order|up|down)=)?(\d+)", part)
        if not match or (match[1] or "order") in seen:
            raise Invalid("unable to parse startup options")
        seen.add(match[1] or "order")


def timezone(value):
    from pathlib import Path
    zone = Path("/usr/share/zoneinfo") / value
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*", value)
    if value not in ("host", "UTC") and not (plain and zone.is_file()):
        raise Invalid("invalid time zone '%s'" % value)


def disk_size(value):
    if not DISK_SIZE.fullmatch(value):
        raise Invalid("value does not look like a valid disk size: %s" % value)


def mount_path(value):
    """A path or volume id without .. or ./ steps."""
    if re.search(r"(^|/)\.\.?(/|$)", value):
        raise Invalid("%s contains illegal character sequences" % value)


def device(value):
    if not re.match(r"/dev/", value) or ".." in value:
        raise Invalid("%s is not a device path" % value)


def volume_id(value):
    storage, colon, name = value.partition(":")
    if not colon or not name or not re.fullmatch(STORAGE_ID, storage):
        raise Invalid("unable to parse volume ID '%s'" % value)


FORMATS = {
    "pve-vmid": vmid,
    "pve-node": _matcher(LABEL, "value does not look like a valid node name"),
    "pve-configid": _matcher(r"[a-zA-Z][a-zA-Z0-9_-]+", "invalid configuration ID '%(value)s'"),
    "pve-storage-id": _matcher(STORAGE_ID, "storage ID '%(value)s' contains illegal characters"),
    "pve-poolid": _matcher(r"[A-Za-z0-9.\-_]+(/[A-Za-z0-9.\-_]+){0,2}",
                           "pool name '%(value)s' contains invalid characters"),
    "dns-name": _matcher(r"(%s)(\.%s)*" % (LABEL, LABEL), "value does not look like a valid DNS name"),
    "ip": ip,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "pve-ipv4-config": ipv4_config,
    "pve-ipv6-config": ipv6_config,
    "lxc-ip-with-ll-iface": nameserver,
    "mac-addr": mac,
    "pve-tag": tag,
    "pve-startup-order": startup,
    "pve-ct-timezone": timezone,
    "disk-size": disk_size,
    "pve-lxc-mp-string": mount_path,
    "pve-lxc-dev-string": device,
    "pve-volume-id": volume_id,
}


def check(name, value):
    """Check one value against a named format, or every item of a `-list`."""
    if name.endswith("-list"):
        for item in split_list(value):
            check(name[:-5], item)
        return
    try:
        FORMATS[name](value)
    except Invalid as err:
        raise Invalid(str(err).replace("%(value)s", value)) from None
