# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request, for tests of the API's clients. Nothing here happens unless a test asks for it."""

import re
import threading

from .errors import Die


IN_TASK = r"/(status|snapshot)(/|$)"       # what a lock lets pass, and then fails as a task (lock-008, lock-012)


class Fault:
    """One rule: what happens, to which calls or tasks, and how many times."""

    def __init__(self, kind, method=None, path=None, times=1, **more):
        self.kind = kind
        self.method = method
        self.path = re.compile(path) if path else None
        self.times = times
        self.more = more

    def fits(self, method, path):
        return self.times > 0 and (not self.method or self.method == method) \
            and (not self.path or bool(self.path.search(path)))


class Faults:
    """The rules in force.

    Kinds, with their own keys; `method`, `path` (a regex) and `times` choose the calls:
      error     status=, reason=: the call is refused and has no effect
      lost      status=596, reason=: the call HAS its effect, then the answer is lost
      late      status=596, reason=: the answer is lost at once, and the call goes on behind it (gateway-021)
      locked    lock='backup': the change of a guest finds it locked ("CT is locked (backup)"), for `times` calls
      timeout   the change of a guest waits in vain for its file lock, for `times` calls
      expired   the ticket or token of the call is refused (401)
      lag       seconds=: cluster/resources is that much behind
      slow      type=, seconds=: the task of that type takes longer
      fail      type=, text=: the task of that type fails with the text
    """

    KINDS = ("error", "lost", "late", "locked", "timeout", "expired", "lag", "slow", "fail")

    def __init__(self):
        self.rules = []
        self.lock = threading.Lock()

    def add(self, kind, **more):
        if kind not in self.KINDS:
            raise ValueError("unknown fault %s" % kind)
        rule = Fault(kind, **more)
        with self.lock:
            self.rules.append(rule)
        return rule

    def clear(self):
        with self.lock:
            self.rules.clear()

    def take(self, kind, method="", path=""):
        """The first rule of this kind that fits, used up by one; None otherwise."""
        with self.lock:
            for rule in self.rules:
                if rule.kind == kind and rule.fits(method, path):
                    rule.times -= 1
                    return rule.more
        return None

    def find_locked(self, method, path):
        """Refuse the change of a guest as a lock does: some calls at once, the others through their task."""
        guest = re.match(r"/nodes/[^/]+/lxc/(\d+)(/.*)?$", path)
        if method == "GET" or not guest:
            return
        for kind in ("locked", "timeout"):
            fault = self.take(kind, method, path)
            if fault is None:
                continue
            text = "CT is locked (%s)" % fault.get("lock", "backup")
            if kind == "timeout":
                text = "can't lock file '/run/lock/lxc/pve-config-%s.lock' - got timeout" % guest[1]
            if not re.match(IN_TASK, guest[2] or ""):
                raise Die(text)
            self.add("fail", text=text)

    def in_task(self, task):
        with self.lock:
            rules = [rule for rule in self.rules if rule.kind in ("slow", "fail") and rule.times > 0
                     and rule.more.get("type") in (None, task.record["type"])]
            for rule in rules:
                rule.times -= 1
        for rule in rules:
            if rule.kind == "slow":
                task.pause(rule.more["seconds"])
        for rule in rules:
            if rule.kind == "fail":
                raise Die(rule.more.get("text", "failed on request"))
