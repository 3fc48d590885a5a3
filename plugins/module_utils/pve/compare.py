# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a container's configuration differs from the declared one, and how that is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import OPTIONS, Guest, storage_of
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import Wish, card_name, check_gateways, find_twins


@dataclass
class Change:
    """What is to be written to the configuration of an existing container."""

    params: dict[str, Any] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    grow: dict[str, int] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def keys(self) -> list[str]:
        """The keys of the API that are set or deleted."""
        return sorted(list(self.params) + self.delete)


def compare(wish: Wish, guest: Guest) -> Change:
    """What of the managed options differs; raises PlanError for what can not be changed in place."""
    change = Change()
    for name, wanted in wish.config.items():
        if name == "features":
            _compare_features(change, wanted, guest)
        elif name in OPTIONS:
            _compare_scalar(change, name, wanted, guest)
    if "rootfs" in wish.config:
        change.after["rootfs"] = _compare_volume(change, "rootfs", props.ROOTFS, wish, guest.future["rootfs"])
    if "mounts" in wish.config:
        change.after["mounts"] = _compare_mounts(change, wish, guest)
    if "networks" in wish.config:
        change.after["networks"] = _compare_networks(change, wish, guest)
    return change


def _compare_scalar(change: Change, name: str, wanted: Any, guest: Guest) -> None:
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


def _compare_features(change: Change, wanted: dict[str, Any], guest: Guest) -> None:
    """A flag that is as declared keeps its own text: rewritten, the server takes it for changed, and only root@pam may do that."""
    present = guest.future["features"]
    if "other" in present:
        wanted = dict(wanted, other=present["other"])
    change.after["features"] = wanted
    if wanted == present:
        return
    if not wanted:
        change.delete.append("features")
        return
    texts = props.split_property_string(props.FEATURES.show(wanted))
    held = guest.raw.get("features", "")
    for name, text in props.split_property_string(held).items() if held.strip() else ():
        if props.FEATURES.parse("%s=%s" % (name, text)).get(name) == wanted.get(name):
            texts[name] = text
    change.params["features"] = ",".join("%s=%s" % item for item in sorted(texts.items()))


def _compare_volume(change: Change, key: str, codec: props.PropertyString, wish: Wish, present: dict[str, Any]) -> dict[str, Any]:
    """An existing volume keeps its name; its flags are written, its size only ever grows, and by its own call."""
    wanted = wish.config["rootfs"] if key == "rootfs" else wish.config["mounts"][key]
    host_path = wanted.get("volume")
    if host_path and host_path != present.get("volume"):
        raise PlanError("%s: is %s, not a bind mount of %s; remove it first" % (key, present.get("volume"), host_path))
    storage = storage_of(present)
    if wanted.get("storage") and wanted["storage"] != storage:
        raise PlanError("%s: its volume %s is not on storage %r; move it there with Proxmox VE's move_volume (pct move-volume)" % (
            key, present.get("volume"), wanted["storage"]))
    after = dict(_kept(wish, key, _flags(present)), **dict(_flags(wanted), volume=present["volume"]))
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


def _compare_mounts(change: Change, wish: Wish, guest: Guest) -> dict[str, dict[str, Any]]:
    after = dict(guest.future["mounts"])
    for key, wanted in sorted(wish.config["mounts"].items()):
        if key in after:
            after[key] = _compare_volume(change, key, props.MOUNT, wish, after[key])
        else:
            change.params[key] = new_volume(key, props.MOUNT, wanted)
            after[key] = wanted
    if wish.purge_mounts:
        _purge(change, after, wish.config["mounts"])
    _check_clash("mounts", "path", after)
    _check_leaving(guest, after)
    return after


def _check_leaving(guest: Guest, after: dict[str, dict[str, Any]]) -> None:
    """What is taken away stays mounted until the restart; a new volume would be mounted over it, empty."""
    leaving = {mount.get("path"): key for key, mount in guest.settled["mounts"].items() if guest.running and key not in after}
    for key in sorted(set(after) - set(guest.future["mounts"])):
        path = after[key]["path"]
        if path in leaving:
            raise PlanError("mounts[id=%s].path: %s is mounted as %s until the next restart; declare %s to keep its data, or stop the "
                            "container first" % (key, path, leaving[path], leaving[path]))


def _compare_networks(change: Change, wish: Wish, guest: Guest) -> dict[str, dict[str, Any]]:
    after = dict(guest.future["networks"])
    for key, wanted in sorted(wish.config["networks"].items()):
        present = after.get(key, {})
        # The MAC address, too: writing a card without it would give it a new one and plug it anew.
        after[key] = dict(_kept(wish, key, present), **wanted)
        after[key]["name"] = card_name(key, after[key])
        check_gateways("networks[id=%s]" % key, after[key])
        if after[key] != present:
            change.params[key] = props.NETWORK.show(after[key])
    if wish.purge_networks:
        _purge(change, after, wish.config["networks"])
    _check_clash("networks", "name", after)
    return after


def _kept(wish: Wish, key: str, present: dict[str, Any]) -> dict[str, Any]:
    """What an item has that the user did not speak of: it is left alone."""
    return {name: value for name, value in present.items() if name not in wish.given[key]}


def _purge(change: Change, after: dict[str, Any], listed: dict[str, Any]) -> None:
    for key in sorted(set(after) - set(listed)):
        change.delete.append(key)
        del after[key]


def _check_clash(kind: str, name: str, items: dict[str, dict[str, Any]]) -> None:
    problems: list[str] = []
    find_twins(problems, "%s.%s" % (kind, name), [item.get(name) for item in items.values() if item.get(name)])
    if problems:
        raise PlanError("; ".join(problems))


def new_volume(where: str, codec: props.PropertyString, wanted: dict[str, Any]) -> str:
    """The text that makes Proxmox VE allocate the volume (or bind the host's folder)."""
    if "volume" in wanted:
        return codec.show(wanted)
    if "storage" not in wanted or "size" not in wanted:
        raise PlanError("%s: a new volume needs storage and size_gib" % where)
    allocation = "%s:%s" % (wanted["storage"], props.show_gib(wanted["size"]))
    return codec.show(dict(_flags(wanted), volume=allocation))


def _flags(volume: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in volume.items() if name not in ("volume", "size", "storage")}
