# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of containers: configuration and files."""

from .. import sizes
from ..errors import Die
from ..guestconf import Section, visible
from ..guests import check_unlocked
from ..guestview import mounts
from ..router import everyone, may, route
from ..schema import boolean, string
from ..storage import mount_type, split_volid
from .guest_power import start_work

BASE = "/nodes/{node}/lxc/{vmid}/snapshot"
NAME = string("pve-configid", longest=40, required=True)
RESERVED = ("current", "vzdump")
OF_SNAPSHOT = ("snaptime", "snapstate", "parent", "description")
CHANGE = may("/vms/{vmid}", "VM.Snapshot")


def can_snapshot(node, conf):
    """All volumes on storages that can, and no bind mounts."""
    return all(mount_type(keys["volume"]) == "volume" and node.storage.can_snapshot(split_volid(keys["volume"])[0])
               for _name, keys in mounts(conf.current))


def volumes(section):
    return [keys["volume"] for _name, keys in mounts(section)]


def _existing(conf, name):
    if name not in conf.snapshots:
        raise Die("snapshot '%s' does not exist" % name)
    return conf.snapshots[name]


@route("GET", BASE, permission=may("/vms/{vmid}", "VM.Audit"))
def list_snapshots(call):
    """Ends with the present state, which is no snapshot (snapshot-005)."""
    conf = call.node.guests.load(call["vmid"])
    found = []
    for name, section in sorted(conf.snapshots.items(), key=lambda item: int(item[1].get("snaptime", 0))):
        entry = {"name": name, "snaptime": int(section["snaptime"]), "description": section.get("description", "")}
        if section.get("parent"):
            entry["parent"] = section["parent"]
        if section.get("snapstate"):
            entry["snapstate"] = section["snapstate"]
        found.append(entry)
    here = {"name": "current", "description": "You are here!", "digest": conf.digest,
            "running": int(call.node.backend.running(call["vmid"]))}
    if conf.current.get("parent"):
        here["parent"] = conf.current["parent"]
    return [*found, here]


@route("POST", BASE, {"snapname": NAME, "description": string(lines=True)}, permission=CHANGE)
def create(call):
    node, vmid, name = call.node, call["vmid"], call["snapname"]
    if name in RESERVED:
        raise Die("unable to use snapshot name '%s' (reserved name)" % name)

    def work(task):
        with node.guests.locked(vmid):
            conf = node.guests.load(vmid)
            check_unlocked(conf)
            if name in conf.snapshots:
                raise Die("snapshot name '%s' already used" % name)
            if not can_snapshot(node, conf):
                raise Die("snapshot feature is not available")
            section = Section({key: text for key, text in conf.current.items()
                               if not key.startswith("unused") and key != "description"})
            section["snaptime"] = str(int(node.clock()))
            if call.get("description"):
                section["description"] = call["description"].rstrip("\n") + "\n"
            with node.backend.frozen(vmid):
                for volid in volumes(conf.current):
                    node.backend.snapshot_volume(volid, name)
            conf.snapshots[name] = section
            conf.current["parent"] = name
            node.guests.save(vmid, conf)
    return call.task("vzsnapshot", vmid, work)


@route("GET", BASE + "/{snapname}", {"snapname": NAME}, permission=everyone)
def index(call):
    _existing(call.node.guests.load(call["vmid"]), call["snapname"])
    return [{"cmd": "rollback"}, {"cmd": "config"}]


@route("GET", BASE + "/{snapname}/config", {"snapname": NAME},
       permission=may("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit", any_of=True))
def read_config(call):
    return visible(_existing(call.node.guests.load(call["vmid"]), call["snapname"]))


@route("PUT", BASE + "/{snapname}/config", {"snapname": NAME, "description": string(lines=True)}, permission=CHANGE)
def change_config(call):
    node, vmid = call.node, call["vmid"]
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        check_unlocked(conf)
        section = _existing(conf, call["snapname"])
        if "description" in call.params:
            section["description"] = call["description"].rstrip("\n") + "\n"
        node.guests.save(vmid, conf)


@route("POST", BASE + "/{snapname}/rollback", {"snapname": NAME, "start": boolean()},
       permission=may("/vms/{vmid}", "VM.Snapshot", "VM.Snapshot.Rollback", any_of=True))
def rollback(call):
    """Stops the container, brings configuration and files back; `start` starts it in a task of its own."""
    node, vmid, name = call.node, call["vmid"], call["snapname"]

    def work(task):
        with node.guests.locked(vmid):
            conf = node.guests.load(vmid)
            section = _existing(conf, name)
            check_unlocked(conf)
            if node.backend.running(vmid):
                node.backend.stop(task, vmid)
            _restore(node, vmid, conf, section, name)
        if call.flag("start"):
            call.task("vzstart", vmid, lambda second: start_work(second, node, vmid))
    return call.task("vzrollback", vmid, work)


def _restore(node, vmid, conf, section, name):
    conf.current["lock"] = "rollback"
    node.guests.save(vmid, conf)
    for _name, keys in mounts(section):
        node.backend.rollback_volume(keys["volume"], name)
        node.storage.resize(keys["volume"], sizes.parse(keys.get("size", "0")))
    kept = {key: text for key, text in conf.current.items() if key.startswith("unused")}
    kept.update({"unused%d" % (len(kept) + n): volid for n, volid in enumerate(_left_behind(conf.current, section))})
    restored = Section({key: text for key, text in section.items() if key not in OF_SNAPSHOT})
    restored.update(kept)
    if "description" in conf.current:
        restored["description"] = conf.current["description"]
    restored["parent"] = name
    conf.current, conf.pending, conf.delete = restored, Section(), {}
    node.guests.save(vmid, conf)


def _left_behind(current, section):
    """Volumes that the snapshot does not know: they stay, as unused ones."""
    return [volid for volid in volumes(current) if volid not in volumes(section)]


@route("DELETE", BASE + "/{snapname}", {"snapname": NAME, "force": boolean()}, permission=CHANGE)
def delete(call):
    node, vmid, name = call.node, call["vmid"], call["snapname"]

    def work(task):
        with node.guests.locked(vmid):
            conf = node.guests.load(vmid)
            section = _existing(conf, name)
            check_unlocked(conf)
            for volid in volumes(section):
                node.backend.delete_snapshot(volid, name)
            del conf.snapshots[name]
            for other in (conf.current, *conf.snapshots.values()):
                if other.get("parent") == name:
                    other.pop("parent")
                    if section.get("parent"):
                        other["parent"] = section["parent"]
            node.guests.save(vmid, conf)
    return call.task("vzdelsnapshot", vmid, work)
