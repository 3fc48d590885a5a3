# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which component of the site runs where and when, and the marks by which the hosts of one play tell each other how theirs ended."""

from __future__ import annotations

import json
import os
import time

BEGUN, DONE, FAILED, STOPPED, LOST = "begun", "done", "failed", "stopped", "lost"
ENDED = (DONE, FAILED, STOPPED)
WHOLE = "(host)"


def hosts_of(components, name, groups):
    """The hosts that a component runs on, in the order of the rollout; none where the site lacks what it is for."""
    component = components.get(name) or {}
    if not component.get("wanted", True) or not all(groups.get(group) for group in component.get("only_with", ())):
        return []
    hosts = [host for group in component.get("groups", [name]) for host in groups.get(group, ())]
    return list(dict.fromkeys(hosts))[:1 if component.get("single") else None]


def components_of(components, host, groups):
    """What a host goes through, in the order of the components.

    Each item names the host, since Ansible runs an item that several hosts have in common at once, in the order of one of them.
    """
    return [dict({"roles": [{"name": "gti.lakehouse." + name}]}, **(component or {}), name=name, host=host)
            for name, component in components.items() if host in hosts_of(components, name, groups)]


class Rollout:
    """Marks on the controller, one for each component and host, and for each host that was lost, as of the component WHOLE."""

    def __init__(self, folder):
        """folder is that of one run of Ansible, which removes it at its end."""
        self.folder = os.path.join(folder, "rollout")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)

    def mark(self, name, host, state, reason=""):
        place = os.path.join(self.folder, "%s@%s" % (name, host))
        with open(place + ".new", "w", encoding="utf-8") as file:
            json.dump({"component": name, "host": host, "state": state, "reason": reason}, file)
        os.replace(place + ".new", place)

    def read(self, name, host):
        try:
            with open(os.path.join(self.folder, "%s@%s" % (name, host)), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {"component": name, "host": host, "state": "", "reason": ""}

    def all(self):
        names = sorted(name for name in os.listdir(self.folder) if not name.endswith(".new"))
        return [self.read(*name.split("@", 1)) for name in names]

    def wait(self, pairs, lost, timeout):
        """Wait until each of (component, host) has ended, but for hosts that are lost; the marks of those that did not end well."""
        until = time.monotonic() + timeout
        while True:
            marks = [self.read(*pair) for pair in pairs]
            waiting = [mark for mark in marks if mark["state"] not in ENDED and mark["host"] not in lost
                       and self.read(WHOLE, mark["host"])["state"] != LOST]
            if not waiting or time.monotonic() > until:
                return [mark for mark in marks if mark["state"] != DONE]
            time.sleep(0.2)
