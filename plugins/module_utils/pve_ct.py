# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container is, what it should be, and the calls that lead from the one to the other.

Everything here is pure: the same functions make the plan that check mode prints, the diff, and the calls that are sent,
so these three can not drift apart. Both sides are brought to one canonical form first (see ``OPTIONS``), then compared.
"""

from __future__ import annotations

import ipaddress
import re

from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.gti.lakehouse.plugins.module_utils import pve_props as props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve_steps import PlanError, Step


# The canonical form of a configuration: option name -> typed value, every option present.

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


def _as_flag(value: Any) -> bool:
    return props.parse_flag(str(value))


OPTIONS: dict[str, Option] = {
    "hostname": Option("hostname", "", _text, str, "VM.Config.Network", True),
    "cores": Option("cores", 0, int, int, "VM.Config.CPU", True),
    "cpulimit": Option("cpulimit", 0.0, float, props.show_number, "VM.Config.CPU", True),
    "cpuunits": Option("cpuunits", None, int, int, "VM.Config.CPU", True),
    "memory": Option("memory", 512, int, int, "VM.Config.Memory", True),
    "swap": Option("swap", 512, int, int, "VM.Config.Memory", True),
    "onboot": Option("onboot", False, _as_flag, props.show_flag, "VM.Config.Options", True),
    "protection": Option("protection", False, _as_flag, props.show_flag, "VM.Config.Options", True),
    "unprivileged": Option("unprivileged", False, _as_flag, props.show_flag, "", False),
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


# The present state

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
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether its init process runs."""
        return self.status == "running"


