# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one node of the lab: everything that the API's functions share."""

import collections
import os
import time

from . import download
from .access import Access
from .faults import Faults
from .files import Files
from .guests import Guests
from .resources import Resources
from .storage import Storages
from .tasks import Tasks
from .tickets import Tickets

VERSION = {"version": "9.2.11", "release": "9.2", "repoid": "14a22df35955d97d"}
LOCAL = {"type": "dir", "path": "/var/lib/vz", "content": "backup,images,iso,rootdir,snippets,vztmpl"}


class Node:
    """State and parts. The directory is where everything that must survive a restart is kept (None: in memory)."""

    name = "pve"

    def __init__(self, backend, directory=None, storages=None, auth_delay=3.0, lock_timeout=10.0, grace=0.0,
                 clock=time.time):
        self.backend = backend
        self.clock = clock
        self.auth_delay = auth_delay
        self.files = Files(directory)
        self.faults = Faults()
        self.requests = collections.deque(maxlen=10000)     # (method, path) of each call, for tests that count
        self.storage = Storages(self.files, backend, storages or {"local": LOCAL}, clock)
        self.guests = Guests(self.files, self.name, lock_timeout)
        self.tasks = Tasks(self.files, self.name, clock, grace)
        self.tasks.faults = self.faults
        self.pools = self.files.read_json("pools.json", {})
        self.options = self.files.read_json("options.json", {})
        self.access = Access(self.files, self.pool_of, clock)
        self.tickets = Tickets(self._key(), self.access, clock)
        self.resources = Resources(self)
        self.appliances = []        # the list of templates to be had; empty in a lab without the Internet
        self.fetch = download.fetch

    def _key(self):
        key = self.files.read("ticket.key")
        if not key:
            key = os.urandom(32).hex()
            self.files.write("ticket.key", key)
        return bytes.fromhex(key)

    # ---- pools

    def save_pools(self):
        self.files.write_json("pools.json", self.pools)

    def pool_of(self, path):
        """The pool that gives rights on a path: of a guest or of a storage."""
        kind, _slash, name = path.lstrip("/").partition("/")
        members = {"vms": "vms", "storage": "storage"}.get(kind)
        if not members:
            return None
        return next((pool for pool, entry in self.pools.items() if name in entry.get(members, ())), None)

    def pool_of_guest(self, vmid):
        return self.pool_of("/vms/%s" % vmid)

    def save_options(self):
        self.files.write_json("options.json", self.options)

    # ---- guests

    def exists(self, vmid):
        return self.guests.exists(vmid)

    def close(self):
        self.tasks.stop_all(10)
