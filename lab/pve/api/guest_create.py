# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST lxc: a new container from a template, or from a backup (`restore`, whose own part is guest_restore.py)."""

import re
import subprocess

from .. import changerights, normalise
from ..ctparams import CONFIG, DEFAULTS_ON_CREATE, ROOTFS, is_mount
from ..errors import ApiError, Die, Forbidden
from ..guestview import mounts, warn_about_nesting
from ..making import allocate, remove_guest
from ..router import everyone, route
from ..schema import boolean, integer, number, string
from ..storage import mount_type, split_volid
from . import guest_restore
from .guest_power import start_work

ONLY_ON_CREATE = {
    "ostemplate": string(longest=255, required=True), "bwlimit": number(0), "force": boolean(), "ha-managed": boolean(),
    "ignore-unpack-errors": boolean(), "password": string(shortest=5), "pool": string("pve-poolid"),
    "restore": boolean(), "ssh-public-keys": string(lines=True), "start": boolean(), "storage": string("pve-storage-id"),
    "unique": boolean(), "vmid": integer(100, 999999999, format="pve-vmid", required=True),
}


@route("POST", "/nodes/{node}/lxc", {**CONFIG, **ONLY_ON_CREATE}, permission=everyone)
def create(call):
    """The checks come in the server's order; what fails in the worker fails the task instead."""
    node, vmid = call.node, call["vmid"]
    unprivileged = call.flag("unprivileged", True)      # 1 by default since Proxmox VE 9 (rights-014)
    restore = call.flag("restore")
    over = restore and call.flag("force") and node.exists(vmid)
    if call.flag("ha-managed"):
        raise Die("the lab has no 'ha-managed'")
    if call.get("ssh-public-keys") is not None:
        _check_keys(call["ssh-public-keys"])
    if node.exists(vmid) and not over:
        raise Die("CT %s already exists on node '%s'" % (vmid, node.name))
    if over and node.backend.running(vmid):
        raise Die("can't overwrite running container")
    pool = call.get("pool")
    if pool and pool not in node.pools:
        raise Forbidden("pool '%s' does not exist" % pool)
    if not call.allowed("/vms/" + vmid, "VM.Allocate") \
            and not (pool and call.allowed("/pool/" + pool, "VM.Allocate")) \
            and not (over and call.allowed("/vms/" + vmid, "VM.Backup")):
        raise Forbidden()                                               # rights-019: names nothing
    if not unprivileged:
        call.require("/", "Sys.Modify")
    wanted = {name: text for name, text in call.params.items() if name in CONFIG and name != "unprivileged"}
    changerights.check(call, vmid, pool, {}, wanted, [], unprivileged)
    storage = call.get("storage", "local")
    if ":" in call["ostemplate"]:
        node.storage.check_access(call, call["ostemplate"], vmid, "backup" if restore else "vztmpl")
    volumes = _volumes(call, wanted, storage)
    node.guests.reserve(vmid, over)
    if pool and not over:
        node.pools[pool]["vms"].append(vmid)
        node.save_pools()
    node.resources.known.pop(int(vmid), None)
    if restore:
        wanted = _as_stored(node, wanted)
        return call.task("vzrestore", vmid, lambda task: guest_restore.work(task, call, vmid, wanted, volumes))
    conf = _first_config(node, vmid, wanted, unprivileged)
    volumes = volumes or {"rootfs": storage + ":4"}
    return call.task("vzcreate", vmid, lambda task: _work(task, call, vmid, conf, volumes))


def _check_keys(text):
    """Each line as ssh-keygen sees it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        done = subprocess.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], input=line + "\n", text=True,
                              capture_output=True, check=False)
        if done.returncode:
            raise Die("SSH public key validation error")


def _volumes(call, wanted, default_storage):
    """rootfs and mount points by name; a bare number gets the default storage. Checks each storage."""
    node = call.node
    volumes = {}
    for name in [name for name in wanted if is_mount(name)]:
        text = wanted.pop(name)
        volumes[name] = re.sub(r"^(\d+(?:\.\d+)?)(?=,|$)", default_storage + r":\1", text)
    for name in [name for name in wanted if name.startswith("unused")]:
        del wanted[name]
    if volumes and "rootfs" not in volumes:
        raise Die("mount points configured, but 'rootfs' not set - aborting")          # create-012
    used = [split_volid(keys["volume"])[0] for _name, keys in mounts(volumes)
            if mount_type(keys["volume"]) == "volume"]
    for storage in used or [default_storage]:
        node.storage.check_rootdir(storage)
        call.require("/storage/" + storage, "Datastore.AllocateSpace")
    return volumes


def _first_config(node, vmid, wanted, unprivileged):
    conf = {"hostname": "CT" + vmid, **DEFAULTS_ON_CREATE, **_as_stored(node, wanted)}
    if unprivileged:
        conf["unprivileged"] = "1"
    return conf


def _as_stored(node, wanted):
    """What was sent, as the configuration keeps it."""
    stored = {}
    for name, text in wanted.items():
        text = normalise.value(name, text, node.options)
        if text.strip() or name != "description":
            stored[name] = normalise.stored(name, text, node.backend.cgroup_v2)
    return stored


def _work(task, call, vmid, wanted, volumes):
    """The worker: volumes, unpacking, settings inside; everything is removed again when a step fails."""
    node = call.node
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        try:
            _fill(task, call, vmid, conf, wanted, volumes)
            del conf.current["lock"]
            node.guests.save(vmid, conf)
        except ApiError as err:
            remove_guest(node, vmid)
            raise Die("unable to create CT %s - %s" % (vmid, err.message.rstrip("\n"))) from None
        except BaseException:
            remove_guest(node, vmid)
            raise
        warn_about_nesting(task, node, conf.current)
    if call.flag("start"):
        call.task("vzstart", vmid, lambda second: start_work(second, node, vmid))      # tasks-001


def _fill(task, call, vmid, conf, wanted, volumes):
    node = call.node
    unprivileged = wanted.get("unprivileged") == "1"
    made = {}
    for name, keys in mounts(volumes):
        made[name] = allocate(node, vmid, name, keys, unprivileged)
    root = ROOTFS.parse(made["rootfs"])["volume"]
    template = _template(node, call["ostemplate"])
    node.backend.unpack(task, vmid, root, template, unprivileged)
    conf.current.update(wanted)
    conf.current.update(made)
    conf.current.setdefault("ostype", "debian")
    conf.current.setdefault("arch", "amd64")
    node.backend.customise(task, vmid, conf.current, call.get("password"), call.get("ssh-public-keys"))


def _template(node, volid):
    """(storage, file name); raises what the worker says about a missing one (create-028, create-030)."""
    if ":" not in volid:
        raise Die("can't find file '%s'" % volid)
    found = node.storage.file(volid)
    if not found or not node.storage.has_file(*found):
        raise Die("volume '%s' does not exist" % volid)
    return found[0], found[2]
