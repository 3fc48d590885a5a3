# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NICs of running containers: looked at, plugged and unplugged from the host."""

import json
import subprocess

from ..errors import Die
from .lxcconfig import interface


def run(*argv):
    done = subprocess.run(argv, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Die("command '%s' failed: %s" % (" ".join(argv), done.stderr.strip()))
    return done.stdout


def inside(pid, *argv):
    """Run one of the host's commands in the container's network namespace."""
    return run("nsenter", "--target", str(pid), "--net", *argv)


def bridges():
    """Largest packet by name."""
    return {link["ifname"]: link.get("mtu", 1500) for link in json.loads(run("ip", "-json", "link", "show", "type", "bridge") or "[]")
            if link}


def interfaces(pid):
    """As GET interfaces shows them."""
    return [_shown(link) for link in json.loads(inside(pid, "ip", "-json", "address")) if "ifname" in link]


def _shown(link):
    shown = {"name": link["ifname"], "hwaddr": link.get("address", ""), "hardware-address": link.get("address", ""),
             "ip-addresses": []}
    for entry in link.get("addr_info", []):
        shown["ip-addresses"].append({"ip-address": entry["local"], "prefix": str(entry["prefixlen"]),
                                      "ip-address-type": entry["family"]})
        shown.setdefault(entry["family"], "%s/%d" % (entry["local"], entry["prefixlen"]))
    return shown


def plug(vmid, pid, index, net):
    """Make a NIC and move it in."""
    if net.get("bridge") not in bridges():
        raise Die("bridge '%s' does not exist" % net.get("bridge"))
    outer, inner = interface(vmid, index), interface(vmid, index) + "p"
    run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
    try:
        run("ip", "link", "set", outer, "master", net["bridge"], "up")
        run("ip", "link", "set", inner, "address", net["hwaddr"])
        run("ip", "link", "set", inner, "netns", str(pid), "name", net["name"])
        configure(pid, net)
    except Die:
        unplug(vmid, index)
        raise


def configure(pid, net):
    """Addresses and routes of a NIC that is there already."""
    name = net["name"]
    inside(pid, "ip", "address", "flush", "dev", name)
    inside(pid, "ip", "link", "set", name, "mtu", net.get("mtu", "1500"))
    inside(pid, "ip", "link", "set", name, "down" if net.get("link_down") == "1" else "up")
    for family, address, gateway in (("-4", net.get("ip", ""), net.get("gw")),
                                     ("-6", net.get("ip6", ""), net.get("gw6"))):
        if "/" in address:
            inside(pid, "ip", family, "address", "replace", address, "dev", name)
            if gateway:
                inside(pid, "ip", family, "route", "replace", "default", "via", gateway, "dev", name)


def unplug(vmid, index):
    subprocess.run(["ip", "link", "delete", interface(vmid, index)], capture_output=True, check=False,
                   stdin=subprocess.DEVNULL)


def move_to_bridge(vmid, index, bridge):
    if bridge not in bridges():
        raise Die("bridge '%s' does not exist" % bridge)
    run("ip", "link", "set", interface(vmid, index), "master", bridge)
