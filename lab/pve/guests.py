# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers' configuration files and their locks."""

import contextlib
import threading

from . import guestconf
from .errors import Die

FOLDER = "lxc"


class Guests:
    """Loads and stores one file per container; hands out the lock that every change takes."""

    def __init__(self, files, node="pve", lock_timeout=10.0):
        self.files = files
        self.node = node
        self.lock_timeout = lock_timeout
        self.locks = {}
        self.guard = threading.Lock()

    @staticmethod
    def _name(vmid):
        return "%s/%s.conf" % (FOLDER, vmid)

    def ids(self):
        return sorted(int(name) for name in self.files.names(FOLDER, ".conf"))

    def exists(self, vmid):
        return self.files.read(self._name(vmid)) is not None

    def load(self, vmid):
        text = self.files.read(self._name(vmid))
        if text is None:
            raise Die("Configuration file 'nodes/%s/lxc/%s.conf' does not exist" % (self.node, vmid))
        return guestconf.parse(text)

    def save(self, vmid, conf):
        self.files.write(self._name(vmid), conf.text())

    def delete(self, vmid):
        self.files.delete(self._name(vmid))

    def reserve(self, vmid, over=False):
        """Take a free id: a file that says `lock: create`. Raises when somebody was faster.

        `over` locks the container that is there instead: a restore is about to replace it.
        """
        with self.guard:
            if over:
                conf = self.load(vmid)
                check_unlocked(conf)
                check_protected(vmid, conf, "unable to restore CT %s" % vmid)
                conf.current["lock"] = "create"
                self.save(vmid, conf)
                return
            if self.exists(vmid):
                raise Die("unable to create CT %s - CT %s already exists on node '%s'" % (vmid, vmid, self.node))
            conf = guestconf.GuestConf()
            conf.current["lock"] = "create"
            self.save(vmid, conf)

    @contextlib.contextmanager
    def locked(self, vmid, timeout=None, waiting=None):
        """The guest's file lock; waits as long as the server does. `waiting` is called when it is not free at once.

        Yields whether it had to wait.
        """
        with self.guard:
            lock = self.locks.setdefault(str(vmid), threading.RLock())
        free = lock.acquire(blocking=False)
        if not free and waiting:
            waiting()
        if not free and not lock.acquire(timeout=self.lock_timeout if timeout is None else timeout):
            raise Die("can't lock file '/run/lock/lxc/pve-config-%s.lock' - got timeout" % vmid)
        try:
            yield not free
        finally:
            lock.release()


def check_unlocked(conf):
    lock = conf.current.get("lock")
    if lock:
        raise Die("CT is locked (%s)" % lock)


def check_protected(vmid, conf, what):
    if conf.current.get("protection") == "1":
        raise Die("%s - protection mode enabled" % what)


def check_startable(conf):
    """A container without an architecture is broken until it is set again (put-stopped-101, put-stopped-105)."""
    if "arch" not in conf.current:
        raise Die("missing 'arch' - internal error at /usr/share/perl5/PVE/LXC.pm line 729.")
