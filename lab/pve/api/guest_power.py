# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, stopping and rebooting containers."""

from ..access import ROOT
from ..errors import Die, ParameterError
from ..guests import check_startable, check_unlocked
from ..guestview import mounts, warn_about_nesting
from ..pending import apply_pending
from ..router import may, route
from ..schema import boolean, integer
from ..storage import mount_type
from ..tasks import Killed

POWER = may("/vms/{vmid}", "VM.PowerMgmt")
BASE = "/nodes/{node}/lxc/{vmid}/status/"


def only_root_skips_locks(call):
    if call.flag("skiplock") and not call.is_root:
        raise ParameterError({"skiplock": "Only root may use this option."})       # power-012


def require_running(call, what="CT"):
    if not call.node.backend.running(call["vmid"]):
        raise Die("%s %s not running" % (what, call["vmid"]))


# ---- start

def start_work(task, node, vmid, skiplock=False):
    """The worker of a start: whatever is wrong with the container ends the task, not the call (lock-008)."""
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        if conf.current.get("template") == "1":
            raise Die("you can't start a CT if it's a template")
        if not skiplock:
            check_unlocked(conf)
        if node.backend.running(vmid):
            raise Die("CT %s already running" % vmid)
        boot(task, node, vmid, conf)


def boot(task, node, vmid, conf):
    """Apply what is pending, then start."""
    if conf.pending or conf.delete:
        apply_pending(node, vmid, conf, running=False)
        node.guests.save(vmid, conf)
    check_startable(conf)
    for _name, keys in mounts(conf.current):
        if mount_type(keys["volume"]) == "volume":
            node.storage.parse(keys["volume"])                          # put-volumes-038
    node.backend.start(task, vmid, conf.current)
    warn_about_nesting(task, node, conf.current)


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


# ---- stop

@route("POST", BASE + "stop", {"skiplock": boolean(), "overrule-shutdown": boolean()}, permission=POWER)
def stop(call):
    only_root_skips_locks(call)
    require_running(call)

    def work(task):
        node, vmid = call.node, call["vmid"]
        if call.flag("overrule-shutdown"):
            _overrule(task, node, vmid)
        with node.guests.locked(vmid, waiting=lambda: task.log("trying to acquire lock...")) as waited:
            if waited:
                task.log(" OK")
            if not call.flag("skiplock"):
                check_unlocked(node.guests.load(vmid))
            node.backend.stop(task, vmid)
    return call.task("vzstop", call["vmid"], work)


def _overrule(task, node, vmid):
    """End the shutdowns of the container that still wait (power-056)."""
    waiting = [other for other in list(node.tasks.tasks.values())
               if other.running and (other.record["type"], other.record["id"]) == ("vzshutdown", vmid)]
    if waiting:
        task.log("overruled vzshutdown tasks: " + ", ".join(other.upid for other in waiting))
    for other in waiting:
        other.abort()


# ---- shutdown and reboot

def _ask_to_halt(task, node, vmid, timeout):
    """True when init halted in time; says in the log when it did not."""
    said = "command 'lxc-stop -n %s --nokill --timeout %d' failed: " % (vmid, timeout)
    try:
        halted = node.backend.shutdown(task, vmid, timeout)
    except Killed:
        raise Killed(said + "received interrupt") from None             # power-050
    if not halted:
        task.log(said + "exit code 1")
    return halted


@route("POST", BASE + "shutdown", {"timeout": integer(0), "forceStop": boolean()}, permission=POWER)
def shutdown(call):
    require_running(call)

    def work(task):
        node, vmid = call.node, call["vmid"]
        with node.guests.locked(vmid):
            check_unlocked(node.guests.load(vmid))
            if not _ask_to_halt(task, node, vmid, call.number("timeout", 60)):
                if not call.flag("forceStop"):
                    raise Die("container did not stop")
                node.backend.stop(task, vmid)
    return call.task("vzshutdown", call["vmid"], work)


@route("POST", BASE + "reboot", {"timeout": integer(0)}, permission=POWER)
def reboot(call):
    """Shut down (or kill after the timeout), apply what is pending, start."""
    require_running(call, "VM")                                         # power-004: it says VM

    def work(task):
        node, vmid = call.node, call["vmid"]
        with node.guests.locked(vmid):
            check_unlocked(node.guests.load(vmid))
            if not _ask_to_halt(task, node, vmid, call.number("timeout", 60)):
                node.backend.stop(task, vmid)
            boot(task, node, vmid, node.guests.load(vmid))
    return call.task("vzreboot", call["vmid"], work)


# ---- suspend and resume: checkpoints are not to be had, and fail as they do where the kernel refuses them

@route("POST", BASE + "suspend", permission=POWER)
def suspend(call):
    require_running(call)
    return call.task("vzsuspend", call["vmid"], lambda task: _no_checkpoint(call, "-s"))


@route("POST", BASE + "resume", permission=POWER)
def resume(call):
    return call.task("vzresume", call["vmid"], lambda task: _no_checkpoint(call, "-r --foreground"))


def _no_checkpoint(call, options):
    raise Die("command 'lxc-checkpoint -n %s %s -D /var/lib/vz/dump' failed: exit code 1" % (call["vmid"], options))
