# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that lead from a container as it is to the container as it was declared.

Everything here is pure: the same functions make the plan that check mode prints, the diff, and the calls that are sent, so
these three can not drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.compare import Change, compare, new_volume
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import OPTIONS, Guest, describe_config
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import Wish, card_name, check_gateways


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
    params["rootfs"] = new_volume("rootfs", props.ROOTFS, rootfs)
    for key, net in config.get("networks", {}).items():
        check_gateways("networks[id=%s]" % key, net)
        params[key] = props.NETWORK.show(dict(net, name=card_name(key, net)))
    for key, mount in config.get("mounts", {}).items():
        params[key] = new_volume(key, props.MOUNT, mount)
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


def _power(kind: str, guest: Guest, params: dict[str, Any] | None = None) -> Step:
    vmid = guest.vmid if guest.vmid else "VMID"
    return Step(kind, "POST", "nodes/%s/lxc/%s/status/%s" % (guest.node, vmid, kind), params or {}, ("status",))


def _is_disk(key: str) -> bool:
    return key == "rootfs" or key.startswith("mp")


def is_hot(key: str, guest: Guest) -> bool:
    """Whether a running container takes a change of this key at once; everything else waits for a restart."""
    by_key = {option.key: option for option in OPTIONS.values()}
    if key in by_key:
        return by_key[key].hot
    return key.startswith("net") or (key.startswith("mp") and key not in guest.raw_settled)


def _take_back(wish: Wish, guest: Guest) -> tuple[list[str], Change]:
    """The keys whose waiting change has to be taken back first, and what is left to write after that.

    The server keeps a waiting value beside a deletion and sets it after that, refuses changes of a card whose last one
    failed, and makes a new, empty volume for a mount that waits for its removal.
    """
    keys = [key for key in wish.config.get("mounts", {}) if key in guest.pending and key not in guest.future["mounts"]]
    change = compare(wish, guest.reverted(keys))
    more = [key for key in change.keys() if key in guest.pending and key not in keys]
    return sorted(keys + more), compare(wish, guest.reverted(keys + more)) if more else change


def _config_steps(change: Change, guest: Guest) -> list[Step]:
    """The writes of the configuration; protection goes off before, and on after, what it would forbid."""
    path = "nodes/%s/lxc/%d/config" % (guest.node, guest.vmid)

    def step(keys: list[str]) -> Step:
        params = {key: change.params[key] for key in keys if key in change.params}
        delete = [key for key in keys if key in change.delete]
        if delete:
            params["delete"] = ",".join(delete)
        return Step("config", "PUT", path, dict(params, digest=guest.digest), tuple(keys))

    keys = change.keys()
    if "protection" in keys and any(_is_disk(key) for key in keys):
        others = [key for key in keys if key != "protection"]
        groups = [["protection"], others] if guest.future["protection"] else [others, ["protection"]]
    else:
        groups = [keys]
    return [step(group) for group in groups if group]


def _plan_change(wish: Wish, guest: Guest) -> Plan:
    if guest.template:
        raise PlanError("container %d (%s) is a template" % (guest.vmid, guest.settled["hostname"]))
    reverts, change = _take_back(wish, guest)
    before = {"state": guest.status, "config": describe_config({name: guest.future[name] for name in change.after})}
    guest = guest.reverted(reverts)
    keys = change.keys()
    if guest.future["protection"] and wish.config.get("protection") is not False and any(_is_disk(key) for key in keys):
        raise PlanError("container %d is protected, which forbids changing %s; set protection to false" % (
            guest.vmid, ", ".join(key for key in keys if _is_disk(key))))
    base = "nodes/%s/lxc/%d" % (guest.node, guest.vmid)
    steps = [Step("revert", "PUT", base + "/config", {"revert": ",".join(reverts), "digest": guest.digest}, tuple(reverts))] if reverts else []
    steps += _config_steps(change, guest)
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
    after = dict(before, state=status, config=describe_config(change.after))
    if wish.pool:
        before["pool"], after["pool"] = guest.pool, pool
    return Plan(tuple(steps), before, after, tuple(warnings), waiting and not restarted and status == "running")


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
