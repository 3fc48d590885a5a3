# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The back end of the tests: containers that exist in memory only, and whose every step takes no time."""

import ipaddress
import json
import os
import threading
import time

from ..errors import Die
from ..tasks import Killed
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
        # step (unpack, start, shutdown, volume, backup, restore) -> seconds that it takes, or an Event; an abort ends it
        self.delays = {}
        self.next_pid = 20000
        self.host_keys = []     # fingerprints of the keys that the next container is made with

    def add_template(self, storage, name, size=1024, content="vztmpl"):
        self.files.setdefault((storage, content), {})[name] = (size, int(time.time()), b"")

    # ---- the node

    def cpus(self):
        return self.cpu_count

    def memory(self):
        return 24 * GIB, 4 * GIB

    def space(self, storage):
        return 252 * GIB, 32 * GIB

    def bridge_mtu(self, name):
        return 1500 if name in self.bridges else None

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
        time.sleep(self.delays.get("volume", 0))
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

    # ---- backups

    def backup(self, task, storage, name, config, parts, snapshot=None):
        self._take_time(task, "backup")
        data = json.dumps({"config": config, "volumes": {
            path: self.snapshots[volid, snapshot] if snapshot else self.content.get(volid, {}) for path, volid in parts}})
        self.files.setdefault((storage, "backup"), {})[name] = (len(data), int(time.time()), data.encode())

    def _read_backup(self, storage, name):
        return json.loads(self.files[storage, "backup"][name][2])

    def backup_config(self, storage, name):
        return self._read_backup(storage, name)["config"]

    def restore(self, task, storage, name, parts):
        self._take_time(task, "restore")
        for path, volid in parts:
            self.content[volid] = self._read_backup(storage, name)["volumes"].get(path, {})

    # ---- containers

    def _take_time(self, task, step):
        delay = self.delays.get(step)
        try:
            while isinstance(delay, threading.Event) and not delay.wait(0.01):
                task.check()
            if isinstance(delay, (int, float)):
                task.pause(delay)
        except Killed:
            raise Killed("command '%s' failed: received interrupt" % step) from None

    def unpack(self, task, vmid, volid, template, unprivileged):
        task.log("extracting archive '%s'" % template[1])
        self._take_time(task, "unpack")
        self.content[volid] = {"/etc/os-release": "ID=debian\n"}

    def customise(self, task, vmid, conf, password=None, ssh_keys=None):
        task.log("Detected container architecture: amd64")
        for fingerprint in self.host_keys:
            task.log("Creating SSH host key 'ssh_host_ed25519_key' - this may take some time ...")
            task.log("done: %s root@%s" % (fingerprint, conf["hostname"].partition(".")[0]))
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
        self._take_time(task, "start")

    def stop(self, task, vmid):
        self.pids.pop(int(vmid), None)
        self.live.pop(int(vmid), None)

    def shutdown(self, task, vmid, timeout):
        """An init that is not the template's own ignores the signal (power-034)."""
        if "entrypoint" in self.live.get(int(vmid), {}):
            self._take_time(task, "shutdown")
            return False
        self.stop(task, vmid)
        return True

    def usage(self, vmid, conf):
        pid, begun = self.pids[int(vmid)]
        return {"pid": pid, "uptime": int(time.time() - begun) + 1, "mem": 12 << 20, "swap": 0, "cpu": 0,
                "disk": 256 << 20, "netin": 0, "netout": 0, "diskread": 0, "diskwrite": 0}

    def interfaces(self, vmid):
        found = [_interface("lo", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128")]
        for name, value in sorted(self.live[int(vmid)].items()):
            if name.startswith("net"):
                keys = dict(part.split("=", 1) for part in value.split(","))
                mac = keys["hwaddr"].lower()
                found.append(_interface(keys["name"], mac, keys.get("ip", ""), _link_local(mac) + "/64"))
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


def _interface(name, mac, *addresses):
    shown = {"name": name, "hwaddr": mac, "hardware-address": mac, "ip-addresses": []}
    for address in addresses:
        ip, slash, prefix = address.partition("/")
        if slash:
            family = "inet6" if ":" in ip else "inet"
            shown[family] = address
            shown["ip-addresses"].append({"ip-address": ip, "ip-address-type": family, "prefix": prefix})
    return shown


def _link_local(mac):
    """The address that every NIC gives itself."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    eui = [*parts[:3], 0xFF, 0xFE, *parts[3:]]
    groups = [eui[n] << 8 | eui[n + 1] for n in range(0, 8, 2)]
    return str(ipaddress.IPv6Address("fe80::" + ":".join("%x" % group for group in groups)))
