# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes: the node itself."""

import time

from ..node import VERSION
from ..router import everyone, may, route
from ..schema import string


@route("GET", "/nodes", permission=everyone)
def nodes(call):
    return [{"id": "node/" + call.node.name, "node": call.node.name, "status": "online", "type": "node"}]


@route("GET", "/nodes/{node}/version", permission=everyone)
def version(call):
    return VERSION


@route("GET", "/nodes/{node}/status", permission=may("/nodes/{node}", "Sys.Audit"))
def status(call):
    backend = call.node.backend
    total, used = backend.memory()
    space, taken = backend.space("local")
    return {"uptime": int(time.monotonic()), "cpu": 0, "loadavg": ["0.00", "0.00", "0.00"],
            "cpuinfo": {"cpus": backend.cpus(), "cores": backend.cpus(), "sockets": 1, "model": "lab"},
            "memory": {"total": total, "used": used, "free": total - used, "available": total - used},
            "rootfs": {"total": space, "used": taken, "free": space - taken, "avail": space - taken},
            "pveversion": "pve-manager/%(version)s/%(repoid)s" % VERSION}


@route("GET", "/nodes/{node}/network", {"type": string()}, permission=everyone)
def network(call):
    """Bridges only; the lab does not manage the host's network."""
    names = sorted(getattr(call.node.backend, "bridges", ()))
    return [{"iface": name, "type": "bridge", "active": 1, "autostart": 1, "method": "static", "families": ["inet"]}
            for name in names]
