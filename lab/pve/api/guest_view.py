# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading containers: list, configuration, pending changes, status, addresses."""

from .. import guestconf
from ..errors import Die, ParameterError
from ..guestview import summary
from ..router import everyone, may, route
from ..schema import boolean, enum, string
from .guest_snapshot import can_snapshot

AUDIT = may("/vms/{vmid}", "VM.Audit")


@route("GET", "/nodes/{node}/lxc", permission=everyone)
def list_guests(call):
    node = call.node
    return [summary(node, vmid, node.guests.load(vmid)) for vmid in node.guests.ids()
            if call.allowed("/vms/%d" % vmid, "VM.Audit")]


@route("GET", "/nodes/{node}/lxc/{vmid}", permission=everyone)
def guest_index(call):
    call.node.guests.load(call["vmid"])
    return [{"subdir": name} for name in ("config", "pending", "status", "vncproxy", "termproxy", "vncwebsocket",
                                          "spiceproxy", "migrate", "clone", "rrd", "rrddata", "firewall", "snapshot",
                                          "resize", "interfaces")]


@route("GET", "/nodes/{node}/lxc/{vmid}/config", {"current": boolean(), "snapshot": string("pve-configid", longest=40)},
       permission=AUDIT)
def read_config(call):
    """The pending view unless `current` is asked for."""
    if call.get("snapshot") and call.flag("current"):
        text = "cannot use 'snapshot' parameter with 'current'"
        raise ParameterError({"snapshot": text, "current": text})       # snapshot-029
    conf = call.node.guests.load(call["vmid"])
    if call.get("snapshot"):
        section = conf.snapshots.get(call["snapshot"])
        if section is None:
            raise Die("snapshot '%s' does not exist" % call["snapshot"])
    else:
        section = conf.current if call.flag("current") else conf.effective()
    shown = {**guestconf.visible(section), "digest": conf.digest}
    if conf.raw_lxc:
        shown["lxc"] = [list(pair) for pair in conf.raw_lxc]
    return shown


@route("GET", "/nodes/{node}/lxc/{vmid}/pending", permission=AUDIT)
def read_pending(call):
    conf = call.node.guests.load(call["vmid"])
    current, pending = guestconf.visible(conf.current), guestconf.visible(conf.pending)
    entries = []
    for name in sorted({*current, *pending, *conf.delete}):
        entry = {"key": name}
        if name in current:
            entry["value"] = current[name]
        if name in pending:
            entry["pending"] = pending[name]
        if name in conf.delete:
            entry["delete"] = 2 if conf.delete[name] else 1
        entries.append(entry)
    return entries + [{"key": "digest", "value": conf.digest}]


@route("GET", "/nodes/{node}/lxc/{vmid}/status", permission=everyone)
def status_index(call):
    call.node.guests.load(call["vmid"])
    return [{"subdir": name} for name in ("current", "start", "stop", "shutdown", "reboot", "migrate")]


@route("GET", "/nodes/{node}/lxc/{vmid}/status/current", permission=AUDIT)
def read_status(call):
    node, vmid = call.node, int(call["vmid"])
    shown = summary(node, vmid, node.guests.load(vmid))
    shown["ha"] = {"managed": 0}
    if shown["status"] == "running":
        for what in ("cpu", "io", "memory"):
            for how in ("some", "full"):
                shown["pressure%s%s" % (what, how)] = None
    return shown


@route("GET", "/nodes/{node}/lxc/{vmid}/interfaces", permission=AUDIT)
def read_interfaces(call):
    """null when the container does not run."""
    node, vmid = call.node, call["vmid"]
    return node.backend.interfaces(vmid) if node.backend.running(vmid) else None


@route("GET", "/nodes/{node}/lxc/{vmid}/feature", {
    "feature": enum("snapshot", "clone", "copy", required=True), "snapname": string("pve-configid", longest=40)},
    permission=AUDIT)
def has_feature(call):
    conf = call.node.guests.load(call["vmid"])
    return {"hasFeature": int(can_snapshot(call.node, conf) if call["feature"] == "snapshot" else True)}
