# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DELETE lxc/VMID: a container with its volumes, its pool membership and its rights."""

from ..errors import Die
from ..guests import check_protected, check_unlocked
from ..making import remove_guest
from ..router import may, route
from ..schema import boolean
from . import firewall


@route("DELETE", "/nodes/{node}/lxc/{vmid}", {"force": boolean(), "purge": boolean(),
                                              "destroy-unreferenced-disks": boolean()},
       permission=may("/vms/{vmid}", "VM.Allocate"))
def destroy(call):
    node, vmid = call.node, call["vmid"]
    _check(call)

    def work(task):
        with node.guests.locked(vmid):
            _check(call)
            if node.backend.running(vmid):
                task.log("forced to stop CT %s before destroying!" % vmid)
                node.backend.stop(task, vmid)
            if call.flag("purge"):
                task.log("purging CT %s from related configurations.." % vmid)
            remove_guest(node, vmid)
            firewall.forget(node, vmid)
            _drop_rights(node.access, "/vms/" + vmid)
    return call.task("vzdestroy", vmid, work)


def _check(call):
    node, vmid = call.node, call["vmid"]
    conf = node.guests.load(vmid)
    check_unlocked(conf)
    check_protected(vmid, conf, "can't remove CT %s" % vmid)
    if node.backend.running(vmid) and not call.flag("force"):
        raise Die("unable to destroy CT %s - container is running" % vmid)


def _drop_rights(access, path):
    if any(entry["path"] == path for entry in access.acl):
        access.acl = [entry for entry in access.acl if entry["path"] != path]
        access.save()
