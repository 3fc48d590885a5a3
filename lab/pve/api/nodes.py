# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes: the node itself."""

import os
import time

from ..node import VERSION
from ..router import everyone, may, route
from ..schema import enum


@route("GET", "/nodes", permission=everyone)
def nodes(call):
    """Who may audit the node sees its size, too."""
    entry = {"id": "node/" + call.node.name, "node": call.node.name, "status": "online", "type": "node"}
    if call.allowed("/nodes/" + call.node.name, "Sys.Audit"):
        backend = call.node.backend
        (memory, used), (space, taken) = backend.memory(), backend.space("local")
        entry.update({"maxcpu": backend.cpus(), "cpu": 0, "maxmem": memory, "mem": used, "maxdisk": space, "disk": taken,
                      "uptime": int(time.monotonic()), "level": ""})
    return [entry]


@route("GET", "/nodes/{node}/version", permission=everyone)
def version(call):
    return VERSION


@route("GET", "/nodes/{node}/status", permission=may("/nodes/{node}", "Sys.Audit"))
def status(call):
    backend = call.node.backend
    total, used = backend.memory()
    kernel = os.uname()
    space, taken = backend.space("local")
    return {"uptime": int(time.monotonic()), "cpu": 0, "loadavg": ["0.00", "0.00", "0.00"],
            "cpuinfo": {"cpus": backend.cpus(), "cores": backend.cpus(), "sockets": 1, "model": "lab"},
            "memory": {"total": total, "used": used, "free": total - used, "available": total - used},
            "rootfs": {"total": space, "used": taken, "free": space - taken, "avail": space - taken},
            "boot-info": {"mode": "legacy-bios"},
            "kversion": " ".join((kernel.sysname, kernel.release, kernel.version)),
            "current-kernel": {name: getattr(kernel, name) for name in ("sysname", "release", "version", "machine")},
            "pveversion": "pve-manager/%(version)s/%(repoid)s" % VERSION}


@route("GET", "/nodes/{node}/network", {"type": enum(
    "bridge", "bond", "eth", "alias", "vlan", "fabric", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort", "vnet",
    "any_bridge", "any_local_bridge", "include_sdn")}, permission=everyone)
def network(call):
    """Bridges only; the lab does not manage the host's network."""
    wanted = call.get("type", "bridge")
    names = sorted(call.node.backend.bridges) if wanted in ("bridge", "any_bridge", "any_local_bridge") else []
    seen = [name for name in names if call.allowed("/sdn/zones/localnetwork/" + name, "SDN.Audit", "SDN.Use", any_of=True)]
    return [{"iface": name, "type": "bridge", "active": 1, "autostart": 1, "method": "static", "families": ["inet"]}
            for name in seen]
