# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, stopping and rebooting containers."""

from ..access import ROOT
from ..errors import Die, ParameterError
from ..guests import check_unlocked
from ..guestview import warn_about_nesting
from ..pending import apply_pending
from ..router import may, route
from ..schema import boolean, integer

POWER = may("/vms/{vmid}", "VM.PowerMgmt")
BASE = "/nodes/{node}/lxc/{vmid}/status/"


def only_root_skips_locks(call):
    if call.flag("skiplock") and not call.is_root:
        raise ParameterError({"skiplock": "Only root may use this option."})


def start_work(task, node, vmid, skiplock=False):
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        if conf.current.get("template") == "1":
            raise Die("you can't start a CT if it's a template")
        if not skiplock:
            check_unlocked(conf)
        if node.backend.running(vmid):
            raise Die("CT %s already running" % vmid)
        _apply_before_start(node, vmid, conf)
        for name in ("arch", "rootfs"):
            if name not in conf.current:
                raise Die("missing '%s' - internal error" % name)
        warn_about_nesting(task, node, conf.current)
        node.backend.start(task, vmid, conf.current)


def _apply_before_start(node, vmid, conf):
    if conf.pending or conf.delete:
        apply_pending(node, vmid, conf, running=False)
        node.guests.save(vmid, conf)


@route("POST", BASE + "start", {"skiplock": boolean(), "debug": boolean()}, permission=POWER)
def start(call):
    only_root_skips_locks(call)
    if call.node.backend.running(call["vmid"]):
        raise Die("CT %s already running" % call["vmid"])
    skiplock = call.flag("skiplock")
    return call.task("vzstart", call["vmid"], lambda task: start_work(task, call.node, call["vmid"], skiplock))


def start_by_node(node, vmid):
    """A start that nobody asked for by the API: on boot. Waits for its end."""
    upid = node.tasks.start("vzstart", str(vmid), ROOT, lambda task: start_work(task, node, str(vmid)))
    node.tasks.find(upid).done.wait()


def _require_running(call, what="CT"):
    if not call.node.backend.running(call["vmid"]):
        raise Die("%s %s not running" % (what, call["vmid"]))


@route("POST", BASE + "stop", {"skiplock": boolean(), "overrule-shutdown": boolean()}, permission=POWER)
def stop(call):
    only_root_skips_locks(call)
    _require_running(call)

    def work(task):
        node, vmid = call.node, call["vmid"]
        if call.flag("overrule-shutdown"):
            for other in list(node.tasks.tasks.values()):
                if other.running and (other.record["type"], other.record["id"]) == ("vzshutdown", vmid):
                    task.log("aborting %s" % other.upid)
                    other.abort()
        with node.guests.locked(vmid):
            if not call.flag("skiplock"):
                check_unlocked(node.guests.load(vmid))
            node.backend.stop(task, vmid)
    return call.task("vzstop", call["vmid"], work)


@route("POST", BASE + "shutdown", {"timeout": integer(0), "forceStop": boolean()}, permission=POWER)
def shutdown(call):
    _require_running(call)

    def work(task):
        node, vmid = call.node, call["vmid"]
        with node.guests.locked(vmid):
            check_unlocked(node.guests.load(vmid))
            if not node.backend.shutdown(task, vmid, call.number("timeout", 60)):
                if not call.flag("forceStop"):
                    raise Die("container did not stop")
                node.backend.stop(task, vmid)
    return call.task("vzshutdown", call["vmid"], work)


@route("POST", BASE + "reboot", {"timeout": integer(0)}, permission=POWER)
def reboot(call):
    """Shut down (or kill after the timeout), apply what is pending, start."""
    call.node.guests.load(call["vmid"])
    _require_running(call, "VM")

    def work(task):
        node, vmid = call.node, call["vmid"]
        with node.guests.locked(vmid):
            check_unlocked(node.guests.load(vmid))
            if not node.backend.shutdown(task, vmid, call.number("timeout", 60)):
                node.backend.stop(task, vmid)
            conf = node.guests.load(vmid)
            _apply_before_start(node, vmid, conf)
            node.backend.start(task, vmid, conf.current)
    return call.task("vzreboot", call["vmid"], work)
