# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container is: its configuration in one canonical form, and its state.

Text is never compared with text. Both what the server holds and what a user declares are brought to the same form, option
name to typed value, and then compared.
"""

from __future__ import annotations

import re

from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props


@dataclass(frozen=True)
class Option:
    """One scalar setting: its name in the API, its value when it is not set, and how it is read and written."""

    key: str
    default: Any
    parse: Callable[[Any], Any]
    show: Callable[[Any], Any]
    privilege: str
    hot: bool


def _text(value: Any) -> str:
    return str(value).strip()


def _joined(items: list[str]) -> str:
    return " ".join(items)


def as_flag(value: Any) -> bool:
    return props.parse_flag(str(value))


OPTIONS: dict[str, Option] = {
    "hostname": Option("hostname", "", _text, str, "VM.Config.Network", True),
    "cores": Option("cores", 0, int, int, "VM.Config.CPU", True),
    "cpulimit": Option("cpulimit", 0.0, float, props.show_number, "VM.Config.CPU", True),
    "cpuunits": Option("cpuunits", None, int, int, "VM.Config.CPU", True),
    "memory": Option("memory", 512, int, int, "VM.Config.Memory", True),
    "swap": Option("swap", 512, int, int, "VM.Config.Memory", True),
    "onboot": Option("onboot", False, as_flag, props.show_flag, "VM.Config.Options", True),
    "protection": Option("protection", False, as_flag, props.show_flag, "VM.Config.Options", True),
    "unprivileged": Option("unprivileged", False, as_flag, props.show_flag, "", False),
    "description": Option("description", "", lambda value: str(value).rstrip("\n"), str, "VM.Config.Options", True),
    "tags": Option("tags", [], lambda value: props.parse_tags(str(value)), ";".join, "VM.Config.Options", True),
    "nameservers": Option("nameserver", [], props.split_list, _joined, "VM.Config.Network", False),
    "searchdomains": Option("searchdomain", [], props.split_list, _joined, "VM.Config.Network", False),
    "timezone": Option("timezone", "", _text, str, "VM.Config.Options", False),
    "ostype": Option("ostype", "", _text, str, "VM.Config.Options", False),
    "startup": Option("startup", {}, props.STARTUP.parse, props.STARTUP.show, "VM.Config.Options", True),
    "features": Option("features", {}, props.FEATURES.parse, props.FEATURES.show, "VM.Allocate", False),
}
_INDEXED = re.compile(r"(net|mp)\d+$")


def parse_config(raw: dict[str, Any]) -> dict[str, Any]:
    """The canonical form of a configuration as the API gives it."""
    config: dict[str, Any] = {name: option.default for name, option in OPTIONS.items()}
    config.update(rootfs={}, networks={}, mounts={})
    by_key = {option.key: name for name, option in OPTIONS.items()}
    for key, value in raw.items():
        indexed = _INDEXED.match(key)
        if key in by_key:
            config[by_key[key]] = OPTIONS[by_key[key]].parse(value)
        elif key == "rootfs":
            config["rootfs"] = props.ROOTFS.parse(value)
        elif indexed:
            kind, codec = ("networks", props.NETWORK) if indexed.group(1) == "net" else ("mounts", props.MOUNT)
            config[kind][key] = codec.parse(value)
    return config


def storage_of(volume: dict[str, Any]) -> str:
    """The storage of a volume; empty for a bind mount or a device."""
    name = volume.get("volume", "")
    return "" if name.startswith("/") or ":" not in name else name.split(":", 1)[0]


def _describe_volume(volume: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in volume.items() if name not in ("size", "volume")}
    if volume.get("volume", "").startswith("/"):
        shown["host_path"] = volume["volume"]
    elif "volume" in volume:
        shown["volume"] = volume["volume"]
        shown["storage"] = storage_of(volume)
    elif "storage" in volume:
        shown["storage"] = volume["storage"]
    if volume.get("size") is not None:
        gib = volume["size"] / props.GIB
        shown["size_gib"] = int(gib) if gib == int(gib) else gib
    return shown


def describe_config(config: dict[str, Any]) -> dict[str, Any]:
    """A canonical configuration in the words of the module's options, as users see it in results and diffs."""
    shown = {name: value for name, value in config.items() if name not in ("rootfs", "networks", "mounts")}
    if "rootfs" in config:
        shown["rootfs"] = _describe_volume(config["rootfs"])
    if "networks" in config:
        shown["networks"] = [dict(net, id=key) for key, net in sorted(config["networks"].items(), key=_by_number)]
    if "mounts" in config:
        shown["mounts"] = [dict(_describe_volume(mount), id=key) for key, mount in sorted(config["mounts"].items(), key=_by_number)]
    return shown


def _by_number(item: tuple[str, Any]) -> int:
    return int(item[0].lstrip("netmp"))


@dataclass(frozen=True)
class Guest:
    """A container as it is; ``exists`` is False for one that is not there (yet)."""

    vmid: int | None = None
    node: str = ""
    exists: bool = False
    status: str = ""
    uptime: int = 0
    pool: str = ""
    lock: str = ""
    template: bool = False
    digest: str = ""
    settled: dict[str, Any] = field(default_factory=dict)  # what the running container has
    future: dict[str, Any] = field(default_factory=dict)  # what it has after its next start
    pending: tuple[str, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)  # the texts of ``future``
    raw_settled: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether its init process runs."""
        return self.status == "running"

    def reverted(self, keys: list[str]) -> Guest:
        """The container once the changes of these keys that wait are taken back."""
        raw = {key: value for key, value in self.raw.items() if key not in keys}
        raw.update({key: self.raw_settled[key] for key in keys if key in self.raw_settled})
        return replace(self, **_views(self.raw_settled, raw, [key for key in self.pending if key not in keys]))


def parse_pending(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of ``Guest`` that GET .../pending tells: it holds the present and the coming configuration at once."""
    settled = {entry["key"]: entry["value"] for entry in entries if "value" in entry}
    future = dict(settled)
    pending = []
    for entry in entries:
        if "pending" in entry:
            # A deletion may wait beside it (put-running-023): it comes first, and the value is set after it.
            future[entry["key"]] = entry["pending"]
        elif entry.get("delete"):
            future.pop(entry["key"], None)
        else:
            continue
        pending.append(entry["key"])
    return dict(
        _views(settled, future, pending), digest=settled.get("digest", ""), lock=settled.get("lock", ""),
        template=as_flag(settled.get("template", 0)))


def _views(settled: dict[str, Any], future: dict[str, Any], pending: list[str]) -> dict[str, Any]:
    coming = parse_config(future)
    present = parse_config(settled)
    _take_true_sizes(coming, present)
    return {"settled": present, "future": coming, "pending": tuple(sorted(pending)), "raw": future, "raw_settled": settled}


def _take_true_sizes(coming: dict[str, Any], present: dict[str, Any]) -> None:
    """A pending volume keeps the size text of the day it was written; the present one knows of growth since."""
    pairs = [(coming["rootfs"], present["rootfs"])]
    pairs += [(mount, present["mounts"].get(key, {})) for key, mount in coming["mounts"].items()]
    for later, now in pairs:
        if later.get("volume") == now.get("volume") and "size" in now:
            later["size"] = now["size"]
