# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxmox VE's own text formats, both ways: property strings, sizes, lists.

Proxmox VE stores a network card as ``name=eth0,bridge=vmbr0,ip=dhcp`` and prints it back in an order of its own, so text
must never be compared with text. Here each format is parsed into a plain dictionary of typed values that holds only what
differs from the default; two settings mean the same exactly when their dictionaries are equal, and
``parse(show(values)) == values`` for every legal value. Nothing in this file talks to a server.
"""

from __future__ import annotations

import ipaddress
import re

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Callable

MIB = 2 ** 20
GIB = 2 ** 30
_UNITS = (("T", 2 ** 40), ("G", GIB), ("M", MIB), ("K", 2 ** 10))
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")
_TRUE = ("1", "on", "yes", "true")
_FALSE = ("0", "off", "no", "false")


class PropertyError(ValueError):
    """A value that Proxmox VE would refuse, or worse, would take for something else."""


# Single values

def parse_size(text: str) -> int:
    """Bytes of a size as Proxmox VE prints it: ``8G``, ``1.5T``, ``512M``, ``0T``."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise PropertyError("%r is not a size" % text)
    return int(Decimal(match.group(1)) * dict(_UNITS).get(match.group(2), 1))


def show_size(size: int) -> str:
    """The size in its largest exact unit, as Proxmox VE prints it."""
    for unit, factor in _UNITS:
        if size % factor == 0:
            return "%d%s" % (size // factor, unit)
    return str(size)


def size_from_gib(gib: float) -> int:
    """Bytes of a size in GiB; Proxmox VE allocates whole MiB, so anything finer could never be reached."""
    return int(Decimal(repr(gib)) * 1024) * MIB


def show_number(value: float) -> str:
    """A number without an exponent and without a useless ``.0``."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_gib(size: int) -> str:
    """The size as a bare number of GiB, which is what the allocation syntax ``STORAGE:GiB`` wants."""
    return show_number(size / GIB)


def parse_flag(text: str) -> bool:
    """A boolean inside a property string; Proxmox VE takes words as well as digits."""
    return str(text).lower() in _TRUE


def show_flag(value: bool) -> str:
    """A boolean as the API wants it; Python's own ``True`` would be refused."""
    return "1" if value else "0"


def parse_mac(text: str) -> str:
    """A MAC address in upper case; refuses group addresses."""
    mac = text.upper()
    if not _MAC.fullmatch(mac) or int(mac[:2], 16) & 1:
        raise PropertyError("%r is not a unicast MAC address" % text)
    return mac


def _parse_interface(version: int, words: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        try:
            address = ipaddress.ip_interface(text)
        except ValueError as error:
            raise PropertyError("%r is neither %s nor an address with a prefix length" % (text, ", ".join(words))) from error
        if "/" not in text or address.version != version:
            raise PropertyError("%r is not an IPv%d address with a prefix length (like %s)" % (
                text, version, "192.0.2.9/24" if version == 4 else "2001:db8::9/64"))
        return address.with_prefixlen
    return parse


def _parse_address(version: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise PropertyError("%r is not an IPv%d address" % (text, version)) from error
        if address.version != version:
            raise PropertyError("%r is not an IPv%d address" % (text, version))
        return str(address)
    return parse


# Lists

def split_list(text: str) -> list[str]:
    """The items of any of Proxmox VE's lists; it separates them by comma, semicolon or blank, as it pleases."""
    return [item for item in re.split(r"[,;\s\0]+", text) if item]


def parse_tags(text: str) -> list[str]:
    """Tags as a sorted list; they are a set to Proxmox VE, which lower-cases and sorts them on writing."""
    return sorted({tag.lower() for tag in split_list(text)})


def _show_semicolons(items: list) -> str:
    return ";".join(str(item) for item in items)


def _parse_words(text: str) -> list[str]:
    return sorted(set(split_list(text)))


def _parse_numbers(text: str) -> list[int]:
    return sorted({int(item) for item in split_list(text)})


# Property strings

@dataclass(frozen=True)
class Field:
    """One key of a property string: its name there, its name among our options, and how its value is read and written."""

    key: str
    option: str
    parse: Callable[[str], Any] = str
    show: Callable[[Any], str] = str
    default: Any = None


def _flag(key: str, default: bool | None = False, option: str = "") -> Field:
    return Field(key, option or key, parse_flag, show_flag, default)


def _integer(key: str) -> Field:
    return Field(key, key, int)


def split_property_string(text: str, default_key: str = "") -> dict[str, str]:
    """The raw keys of a property string; a part without ``=`` belongs to the default key."""
    raw: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = default_key, part
        if not key or not value or key in raw:
            raise PropertyError("%r is not a property string: look at %r" % (text, part))
        raw[key] = value
    return raw


def split_flags(text: str) -> dict[str, str]:
    """The raw keys of a property string of flags, as the server compares them: ``0`` is not the same as not there."""
    return {} if not text.strip() else {
        key: show_flag(True) if value.lower() in _TRUE else "0" if value.lower() in _FALSE else value
        for key, value in split_property_string(text).items()}


class PropertyString:
    """A kind of property string, told by its fields in the order in which they are printed."""

    def __init__(self, *fields: Field, default_key: str = "") -> None:
        self._fields = fields
        self._by_key = {field.key: field for field in fields}
        self._default_key = default_key

    def parse(self, text: str) -> dict[str, Any]:
        """Typed values of the text; keys that this version does not know are kept as they are under ``other``."""
        if not text.strip():
            return {}
        values: dict[str, Any] = {}
        other: dict[str, str] = {}
        for key, value in split_property_string(text, self._default_key).items():
            field = self._by_key.get(key)
            if not field:
                other[key] = value
                continue
            try:
                values[field.option] = field.parse(value)
            except ValueError:
                values[field.option] = value  # what the server holds is shown as it is; it equals no legal wish
        return self.clean(dict(values, other=other))

    def clean(self, values: dict[str, Any]) -> dict[str, Any]:
        """Only what differs from the default: None, empty lists and default values mean the same as no key at all."""
        result = {}
        for field in self._fields:
            value = values.get(field.option)
            if value not in (None, [], "") and value != field.default:
                result[field.option] = value
        if values.get("other"):
            result["other"] = dict(values["other"])
        return result

    def normalise(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values as a person wrote them, checked and in the form in which ``parse`` would give them."""
        cleaned = self.clean(values)
        self.show(cleaned)  # refuses what would tear the text apart
        for field in self._fields:
            if field.option in cleaned:
                cleaned[field.option] = field.parse(field.show(cleaned[field.option]))
        return self.clean(cleaned)

    def show(self, values: dict[str, Any]) -> str:
        """The text for the API."""
        parts = []
        for field in self._fields:
            if values.get(field.option) is None:
                continue
            text = field.show(values[field.option])
            if "," in text or "\n" in text or not text:
                raise PropertyError("%s: %r can not be part of a property string" % (field.option, text))
            bare = field.key == self._default_key and "=" not in text
            parts.append(text if bare else "%s=%s" % (field.key, text))
        parts += ["%s=%s" % item for item in sorted(values.get("other", {}).items())]
        return ",".join(parts)


NETWORK = PropertyString(
    Field("name", "name"),
    Field("bridge", "bridge"),
    _flag("firewall"),
    Field("gw", "gw", _parse_address(4)),
    Field("gw6", "gw6", _parse_address(6)),
    _flag("host-managed", option="host_managed"),
    Field("hwaddr", "hwaddr", parse_mac),
    Field("ip", "ip", _parse_interface(4, ("dhcp", "manual"))),
    Field("ip6", "ip6", _parse_interface(6, ("auto", "dhcp", "manual"))),
    _flag("link_down"),
    _integer("mtu"),
    Field("rate", "rate", float, show_number),
    _integer("tag"),
    Field("trunks", "trunks", _parse_numbers, _show_semicolons),
    Field("type", "type", default="veth"),
)

_VOLUME_FIELDS = (
    _flag("acl", default=None),
    Field("mountoptions", "options", _parse_words, _show_semicolons),
    _flag("quota"),
    _flag("replicate", default=True),
    _flag("ro"),
    _flag("shared"),
    Field("size", "size", parse_size, show_size),
)

ROOTFS = PropertyString(Field("volume", "volume"), *_VOLUME_FIELDS, default_key="volume")

MOUNT = PropertyString(
    Field("volume", "volume"), Field("mp", "path"), _flag("backup"), _flag("keepattrs"), *_VOLUME_FIELDS, default_key="volume")

FEATURES = PropertyString(
    _flag("force_rw_sys"), _flag("fuse"), _flag("keyctl"), _flag("mknod"), _flag("nesting"),
    Field("mount", "mount", _parse_words, _show_semicolons))

STARTUP = PropertyString(_integer("order"), _integer("up"), _integer("down"), default_key="order")
