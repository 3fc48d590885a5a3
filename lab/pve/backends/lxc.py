# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The back end of the lab: unprivileged LXC containers on this machine.

Below the state directory: storage/ID/ (images/ for volumes as plain directories, template/cache/ ...), cache/ (unpacked
templates), run/VMID/ (what LXC reads, its log and console), trash/. Sizes of volumes are recorded, not enforced.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from ..errors import Die
from ..storage import FOLDERS, split_volid
from . import archive, cgroups, hotmount, lxcconfig, network, rootfs
from .base import Backend

TAIL = 15
HALT = signal.SIGRTMIN + 3      # what systemd takes for "halt"
START_TIMEOUT = 60
COMMAND_TIMEOUT = 60
NIC_SETTINGS = ("ip", "gw", "ip6", "gw6", "mtu", "link_down")


class LxcBackend(Backend):
    cgroup_v2 = True        # as on Proxmox VE 9, which knows no other, whatever this machine has

    def __init__(self, state):
        self.state = Path(state)
        self.run_folder = self.state / "run"
        self.templates = rootfs.TemplateCache(self.state / "cache")
        self.trash = self.state / "trash"
        self.emptying = threading.Lock()
        for folder in (self.state, self.run_folder, self.state / "storage", self.state / "cache"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)     # the containers' root passes through
        self.trash.mkdir(mode=0o700, exist_ok=True)
        threading.Thread(target=self._empty_trash, daemon=True).start()

    # ---- the node

    def cpus(self):
        return len(os.sched_getaffinity(0))

    def memory(self):
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        total, free = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
        return total, total - free

    def space(self, storage):
        usage = shutil.disk_usage(self.state)
        return usage.total, usage.used

    @property
    def bridges(self):
        return network.bridges()

    def bridge_mtu(self, name):
        return network.bridges().get(name)

    # ---- files

    def file_folder(self, storage, content):
        return self.state / "storage" / storage / FOLDERS[content]

    def list_files(self, storage, content):
        folder = self.file_folder(storage, content)
        return [(path.name, path.stat().st_size, int(path.stat().st_ctime)) for path in sorted(folder.glob("*"))
                if path.is_file() and not path.name.startswith(".")]

    def put_file(self, storage, content, name, source):
        folder = self.file_folder(storage, content)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(source, folder / name)

    def delete_file(self, storage, content, name):
        (self.file_folder(storage, content) / name).unlink(missing_ok=True)

    # ---- volumes

    def volume_path(self, volid):
        storage, name = split_volid(volid)
        return self.state / "storage" / storage / "images" / name.replace("/", "_")

    def snapshot_path(self, volid, name):
        path = self.volume_path(volid)
        return path.parent.parent / "snapshots" / ("%s@%s" % (path.name, name))

    def _make_folder(self, path):
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
        path.mkdir()

    def create_volume(self, volid, size, unprivileged):
        path = self.volume_path(volid)
        rootfs.remove_tree(path)
        self._make_folder(path)
        os.chown(path, rootfs.SHIFT, rootfs.SHIFT)

    def delete_volume(self, volid):
        path = self.volume_path(volid)
        for folder in [path, *self.snapshot_path(volid, "x").parent.glob(path.name + "@*")]:
            self._discard(folder)

    def _discard(self, folder):
        """Out of the way at once; the many files go in the background, after a restart of the server too."""
        if os.path.lexists(folder):
            folder.rename(self.trash / ("%s.%s" % (folder.name, os.urandom(4).hex())))
        threading.Thread(target=self._empty_trash, daemon=True).start()

    def _empty_trash(self):
        with self.emptying:
            for folder in self.trash.iterdir():
                rootfs.remove_tree(folder)

    def copy_volume(self, source, target):
        path = self.volume_path(target)
        rootfs.remove_tree(path)
        self._make_folder(path)
        rootfs.copy_tree(self.volume_path(source), path)

    def snapshot_volume(self, volid, name):
        path = self.snapshot_path(volid, name)
        rootfs.remove_tree(path)
        self._make_folder(path)
        rootfs.copy_tree(self.volume_path(volid), path)

    def rollback_volume(self, volid, name):
        """Swap in a copy of the snapshot; the old content goes last, so that a crash loses nothing."""
        path = self.volume_path(volid)
        fresh, old = path.with_name(path.name + ".new"), path.with_name(path.name + ".old")
        for leftover in (fresh, old):
            rootfs.remove_tree(leftover)
        fresh.mkdir()
        rootfs.copy_tree(self.snapshot_path(volid, name), fresh)
        path.rename(old)
        fresh.rename(path)
        rootfs.remove_tree(old)

    def delete_snapshot(self, volid, name):
        rootfs.remove_tree(self.snapshot_path(volid, name))

    # ---- backups

    def backup(self, task, storage, name, config, parts, snapshot=None):
        """Written under a hidden name, so that half an archive is never offered."""
        folder = self.file_folder(storage, "backup")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = folder / (".%s.half" % name.split(".")[0])
        trees = [(path, self.snapshot_path(volid, snapshot) if snapshot else self.volume_path(volid))
                 for path, volid in parts]
        try:
            archive.write(task, half, name, config, trees)
            half.rename(folder / name)
        finally:
            half.unlink(missing_ok=True)

    def backup_config(self, storage, name):
        return archive.config(self.file_folder(storage, "backup") / name)

    def restore(self, task, storage, name, parts):
        archive.read(task, self.file_folder(storage, "backup") / name,
                     [(path, self.volume_path(volid)) for path, volid in parts])

    # ---- creation

    def unpack(self, task, vmid, volid, template, unprivileged):
        if not unprivileged:
            raise Die("the lab makes unprivileged containers only")
        storage, name = template
        packed = self.file_folder(storage, "vztmpl") / name
        task.log("extracting archive '%s'" % packed)
        tree = self.templates.tree(task, packed)
        rootfs.copy_tree(tree, self.volume_path(volid), lambda argv: task.run(argv, log_output=False))

    def customise(self, task, vmid, conf, password=None, ssh_keys=None):
        task.log("Detected container architecture: amd64")
        root = self.volume_path(conf["rootfs"].split(",")[0])
        rootfs.change(root, rootfs.once(task, conf, password, ssh_keys) + rootfs.at_start(conf, None))

    # ---- power

    def _lxc(self, command, vmid, *arguments, check=True):
        argv = ["lxc-" + command, "-P", str(self.run_folder), "-n", str(vmid), *arguments]
        try:
            done = subprocess.run(argv, text=True, capture_output=True, check=False, timeout=COMMAND_TIMEOUT,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Die("command '%s' failed: got timeout" % " ".join(argv)) from None
        if check and done.returncode:
            raise Die("command '%s' failed: %s" % (" ".join(argv), (done.stderr or done.stdout).strip()))
        return done

    def pid(self, vmid):
        """Process id of the container's init as the host sees it, None when it does not run."""
        if not (self.run_folder / str(vmid)).is_dir():
            return None
        said = self._lxc("info", vmid, "-p", "-H", check=False).stdout.strip()
        return int(said) if said.isdigit() and int(said) > 0 else None

    def running(self, vmid):
        return self.pid(vmid) is not None

    def start(self, task, vmid, conf):
        home = self.run_folder / str(vmid)
        home.mkdir(exist_ok=True)
        console, log, hook = home / lxcconfig.CONSOLE, home / "lxc.log", home / lxcconfig.HOOK
        for path in (console, log, home / lxcconfig.REBOOT):
            path.unlink(missing_ok=True)
        hook.write_text(lxcconfig.POST_STOP)
        hook.chmod(0o755)
        for _index, net in lxcconfig.nets(conf):
            if not self.has_bridge(net.get("bridge")):
                raise Die("bridge '%s' does not exist" % net.get("bridge"))
        (home / "config").write_text(lxcconfig.render(vmid, conf, self.volume_path, home, self._pin(vmid, conf)))
        root = self.volume_path(conf["rootfs"].split(",")[0])
        rootfs.change(root, rootfs.at_start(conf, lxcconfig.first_address(conf)))
        for index, _net in lxcconfig.nets(conf):
            network.unplug(vmid, index)     # a leftover of a container that was killed
        # The monitor must outlive this server, and must not hold its sockets or its terminal.
        done = subprocess.run(["lxc-start", "-P", str(self.run_folder), "-n", str(vmid), "-d", "-o", str(log), "-l",
                               "WARN"], start_new_session=True, capture_output=True, text=True, check=False,
                              timeout=START_TIMEOUT, stdin=subprocess.DEVNULL, cwd="/")
        if done.returncode:
            self._explain(task, log, console)
            raise Die("startup for container '%s' failed" % vmid)

    def _explain(self, task, *logs):
        """The errors of LXC's log and the end of the console, so that the task's log says why it did not boot."""
        for path in logs:
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            for line in ([line for line in lines if " ERROR " in line] or lines)[-TAIL:]:
                task.log("%s: %s" % (path.name, re.sub(r"^lxc-start \S+ \S+ ", "", line)))

    def _pin(self, vmid, conf):
        """The CPUs of a container, spread over the node; what the others have stands in their files."""
        taken = []
        for config in self.run_folder.glob("*/config"):
            choice = re.search(r"^lxc\.cgroup2?\.cpuset\.cpus = (\S+)", config.read_text(), re.MULTILINE)
            starting = time.time() - config.stat().st_mtime < START_TIMEOUT
            if choice and config.parent.name != str(vmid) and (starting or self.running(config.parent.name)):
                taken.append([int(cpu) for cpu in choice[1].split(",")])
        return cgroups.choose_cpus(int(conf["cores"]) if conf.get("cores") else None, taken)

    def stop(self, task, vmid):
        self._lxc("stop", vmid, "-k")
        self._wait_stopped(vmid, 10)

    def shutdown(self, task, vmid, timeout):
        pid = self.pid(vmid)
        if pid is None:
            return True
        os.kill(pid, HALT)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.pid(vmid) is None:
                return True
            task.pause(0.2)
        return self.pid(vmid) is None

    def _wait_stopped(self, vmid, timeout):
        deadline = time.monotonic() + timeout
        while self.running(vmid):
            if time.monotonic() > deadline:
                raise Die("container did not stop")
            time.sleep(0.1)

    @contextlib.contextmanager
    def frozen(self, vmid):
        running = self.running(vmid)
        if running:
            self._lxc("freeze", vmid)
        try:
            yield
        finally:
            if running:
                self._lxc("unfreeze", vmid)

    def forget(self, vmid):
        rootfs.remove_tree(self.run_folder / str(vmid))

    # ---- what a running container shows and takes

    def wants_restart(self):
        found = []
        for flag in self.run_folder.glob("*/" + lxcconfig.REBOOT):
            if not self.running(flag.parent.name):
                flag.unlink()
                found.append(int(flag.parent.name))
        return found

    def usage(self, vmid, conf):
        pid = self.pid(vmid)
        info = self._lxc("info", vmid, "-S", "-H", check=False).stdout
        values = dict(re.findall(r"^\s*([A-Za-z ]+?):\s+(\d+)", info, re.MULTILINE))
        return {"pid": pid or 0, "uptime": _uptime(pid), "mem": int(values.get("Memory use", 0)), "swap": 0, "cpu": 0,
                "disk": 0, "netin": int(values.get("RX bytes", 0)), "netout": int(values.get("TX bytes", 0)),
                "diskread": 0, "diskwrite": 0}

    def interfaces(self, vmid):
        return network.interfaces(self.pid(vmid))

    def hot_limits(self, vmid, conf):
        """Twice where needed: lowering both memory limits goes in the other order than raising them."""
        settings = cgroups.limits(conf, None)
        failed = [pair for pair in settings if self._lxc("cgroup", vmid, "--", *pair, check=False).returncode]
        for pair in failed + [pair for pair in settings if failed and pair[0].startswith("memory.")]:
            self._lxc("cgroup", vmid, "--", *pair)
        cpus = self._pin(vmid, conf) or sorted(os.sched_getaffinity(0))
        self._lxc("cgroup", vmid, "--", "cpuset.cpus", ",".join(map(str, cpus)), check=False)

    def hot_net(self, vmid, index, new, old):
        pid = self.pid(vmid)
        same_nic = new and old and all(new.get(key) == old.get(key) for key in ("name", "hwaddr"))
        if same_nic:        # touch only what differs, or connections would break for nothing
            if new.get("bridge") != old.get("bridge"):
                network.move_to_bridge(vmid, index, new.get("bridge"))
            if any(new.get(key) != old.get(key) for key in NIC_SETTINGS):
                network.configure(pid, new)
            return
        if new and not self.has_bridge(new.get("bridge")):
            raise Die("bridge '%s' does not exist" % new.get("bridge"))
        if old:
            network.unplug(vmid, index)
        if new:
            network.plug(vmid, pid, index, new)

    def hot_mount(self, vmid, conf, mount):
        hotmount.mount(self.pid(vmid), self.volume_path(mount["volume"]), "/" + mount["mp"].strip("/"), rootfs.SHIFT)


def _uptime(pid):
    try:
        fields = Path("/proc/%s/stat" % pid).read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    boot = float(Path("/proc/uptime").read_text().split()[0])
    return max(1, int(boot - int(fields[19]) / os.sysconf("SC_CLK_TCK")))
