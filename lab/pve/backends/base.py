# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API asks of a back end. Every method may raise Die; long ones get the task to log to and to stop with."""

import contextlib


class Backend:
    """The machine below the API. Volumes are named by their volume id (`lab:subvol-117-disk-0`)."""

    cgroup_v2 = False      # how weights of CPUs are kept: recorded of both
    bridges = ()
    nesting_warning = True      # create and start say what a Debian 12 template without nesting=1 lacks

    # ---- the node

    def cpus(self):
        raise NotImplementedError

    def memory(self):
        """(total, used) in bytes."""
        raise NotImplementedError

    def space(self, storage):
        """(total, used) in bytes of what is below a storage."""
        raise NotImplementedError

    def bridge_mtu(self, name):
        """The largest packet of a bridge; None when there is none of that name."""
        raise NotImplementedError

    def has_bridge(self, name):
        return self.bridge_mtu(name) is not None

    # ---- files of a storage: templates, backups

    def list_files(self, storage, content):
        """[(name, size, ctime)]"""
        raise NotImplementedError

    def put_file(self, storage, content, name, source):
        """Move a finished file (a path) into the storage."""
        raise NotImplementedError

    def delete_file(self, storage, content, name):
        raise NotImplementedError

    # ---- volumes

    def create_volume(self, volid, size, unprivileged):
        raise NotImplementedError

    def delete_volume(self, volid):
        raise NotImplementedError

    def copy_volume(self, source, target):
        raise NotImplementedError

    def snapshot_volume(self, volid, name):
        raise NotImplementedError

    def rollback_volume(self, volid, name):
        raise NotImplementedError

    def delete_snapshot(self, volid, name):
        raise NotImplementedError

    # ---- backups

    def backup(self, task, storage, name, config, parts, snapshot=None):
        """Write an archive of the parts [(path in the container, volume)], with the configuration's text in it."""
        raise NotImplementedError

    def backup_config(self, storage, name):
        """The configuration's text of an archive."""
        raise NotImplementedError

    def restore(self, task, storage, name, parts):
        """Fill new volumes [(path in the container, volume)] from an archive."""
        raise NotImplementedError

    # ---- containers

    def unpack(self, task, vmid, volid, template, unprivileged):
        """Fill the root volume from a template (storage, file name)."""
        raise NotImplementedError

    def customise(self, task, vmid, conf, password=None, ssh_keys=None):
        """What create does once inside the new root file system: host keys, password, authorized keys."""
        raise NotImplementedError

    def running(self, vmid):
        raise NotImplementedError

    def start(self, task, vmid, conf):
        raise NotImplementedError

    def stop(self, task, vmid):
        raise NotImplementedError

    def shutdown(self, task, vmid, timeout):
        """Ask init to halt; True when it did in time."""
        raise NotImplementedError

    @contextlib.contextmanager
    def frozen(self, vmid):
        """Nothing in the container moves meanwhile; no-op when it does not run."""
        yield

    def wants_restart(self):
        """Containers that rebooted from inside and wait for a start. Each is told once."""
        return []

    def usage(self, vmid, conf):
        """Counters of a running container: pid, uptime, mem, swap, cpu, disk, netin, netout, diskread, diskwrite."""
        raise NotImplementedError

    def interfaces(self, vmid):
        """[{name, hwaddr, inet, inet6, hardware-address, ip-addresses}] of a running container."""
        raise NotImplementedError

    def hot_limits(self, vmid, conf):
        """Apply memory, swap, cores, cpulimit and cpuunits to a running container."""
        raise NotImplementedError

    def hot_net(self, vmid, index, new, old):
        """Plug, change (new and old) or unplug (new is None) a NIC of a running container."""
        raise NotImplementedError

    def hot_mount(self, vmid, conf, mount):
        """Mount a new volume in a running container."""
        raise NotImplementedError

    def forget(self, vmid):
        """Remove what is left of a destroyed container outside its volumes."""
        raise NotImplementedError
