# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The back end of the tests: containers that exist in memory only, and whose every step takes no time."""

import os
import time

from ..errors import Die
from .base import Backend

GIB = 1 << 30


class MemoryBackend(Backend):
    """Remembers which containers run and what is in their volumes; `content[volid]` is a test's to play with."""

    def __init__(self, bridges=("vmbr0",), cpus=2):
        self.bridges = set(bridges)
        self.cpu_count = cpus
        self.files = {}         # (storage, content) -> {name: (size, ctime, data)}
        self.content = {}       # volid -> {path: text}
        self.snapshots = {}     # (volid, name) -> {path: text}
        self.pids = {}          # vmid -> (pid, time of start)
        self.live = {}          # vmid -> the configuration that it was started with
        self.hangs = set()      # vmids whose init ignores a shutdown
        self.next_pid = 20000

    def add_template(self, storage, name, size=1024, content="vztmpl"):
        self.files.setdefault((storage, content), {})[name] = (size, int(time.time()), b"")

    # ---- the node

    def cpus(self):
        return self.cpu_count

    def memory(self):
        return 24 * GIB, 4 * GIB

    def space(self, storage):
        return 252 * GIB, 32 * GIB

    def has_bridge(self, name):
        return name in self.bridges

    # ---- files and volumes

    def list_files(self, storage, content):
        return [(name, size, ctime) for name, (size, ctime, _data)
                in sorted(self.files.get((storage, content), {}).items())]

    def put_file(self, storage, content, name, source):
        with open(source, "rb") as handle:
            data = handle.read()
        os.unlink(source)
        self.files.setdefault((storage, content), {})[name] = (len(data), int(time.time()), data)

    def delete_file(self, storage, content, name):
        self.files.get((storage, content), {}).pop(name, None)

    def create_volume(self, volid, size, unprivileged):
        self.content[volid] = {}

    def delete_volume(self, volid):
        self.content.pop(volid, None)
        for key in [key for key in self.snapshots if key[0] == volid]:
            del self.snapshots[key]

    def copy_volume(self, source, target):
        self.content[target] = dict(self.content.get(source, {}))

    def snapshot_volume(self, volid, name):
        self.snapshots[volid, name] = dict(self.content.get(volid, {}))

    def rollback_volume(self, volid, name):
        self.content[volid] = dict(self.snapshots[volid, name])

    def delete_snapshot(self, volid, name):
        self.snapshots.pop((volid, name), None)

    # ---- containers

    def unpack(self, task, vmid, rootfs, template, unprivileged):
        task.log("extracting archive '%s'" % template[1])
        self.content[rootfs] = {"/etc/os-release": "ID=debian\n"}

    def customise(self, task, vmid, conf, password=None, ssh_keys=None):
        task.log("Detected container architecture: amd64")
        if ssh_keys:
            self.content[conf["rootfs"].split(",")[0]]["/root/.ssh/authorized_keys"] = ssh_keys

    def running(self, vmid):
        return int(vmid) in self.pids

    def start(self, task, vmid, conf):
        for name, value in conf.items():
            if name.startswith("net"):
                bridge = dict(part.split("=", 1) for part in value.split(","))
                if not self.has_bridge(bridge.get("bridge")):
                    raise Die("bridge '%s' does not exist" % bridge.get("bridge"))     # power-071
        self.next_pid += 1
        self.pids[int(vmid)] = (self.next_pid, time.time())
        self.live[int(vmid)] = dict(conf)

    def stop(self, task, vmid):
        self.pids.pop(int(vmid), None)
        self.live.pop(int(vmid), None)

    def shutdown(self, task, vmid, timeout):
        if int(vmid) in self.hangs:
            return False
        self.stop(task, vmid)
        return True

    def usage(self, vmid, conf):
        pid, begun = self.pids[int(vmid)]
        return {"pid": pid, "uptime": int(time.time() - begun) + 1, "mem": 12 << 20, "swap": 0, "cpu": 0,
                "disk": 256 << 20, "netin": 0, "netout": 0, "diskread": 0, "diskwrite": 0}

    def interfaces(self, vmid):
        found = [_interface("lo", "00:00:00:00:00:00", "127.0.0.1/8")]
        for name, value in sorted(self.live[int(vmid)].items()):
            if name.startswith("net"):
                keys = dict(part.split("=", 1) for part in value.split(","))
                found.append(_interface(keys["name"], keys["hwaddr"].lower(), keys.get("ip")))
        return found

    def hot_limits(self, vmid, conf):
        pass

    def hot_net(self, vmid, index, new, old):
        if new and not self.has_bridge(new.get("bridge")):
            raise Die("bridge '%s' does not exist" % new.get("bridge"))
        name = "net%d" % index
        self.live[int(vmid)].pop(name, None)
        if new:
            self.live[int(vmid)][name] = ",".join("%s=%s" % pair for pair in new.items())

    def hot_mount(self, vmid, conf, mount):
        pass

    def forget(self, vmid):
        self.pids.pop(int(vmid), None)


def _interface(name, mac, address):
    shown = {"name": name, "hwaddr": mac, "hardware-address": mac, "ip-addresses": []}
    if address and "/" in address:
        shown["inet"] = address
        ip, prefix = address.split("/")
        shown["ip-addresses"].append({"ip-address": ip, "ip-address-type": "inet", "prefix": prefix})
    return shown
