# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST vzdump: containers as archives, with their configuration."""

import time

from .. import formats
from ..errors import ApiError, Die
from ..guestconf import GuestConf, Section
from ..guests import check_unlocked
from ..guestview import mounts
from ..router import everyone, route
from ..schema import enum, string
from ..storage import mount_type
from .guest_power import boot
from .guest_snapshot import can_snapshot

COMPRESS = ("0", "1", "gzip", "lzo", "zstd")
ENDINGS = {"0": "tar", "gzip": "tar.gz", "zstd": "tar.zst"}
SNAPSHOT = "vzdump"


@route("POST", "/nodes/{node}/vzdump", {
    "vmid": string("pve-vmid-list"), "storage": string("pve-storage-id"),
    "mode": enum("snapshot", "suspend", "stop"), "compress": enum(*COMPRESS)}, permission=everyone)
def vzdump(call):
    """One task for all of them; only what is wrong with the storage ends it before the first (misc-039)."""
    vmids = formats.split_list(call.get("vmid", ""))
    if not vmids:
        raise Die("the lab backs up guests by their ids only")
    if call.get("compress", "0") not in ENDINGS:
        raise Die("the lab compresses with gzip or zstd only")
    if call.get("storage"):
        call.require("/storage/" + call["storage"], "Datastore.AllocateSpace")
    return call.task("vzdump", vmids[0] if len(vmids) == 1 else "", lambda task: _job(task, call, vmids))


def _job(task, call, vmids):
    node, storage = call.node, call.get("storage", "local")
    try:
        if not node.storage.holds(storage, "backup"):
            raise Die("can't use storage '%s' for backups - wrong content type" % storage)
    except ApiError as err:
        raise Die("could not get storage information for '%s': %s" % (storage, err.reason)) from None
    options = "".join(" --%s %s" % (name, call[name]) for name in ("mode", "compress", "storage") if call.get(name))
    task.log("INFO: starting new backup job: vzdump %s --node %s%s" % (" ".join(vmids), node.name, options))
    failed = False
    for vmid in vmids:
        try:
            _backup(task, call, vmid, storage)
        except ApiError as err:
            failed = True
            task.log("ERROR: Backup of VM %s failed - %s" % (vmid, err.reason))
            task.log("INFO: Failed at " + _now(node))
        task.check()
    task.log("INFO: Backup job finished " + ("with errors" if failed else "successfully"))
    if failed:
        raise Die("job errors")


def _now(node, form="%Y-%m-%d %H:%M:%S"):
    return time.strftime(form, time.localtime(node.clock()))


def _backup(task, call, vmid, storage):
    node, mode = call.node, call.get("mode", "snapshot")
    if not node.exists(vmid):
        raise Die("unable to find VM '%s'" % vmid)
    call.require("/vms/" + vmid, "VM.Backup")
    task.log("INFO: Starting Backup of VM %s (lxc)" % vmid)
    task.log("INFO: Backup started at " + _now(node))
    conf = _lock(node, vmid)
    try:
        running = node.backend.running(vmid)
        if not running:
            mode = "stop"
        elif mode == "snapshot" and not can_snapshot(node, conf):
            task.log("INFO: mode failure - some volumes do not support snapshots")
            task.log("INFO: trying 'suspend' mode instead")
            mode = "suspend"
        task.log("INFO: status = %s" % ("running" if running else "stopped"))
        task.log("INFO: backup mode: " + mode)
        task.log("INFO: CT Name: " + conf.current.get("hostname", "CT" + vmid))
        _archive(task, node, vmid, conf, storage, mode, running, ENDINGS[call.get("compress", "0")])
    finally:
        _unlock(node, vmid)
    task.log("INFO: Finished Backup of VM " + vmid)
    task.log("INFO: Backup finished at " + _now(node))


def _lock(node, vmid):
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        check_unlocked(conf)
        conf.current["lock"] = "backup"
        node.guests.save(vmid, conf)
    return conf


def _unlock(node, vmid):
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        conf.current.pop("lock", None)
        node.guests.save(vmid, conf)


def _archive(task, node, vmid, conf, storage, mode, running, ending):
    """Stopped, held still, or from a snapshot that is taken while it is held still."""
    name = "vzdump-lxc-%s-%s.%s" % (vmid, _now(node, "%Y_%m_%d-%H_%M_%S"), ending)
    parts = _parts(task, conf)

    def write(snapshot=None):
        task.log("INFO: creating vzdump archive '%s'" % node.storage.path(storage, "backup", name))
        node.backend.backup(task, storage, name, _saved(conf), parts, snapshot)

    if mode == "stop":
        if running:
            task.log("INFO: stopping vm")
            if not node.backend.shutdown(task, vmid, 600):
                raise Die("container did not stop")
        try:
            write()
        finally:
            if running:
                task.log("INFO: restarting vm")
                with node.guests.locked(vmid):
                    boot(task, node, vmid, node.guests.load(vmid))
    elif mode == "suspend":
        with node.backend.frozen(vmid):
            write()
    else:
        task.log("INFO: create storage snapshot '%s'" % SNAPSHOT)
        try:
            with node.backend.frozen(vmid):
                for _path, volid in parts:
                    node.backend.snapshot_volume(volid, SNAPSHOT)
            write(SNAPSHOT)
        finally:
            for _path, volid in parts:
                node.backend.delete_snapshot(volid, SNAPSHOT)


def _parts(task, conf):
    """[(path, volume)]: the root file system, and the mount points that say backup=1."""
    parts = []
    for name, keys in mounts(conf.current):
        path = keys.get("mp", "/")
        if mount_type(keys["volume"]) != "volume":
            why = "not a volume"
        elif name != "rootfs" and keys.get("backup") != "1":
            why = "disabled"
        else:
            task.log("INFO: including mount point %s ('%s') in backup" % (name, path))
            parts.append((path, keys["volume"]))
            continue
        task.log("INFO: excluding %s mount point %s ('%s') from backup (%s)" % (
            mount_type(keys["volume"]), name, path, why))
    return parts


def _saved(conf):
    """The configuration inside the archive: the current values, nothing pending, no snapshots."""
    kept = GuestConf()
    kept.current = Section({name: text for name, text in conf.current.items() if name not in ("lock", "parent")})
    return kept.text()
