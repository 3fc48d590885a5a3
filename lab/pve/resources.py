# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster-wide list of resources, which lags behind the truth as the real one does."""

import time


class Resources:
    """What the status daemon has broadcast about the guests. By default it is always up to date."""

    def __init__(self, node):
        self.node = node
        self.known = {}         # vmid -> time from which on the broadcast knows it
        self.lagging = False    # True: nothing becomes known until a test says so

    def _visible_from(self, vmid):
        if vmid not in self.known:
            lag = self.node.faults.take("lag")
            delay = lag["seconds"] if lag else 0
            self.known[vmid] = float("inf") if self.lagging else time.monotonic() + delay
        return self.known[vmid]

    def broadcast(self):
        """Everything that exists becomes known now."""
        self.known = {vmid: 0 for vmid in self.node.guests.ids()}

    def forget(self, vmid):
        self.known.pop(int(vmid), None)

    def knows(self, vmid):
        """Has the status daemon seen this guest since it was made?"""
        return self._visible_from(vmid) <= time.monotonic()
