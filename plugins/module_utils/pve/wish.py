# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container should be, as declared by a user; every mistake is found here, before anybody connects anywhere."""

from __future__ import annotations

import ipaddress
import re

from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import OPTIONS
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError


@dataclass(frozen=True)
class Wish:
    """What the user declared. ``config`` holds the managed options only; an option left out is left alone."""

    state: str
    config: dict[str, Any]
    given: dict[str, set[str]] = field(default_factory=dict)  # by item (net0, mp0, rootfs): the sub-options that were not left out
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
_GATEWAYS = {"gw": "ip", "gw6": "ip6"}
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
    values = {name: value for name, value in given.items() if value or isinstance(value, bool)}  # 0 and the like: taken away
    _check_ranges(problems, where + ".", values, _NETWORK_RANGES)
    for name in ("name", "bridge"):
        if name in values and not _DEVICE_NAME.fullmatch(values[name]):
            problems.append("%s.%s: %r is not a legal device name" % (where, name, values[name]))
    net = _normalise(problems, where, props.NETWORK, values)
    try:
        check_gateways(where, {name: value for name, value in net.items() if name not in _GATEWAYS or given.get(_GATEWAYS[name])})
    except PlanError as error:
        problems.append(str(error))
    return net


def check_gateways(where: str, net: dict[str, Any]) -> None:
    """Raises PlanError for a gateway that the card cannot reach."""
    for gateway, address in _GATEWAYS.items():
        if gateway not in net:
            continue
        if "/" not in net.get(address, ""):
            raise PlanError("%s.%s: needs a fixed address in %s, not %r" % (where, gateway, address, net.get(address)))
        if not _reachable(net[gateway], net[address]):
            raise PlanError("%s.%s: %s is outside the network of %s" % (where, gateway, net[gateway], net[address]))


def _reachable(gateway: str, address: str) -> bool:
    network = ipaddress.ip_interface(address).network
    router = ipaddress.ip_address(gateway)
    return router in network or router.is_link_local or network.num_addresses == 1


def card_name(key: str, net: dict[str, Any]) -> str:
    """A card's name in the container: eth0 for net0 and so on, unless it has another one."""
    return net.get("name") or key.replace("net", "eth")


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


def find_twins(problems: list[str], what: str, values: list[Any]) -> None:
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
        find_twins(problems, "networks.id", [net["id"] for net in params["networks"]])
        find_twins(problems, "networks.name", [card_name(key, net) for key, net in config["networks"].items()])
    if params.get("mounts") is not None:
        config["mounts"] = {mount["id"]: _mount(problems, mount) for mount in params["mounts"]}
        find_twins(problems, "mounts.id", [mount["id"] for mount in params["mounts"]])
        find_twins(problems, "mounts.path", [mount["path"] for mount in params["mounts"]])
    if problems:
        raise PlanError("; ".join(problems))
    given = {name: params[name] for name in (
        "vmid", "hostname", "node", "pool", "ostemplate", "password", "rename", "force", "purge", "purge_networks", "purge_mounts",
        "pool_move", "restart_if_pending", "shutdown_timeout") if params.get(name) is not None}
    keys = tuple(key.strip() for key in params.get("ssh_public_keys") or ())
    items = [dict(params.get("rootfs") or {}, id="rootfs")] + list(params.get("networks") or []) + list(params.get("mounts") or [])
    spoken_of = {item["id"]: {name for name, value in item.items() if value is not None} for item in items}
    return Wish(state=params["state"], config=config, given=spoken_of, ssh_public_keys=keys, **given)