def parse_pending(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of ``Guest`` that GET .../pending tells: it holds the present and the coming configuration at once."""
    settled = {entry["key"]: entry["value"] for entry in entries if "value" in entry}
    future = dict(settled)
    pending = []
    for entry in entries:
        if entry.get("delete"):
            future.pop(entry["key"], None)
        elif "pending" in entry:
            future[entry["key"]] = entry["pending"]
        else:
            continue
        pending.append(entry["key"])
    coming = parse_config(future)
    present = parse_config(settled)
    _take_true_sizes(coming, present)
    return {
        "settled": present, "future": coming, "pending": tuple(sorted(pending)), "raw": future, "digest": settled.get("digest", ""),
        "lock": settled.get("lock", ""), "template": _as_flag(settled.get("template", 0)),
    }


def _take_true_sizes(coming: dict[str, Any], present: dict[str, Any]) -> None:
    """A pending volume keeps the size text of the day it was written; the present one knows of growth since."""
    pairs = [(coming["rootfs"], present["rootfs"])]
    pairs += [(mount, present["mounts"].get(key, {})) for key, mount in coming["mounts"].items()]
    for later, now in pairs:
        if later.get("volume") == now.get("volume") and "size" in now:
            later["size"] = now["size"]


# The wish

@dataclass(frozen=True)
class Wish:
    """What the user declared. ``config`` holds the managed options only; an option left out is left alone."""

    state: str
    config: dict[str, Any]
    vmid: int | None = None
    hostname: str = ""
    node: str = ""
    pool: str = ""
    ostemplate: str = ""
    ssh_public_keys: tuple[str, ...] = ()
    password: str = ""
    rename: bool = False
    force: bool = False
    purge: bool = False
    purge_networks: bool = False
    purge_mounts: bool = False
    pool_move: bool = False
    restart_if_pending: bool = False
    shutdown_timeout: int = 60


_DNS_NAME = re.compile(r"(?=.{1,255}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]*")
_STORAGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]")
_DEVICE_NAME = re.compile(r"[-_.\w]+", re.ASCII)
_RANGES = {
    "vmid": (100, 999999999), "cores": (0, 8192), "cpulimit": (0, 8192), "cpuunits": (1, 10000), "memory": (16, None), "swap": (0, None),
}
_NETWORK_RANGES = {"mtu": (64, 65535), "tag": (1, 4094), "rate": (0, None)}


def _check_ranges(problems: list[str], where: str, values: dict[str, Any], ranges: dict[str, tuple]) -> None:
    for name, (low, high) in ranges.items():
        value = values.get(name)
        if value is not None and (value < low or (high is not None and value > high)):
            problems.append("%s%s: %s is not %s" % (
                where, name, value, "between %s and %s" % (low, high) if high is not None else "at least %s" % low))


def _check_id(problems: list[str], where: str, given: str, prefix: str, last: int) -> None:
    number = given[len(prefix):] if given.startswith(prefix) else ""
    if not number.isdigit() or number != str(int(number)) or int(number) > last:
        problems.append("%s.id: is not one of %s0 to %s%d" % (where, prefix, prefix, last))


def _normalise(problems: list[str], where: str, codec: props.PropertyString, values: dict[str, Any]) -> dict[str, Any]:
    try:
        return codec.normalise(values)
    except ValueError as error:
        problems.append("%s: %s" % (where, error))
        return {}


def _network(problems: list[str], given: dict[str, Any]) -> dict[str, Any]:
    where = "networks[id=%s]" % given["id"]
    _check_id(problems, where, given["id"], "net", 31)
    _check_ranges(problems, where + ".", given, _NETWORK_RANGES)
    values = dict(given, name=given.get("name") or given["id"].replace("net", "eth"))
    for name in ("name", "bridge"):
        if not _DEVICE_NAME.fullmatch(values[name]):
            problems.append("%s.%s: %r is not a legal device name" % (where, name, values[name]))
    net = _normalise(problems, where, props.NETWORK, values)
    for gateway, address in (("gw", "ip"), ("gw6", "ip6")):
        if gateway not in net:
            continue
        if "/" not in net.get(address, ""):
            problems.append("%s.%s: needs a fixed address in %s, not %r" % (where, gateway, address, net.get(address)))
        elif not _reachable(net[gateway], net[address]):
            problems.append("%s.%s: %s is outside the network of %s" % (where, gateway, net[gateway], net[address]))
    return net


def _reachable(gateway: str, address: str) -> bool:
    network = ipaddress.ip_interface(address).network
    router = ipaddress.ip_address(gateway)
    return router in network or router.is_link_local or network.num_addresses == 1


def _volume(problems: list[str], where: str, codec: props.PropertyString, given: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in given.items() if name not in ("id", "storage", "size_gib", "host_path")}
    volume = _normalise(problems, where, codec, values)
    if given.get("host_path"):
        volume["volume"] = given["host_path"]
    if given.get("storage"):
        volume["storage"] = given["storage"]
        if not _STORAGE.fullmatch(given["storage"]):
            problems.append("%s.storage: %r is not the name of a storage" % (where, given["storage"]))
    size = given.get("size_gib")
    if size is not None:
        if size < 0 or (0 < size < 0.001):
            problems.append("%s.size_gib: %s is not a size in GiB" % (where, size))
        else:
            volume["size"] = props.size_from_gib(float(size))
    return volume


def _mount(problems: list[str], given: dict[str, Any]) -> dict[str, Any]:
    where = "mounts[id=%s]" % given["id"]
    _check_id(problems, where, given["id"], "mp", 255)
    path = given["path"]
    if not path.startswith("/") or path.strip("/") == "" or "/../" in path + "/" or "/./" in path + "/" or "," in path:
        problems.append("%s.path: %r is not an absolute path below /" % (where, path))
    host_path = given.get("host_path")
    if host_path and (not host_path.startswith("/") or "," in host_path):
        problems.append("%s.host_path: %r is not an absolute path" % (where, host_path))
    if host_path and given.get("size_gib") is not None:
        problems.append("%s.size_gib: a bind mount has no size of its own" % where)
    return _volume(problems, where, props.MOUNT, given)


def _unique(problems: list[str], what: str, values: list[Any]) -> None:
    for value in sorted({value for value in values if values.count(value) > 1}):
        problems.append("%s: %r is given twice" % (what, value))


_SCALAR_CHECKS: dict[str, Callable[[Any], bool]] = {
    "hostname": lambda value: bool(_DNS_NAME.fullmatch(value)),
    "searchdomains": lambda value: all(_DNS_NAME.fullmatch(name) for name in value),
    "tags": lambda value: all(_TAG.fullmatch(tag) for tag in value),
    "description": lambda value: len(value) <= 8192,
    "timezone": lambda value: bool(re.fullmatch(r"[\w+/-]*", value)),
}
_REMEDIES = {
    "hostname": "use letters, digits, hyphens and dots (no underscore)",
    "searchdomains": "each must be a DNS name",
    "tags": "each may hold a-z, 0-9, _, +, - and . and starts with a letter, a digit or _",
    "description": "it may be 8192 characters long",
    "timezone": "use host or a zone name like America/Sao_Paulo",
}


def _scalars(problems: list[str], params: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for name in OPTIONS:
        value = params.get(name)
        if value is None:
            continue
        if name == "tags":
            value = props.parse_tags(";".join(value))
        elif name == "description":
            value = value.rstrip("\n")
        elif name == "features":
            value = _normalise(problems, name, props.FEATURES, value)
        elif name == "startup":
            value = _normalise(problems, name, props.STARTUP, value)
        elif name == "nameservers":
            value = [_nameserver(problems, server) for server in value]
        config[name] = value
        if name in _SCALAR_CHECKS and not _SCALAR_CHECKS[name](value):
            shown = value if name != "description" else "%d characters" % len(value)
            problems.append("%s: %r is refused by Proxmox VE; %s" % (name, shown, _REMEDIES[name]))
    return config


def _nameserver(problems: list[str], server: str) -> str:
    try:
        return str(ipaddress.ip_address(server))
    except ValueError:
        problems.append("nameservers: %r is not an IP address" % server)
        return server


def parse_wish(params: dict[str, Any]) -> Wish:
    """The module's parameters in canonical form; raises PlanError with every mistake at once.

    Proxmox VE itself accepts some of these mistakes and then builds something else (a size with a unit becomes the name of
    a volume, a relative mount path is stored as it is), so none of this can be left to it.
    """
    problems: list[str] = []
    _check_ranges(problems, "", params, _RANGES)
    config = _scalars(problems, params)
    if params.get("rootfs") is not None:
        config["rootfs"] = _volume(problems, "rootfs", props.ROOTFS, params["rootfs"])
    if params.get("networks") is not None:
        config["networks"] = {net["id"]: _network(problems, net) for net in params["networks"]}
        _unique(problems, "networks.id", [net["id"] for net in params["networks"]])
        _unique(problems, "networks.name", [net.get("name") for net in config["networks"].values() if net])
    if params.get("mounts") is not None:
        config["mounts"] = {mount["id"]: _mount(problems, mount) for mount in params["mounts"]}
        _unique(problems, "mounts.id", [mount["id"] for mount in params["mounts"]])
        _unique(problems, "mounts.path", [mount["path"] for mount in params["mounts"]])
    if problems:
        raise PlanError("; ".join(problems))
    given = {name: params[name] for name in (
        "vmid", "hostname", "node", "pool", "ostemplate", "password", "rename", "force", "purge", "purge_networks", "purge_mounts",
        "pool_move", "restart_if_pending", "shutdown_timeout") if params.get(name) is not None}
    keys = tuple(key.strip() for key in params.get("ssh_public_keys") or ())
    return Wish(state=params["state"], config=config, ssh_public_keys=keys, **given)


# The plan

@dataclass(frozen=True)
class Plan:
    """The calls that lead to the declared state, and what the managed options are before and after."""

    steps: tuple[Step, ...] = ()
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    restart_required: bool = False


def make_plan(wish: Wish, guest: Guest) -> Plan:
    """The plan from a container as it is to the container as it was declared; raises PlanError where there is no way."""
    if wish.state == "absent":
        return _plan_absent(wish, guest)
    if guest.exists:
        _check_identity(wish, guest)
        return _plan_change(wish, guest)
    return _plan_create(wish, guest)


def _check_identity(wish: Wish, guest: Guest) -> None:
    name = guest.settled["hostname"]
    if wish.vmid and wish.hostname and name.lower() != wish.hostname.lower() and not wish.rename:
        raise PlanError("vmid %d belongs to the container %r on node %s, not to %r; correct vmid, or set rename to change its name" % (
            guest.vmid, name, guest.node, wish.hostname))


def _plan_absent(wish: Wish, guest: Guest) -> Plan:
    if not guest.exists:
        return Plan(before={"state": "absent"}, after={"state": "absent"})
    _check_identity(replace(wish, rename=False), guest)
    if guest.future["protection"]:
        raise PlanError("container %d (%s) is protected; set protection to false first" % (guest.vmid, guest.settled["hostname"]))
    if guest.running and not wish.force:
        raise PlanError("container %d (%s) is running; stop it first, or set force" % (guest.vmid, guest.settled["hostname"]))
    params = {}
    if guest.running:
        params["force"] = "1"
    if wish.purge:
        params["purge"] = "1"
    step = Step("destroy", "DELETE", "nodes/%s/lxc/%d" % (guest.node, guest.vmid), params, ("vmid",))
    return Plan((step,), {"state": guest.status, "config": describe_config(guest.settled)}, {"state": "absent"})


def _plan_create(wish: Wish, guest: Guest) -> Plan:
    missing = [name for name, value in (("hostname", wish.hostname), ("ostemplate", wish.ostemplate)) if not value]
    rootfs = wish.config.get("rootfs", {})
    missing += ["rootfs." + name for name, key in (("storage", "storage"), ("size_gib", "size")) if key not in rootfs]
    if missing:
        raise PlanError("container %s does not exist; to create it, these are missing: %s" % (
            wish.hostname or wish.vmid, ", ".join(missing)))
    config = dict({"unprivileged": True}, **wish.config)
    params: dict[str, Any] = {"ostemplate": wish.ostemplate}
    if guest.vmid:
        params["vmid"] = str(guest.vmid)
    for name, option in OPTIONS.items():
        if name in config and (config[name] != option.default or name == "unprivileged"):
            params[option.key] = option.show(config[name])
    params["rootfs"] = _new_volume("rootfs", props.ROOTFS, rootfs)
    for key, net in config.get("networks", {}).items():
        params[key] = props.NETWORK.show(net)
    for key, mount in config.get("mounts", {}).items():
        params[key] = _new_volume(key, props.MOUNT, mount)
    if wish.pool:
        params["pool"] = wish.pool
    if wish.ssh_public_keys:
        params["ssh-public-keys"] = "\n".join(wish.ssh_public_keys)
    if wish.password:
        params["password"] = wish.password
    steps = [Step("create", "POST", "nodes/%s/lxc" % guest.node, params, tuple(sorted(params)))]
    status = "running" if wish.state in ("started", "restarted") else "stopped"
    if status == "running":
        steps.append(_power("start", guest))
    return Plan(tuple(steps), {"state": "absent"}, {"state": status, "config": describe_config(config)})


def _new_volume(where: str, codec: props.PropertyString, wanted: dict[str, Any]) -> str:
    """The text that makes Proxmox VE allocate the volume (or bind the host's folder)."""
    if "volume" in wanted:
        return codec.show(wanted)
    if "storage" not in wanted or "size" not in wanted:
        raise PlanError("%s: a new volume needs storage and size_gib" % where)
    allocation = "%s:%s" % (wanted["storage"], props.show_gib(wanted["size"]))
    return codec.show(dict(_flags(wanted), volume=allocation))


def _flags(volume: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in volume.items() if name not in ("volume", "size", "storage")}


def _power(kind: str, guest: Guest, params: dict[str, Any] | None = None) -> Step:
    vmid = guest.vmid if guest.vmid else "VMID"
    return Step(kind, "POST", "nodes/%s/lxc/%s/status/%s" % (guest.node, vmid, kind), params or {}, ("status",))


@dataclass
class _Change:
    """What is to be written to the configuration of an existing container."""

    params: dict[str, Any] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    grow: dict[str, int] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def keys(self) -> list[str]:
        return sorted(list(self.params) + self.delete)


def _compare(wish: Wish, guest: Guest) -> _Change:
    change = _Change()
    for name, wanted in wish.config.items():
        if name in OPTIONS:
            _compare_scalar(change, name, wanted, guest)
    if "rootfs" in wish.config:
        change.after["rootfs"] = _compare_volume(change, "rootfs", props.ROOTFS, wish.config["rootfs"], guest.future["rootfs"])
    if "mounts" in wish.config:
        change.after["mounts"] = _compare_mounts(change, wish, guest)
    if "networks" in wish.config:
        change.after["networks"] = _compare_networks(change, wish, guest)
    return change


def _compare_scalar(change: _Change, name: str, wanted: Any, guest: Guest) -> None:
    option = OPTIONS[name]
    present = guest.future[name]
    change.after[name] = wanted
    if name == "unprivileged" and wanted != present:
        raise PlanError("unprivileged: container %d is %s, which can not be changed; it must be built anew (backup, then restore)" % (
            guest.vmid, "unprivileged" if present else "privileged"))
    if wanted == present:
        return
    if wanted == option.default and not wanted and not isinstance(wanted, bool):
        change.delete.append(option.key)  # an empty text would be stored as a blank
    else:
        change.params[option.key] = option.show(wanted)


def _compare_volume(
        change: _Change, key: str, codec: props.PropertyString, wanted: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """An existing volume keeps its name; its flags are written, its size only ever grows, and by its own call."""
    host_path = wanted.get("volume")
    if host_path and host_path != present.get("volume"):
        raise PlanError("%s: is %s, not a bind mount of %s; remove it first" % (key, present.get("volume"), host_path))
    storage = storage_of(present)
    if wanted.get("storage") and wanted["storage"] != storage:
        raise PlanError("%s: its volume %s is not on storage %r; move it there with Proxmox VE's move_volume (pct move-volume)" % (
            key, present.get("volume"), wanted["storage"]))
    after = dict(_flags(wanted), volume=present["volume"])
    if "other" in present:
        after["other"] = present["other"]
    if "size" in present:
        after["size"] = present["size"]
    if after != present:
        change.params[key] = codec.show(after)
    if "size" in wanted and wanted["size"] != present.get("size"):
        _check_growth(key, wanted["size"], present)
        change.grow[key] = wanted["size"]
        after = dict(after, size=wanted["size"])
    return after


def _check_growth(key: str, wanted: int, present: dict[str, Any]) -> None:
    if "size" not in present:
        raise PlanError("%s: the size of %s is unknown to Proxmox VE, so it can not be compared; run pct rescan" % (key, present["volume"]))
    if wanted < present["size"]:
        raise PlanError("%s: %s can not shrink from %s to %s" % (
            key, present["volume"], props.show_size(present["size"]), props.show_size(wanted)))
    if present["size"] == 0:
        raise PlanError("%s: %s is a plain directory (size 0) and can not be resized" % (key, present["volume"]))


def _compare_mounts(change: _Change, wish: Wish, guest: Guest) -> dict[str, dict[str, Any]]:
    after = dict(guest.future["mounts"])
    for key, wanted in sorted(wish.config["mounts"].items()):
        if key in after:
            after[key] = _compare_volume(change, key, props.MOUNT, wanted, after[key])
        else:
            change.params[key] = _new_volume(key, props.MOUNT, wanted)
            after[key] = wanted
    if wish.purge_mounts:
        _purge(change, after, wish.config["mounts"])
    _check_clash("mounts", "path", after)
    return after


def _compare_networks(change: _Change, wish: Wish, guest: Guest) -> dict[str, dict[str, Any]]:
    after = dict(guest.future["networks"])
    for key, wanted in sorted(wish.config["networks"].items()):
        present = after.get(key, {})
        # Left out, the address stays: writing a card without it would give it a new one and plug it anew.
        kept = {name: present[name] for name in ("hwaddr", "other") if name in present}
        after[key] = dict(kept, **wanted)
        if after[key] != present:
            change.params[key] = props.NETWORK.show(after[key])
    if wish.purge_networks:
        _purge(change, after, wish.config["networks"])
    _check_clash("networks", "name", after)
    return after


def _purge(change: _Change, after: dict[str, Any], listed: dict[str, Any]) -> None:
    for key in sorted(set(after) - set(listed)):
        change.delete.append(key)
        del after[key]


def _check_clash(kind: str, name: str, items: dict[str, dict[str, Any]]) -> None:
    problems: list[str] = []
    _unique(problems, "%s.%s" % (kind, name), [item.get(name) for item in items.values() if item.get(name)])
    if problems:
        raise PlanError("; ".join(problems))


def _is_disk(key: str) -> bool:
    return key == "rootfs" or key.startswith("mp")


def is_hot(key: str, guest: Guest) -> bool:
    """Whether a running container takes a change of this key at once; everything else waits for a restart."""
    by_key = {option.key: option for option in OPTIONS.values()}
    if key in by_key:
        return by_key[key].hot
    return key.startswith("net") or (key.startswith("mp") and key not in guest.raw)


def _config_steps(change: _Change, guest: Guest) -> list[Step]:
    """The writes of the configuration; protection goes off before, and on after, what it would forbid."""
    path = "nodes/%s/lxc/%d/config" % (guest.node, guest.vmid)

    def step(keys: list[str]) -> Step:
        params = {key: change.params[key] for key in keys if key in change.params}
        delete = [key for key in keys if key in change.delete]
        if delete:
            params["delete"] = ",".join(delete)
        return Step("config", "PUT", path, dict(params, digest=guest.digest), tuple(keys))

    keys = change.keys()
    steps = []
    stuck = [key for key in keys if guest.running and key in guest.pending and key.startswith("net")]
    if stuck:
        # A hot change that failed earlier is still waiting; the server takes no other change of that key before it is dropped.
        steps.append(Step("revert", "PUT", path, {"revert": ",".join(stuck)}, tuple(stuck)))
    if "protection" in keys and any(_is_disk(key) for key in keys):
        others = [key for key in keys if key != "protection"]
        groups = [["protection"], others] if guest.future["protection"] else [others, ["protection"]]
    else:
        groups = [keys]
    return steps + [step(group) for group in groups if group]


def _plan_change(wish: Wish, guest: Guest) -> Plan:
    if guest.template:
        raise PlanError("container %d (%s) is a template" % (guest.vmid, guest.settled["hostname"]))
    change = _compare(wish, guest)
    keys = change.keys()
    if guest.future["protection"] and wish.config.get("protection") is not False and any(_is_disk(key) for key in keys):
        raise PlanError("container %d is protected, which forbids changing %s; set protection to false" % (
            guest.vmid, ", ".join(key for key in keys if _is_disk(key))))
    base = "nodes/%s/lxc/%d" % (guest.node, guest.vmid)
    steps = _config_steps(change, guest) if keys else []
    for disk, size in change.grow.items():
        params = {"disk": disk, "size": props.show_size(size), "digest": guest.digest}
        steps.append(Step("resize", "PUT", base + "/resize", params, (disk,)))
    warnings = []
    pool = guest.pool
    if wish.pool and wish.pool != guest.pool:
        if guest.pool and not wish.pool_move:
            warnings.append("container %d stays in pool %r; set pool_move to take it to %r" % (guest.vmid, guest.pool, wish.pool))
        else:
            params = {"poolid": wish.pool, "vms": str(guest.vmid)}
            if guest.pool:
                params["allow-move"] = "1"
            steps.append(Step("pool", "PUT", "pools", params, ("pool",)))
            pool = wish.pool
    if wish.node and wish.node != guest.node:
        warnings.append("container %d lives on node %s, not on %s; it is left there" % (guest.vmid, guest.node, wish.node))
    waiting = guest.running and (bool(guest.pending) or any(not is_hot(key, guest) or key == "hostname" for key in keys))
    steps, status, restarted = _power_steps(wish, guest, steps, waiting)
    before = _managed(change, guest)
    after = dict(before, state=status, config=describe_config(change.after))
    if wish.pool:
        before["pool"], after["pool"] = guest.pool, pool
    return Plan(tuple(steps), before, after, tuple(warnings), waiting and not restarted and status == "running")


def _managed(change: _Change, guest: Guest) -> dict[str, Any]:
    return {"state": guest.status, "config": describe_config({name: guest.future[name] for name in change.after})}


def _power_steps(wish: Wish, guest: Guest, steps: list[Step], waiting: bool) -> tuple[list[Step], str, bool]:
    """The steps with the power changes in their place, the status afterwards, and whether the container was started anew."""
    timeout = {"timeout": str(wish.shutdown_timeout)}
    if wish.state == "stopped" and guest.running:
        # Stopped first, so that nothing has to wait for a restart.
        stop = _power("stop", guest) if wish.force else _power("shutdown", guest, dict(timeout, forceStop="1"))
        return [stop] + steps, "stopped", False
    if wish.state in ("started", "restarted") and not guest.running:
        return steps + [_power("start", guest)], "running", True
    if wish.state == "restarted" or (wish.state == "started" and wish.restart_if_pending and waiting):
        return steps + [_power("reboot", guest, timeout)], "running", True
    return steps, guest.status, False
