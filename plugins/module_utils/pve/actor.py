# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the plan of a container."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import (
    Client, DigestError, LockedError, PveError, Task, TaskTimeout, UncertainError, is_upid)
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.guest import MISSING, TAKEN, choose_node, locate, read
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.place import find_missing
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.plan import Plan, make_plan
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.rights import Rights, find_refused
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step, converge
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import Wish

TIMEOUTS = {"create": 600, "start": 120, "shutdown": 60, "resize": 600, "destroy": 300}
_ID_ATTEMPTS = 50
_POWER = {"start": "running", "reboot": "running", "shutdown": "stopped", "stop": "stopped"}
_ALREADY = ("already running", "not running", "is already a pool member", "no options specified", "already at specified size")


@dataclass
class Outcome:
    """What came of it all; ``done`` holds the steps that were carried out, or in check mode would be."""

    guest: Guest
    plan: Plan
    done: list[Step] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Actor:
    """Carries out plans for one container."""

    def __init__(self, client: Client, wish: Wish, timeouts: dict[str, int] | None = None, abort_on_timeout: bool = False) -> None:
        self.client = client
        self.wish = wish
        self.timeouts = dict(TIMEOUTS, **(timeouts or {}))
        self.abort_on_timeout = abort_on_timeout
        self.guest = Guest()
        self.tasks: list[Task] = []
        self.done: list[Step] = []
        self.warnings: list[str] = []
        self._lost_ids: set[int] = set()
        self._unlock_by: float | None = None

    def converge(self, check: bool) -> Outcome:
        """Bring the container to the declared state; with ``check``, only say how."""
        self.guest = self._find()
        plan = make_plan(self.wish, self.guest)
        if plan.steps:
            self._check(plan)
        if check or not plan.steps:
            return Outcome(self.guest, plan, list(plan.steps), warnings=list(plan.warnings))
        converge(self.client, self._plan, self._carry_out, self._look_again, self.done)
        last = make_plan(self.wish, self.guest)
        warnings = list(plan.warnings) + [line for task in self.tasks for line in task.warnings] + self.warnings
        renamed = self.guest.running and any(step.kind == "config" and "hostname" in step.keys for step in self.done)
        return Outcome(self.guest, replace(plan, restart_required=last.restart_required or renamed), self.done, self.tasks, warnings)

    def _check(self, plan: Plan) -> None:
        """Raises PlanError with all that the server would refuse, before anything is changed."""
        rights = Rights(self.client)
        vmid = self.guest.vmid or int(self.client.get("cluster/nextid"))
        problems = find_refused(rights, self.wish, self.guest, plan, vmid)
        problems += find_missing(self.client, rights, self.wish, self.guest.node, plan)
        if problems:
            raise PlanError("; ".join(problems))

    def _plan(self) -> tuple[Step, ...]:
        steps = make_plan(self.wish, self.guest).steps
        if steps and steps[0].kind in _POWER and self.guest.lock:
            self._await_unlocked()
            steps = make_plan(self.wish, self.guest).steps
        return steps

    def _await_unlocked(self) -> None:
        """Look until the lock is gone: a task that meets it fails, and stays in the node's list of tasks."""
        if self._unlock_by is None:
            self._unlock_by = self.client.clock() + self.client.lock_timeout
        pause = 0.5
        while self.guest.exists and self.guest.lock and self.client.clock() < self._unlock_by:
            self.client.sleep(pause)
            pause = min(pause * 1.5, 5)
            self.guest = self._read(self.guest)

    def _find(self) -> Guest:
        guest = locate(self.client, self.wish.vmid, self.wish.hostname)
        if guest.exists:
            return self._read(guest)
        if self.wish.state == "absent":
            return guest
        return replace(guest, node=choose_node(self.client, self.wish.node))

    def _read(self, guest: Guest) -> Guest:
        return read(self.client, guest, self.timeouts["create"])

    def _look_again(self, step: Step) -> None:
        """Read the container after a call of unknown outcome."""
        if not self.guest.vmid:
            return
        before = self.guest
        self.guest = self._find() if step.kind == "pool" else self._read(before)
        if step.kind == "reboot":
            deadline = self.client.clock() + self.wish.shutdown_timeout
            while not self._restarted_since(before) and self.client.clock() < deadline:
                self.client.sleep(1)
                self.guest = self._read(before)
        if (step.kind == "start" and self.guest.running) or (step.kind == "reboot" and self._restarted_since(before)):
            self._power_is_done()
        if step.kind == "create" and not self.wish.vmid and self.guest.exists and not self._is_ours():
            self.guest = Guest(node=self.guest.node)  # somebody else got that id

    def _restarted_since(self, before: Guest) -> bool:
        return self.guest.running and self.guest.uptime < before.uptime

    def _power_is_done(self) -> None:
        """What was asked for once has been done; the next plan must not restart it again."""
        self.wish = replace(self.wish, state="started", restart_if_pending=False)

    def _is_ours(self) -> bool:
        return self.guest.settled["hostname"].lower() == self.wish.hostname.lower()

    def _carry_out(self, step: Step) -> None:
        """Do one step and read the container again."""
        if step.kind == "create":
            self._create(step)
            return
        try:
            self._wait(step, self.client.write(step.method, step.path, step.params))
            self.done.append(step)
        except PveError as error:
            gone = step.kind == "destroy" and error.says(MISSING)
            if (gone or error.says(*_ALREADY)) and "upid" not in error.details:
                self._look_again(step)
                return
            if step.kind == "config" and not isinstance(error, (DigestError, LockedError, UncertainError)):
                self._tell_the_truth(step, error)
            raise
        if step.kind == "destroy":
            self.guest = Guest(vmid=self.guest.vmid)
            return
        if step.kind == "pool":
            self.guest = replace(self.guest, pool=step.params["poolid"])
        if step.kind == "resize":
            # The task ends well even when the volume grew and its file system did not.
            self.warnings += [line for line in self.client.log(self.tasks[-1].upid) if "Failed to update the container's filesystem" in line]
        self.guest = self._read(self.guest)
        if step.kind in _POWER:
            self._await_status(step)
        if step.kind in ("start", "reboot"):
            self._power_is_done()

    def _wait(self, step: Step, answer: Any) -> None:
        if not is_upid(answer):
            return
        kind = {"reboot": "start", "stop": "shutdown"}.get(step.kind, step.kind)
        timeout = self.timeouts[kind] + (self.wish.shutdown_timeout if step.kind in ("shutdown", "reboot") else 0)
        self.tasks.append(self.client.wait(answer, timeout, self.abort_on_timeout))

    def _await_status(self, step: Step) -> None:
        """A task that ended well may only have queued the change (high availability), or the container fell over at once."""
        deadline = self.client.clock() + self.timeouts["start"]
        while self.guest.status != _POWER[step.kind]:
            if self.client.clock() > deadline:
                raise TaskTimeout("container %d is %s after %s" % (self.guest.vmid, self.guest.status, step.kind))
            self.client.sleep(1)
            self.guest = self._read(self.guest)

    def _tell_the_truth(self, step: Step, error: PveError) -> None:
        """A refusal does not say that nothing was written: read again, and say what was.

        A hot change that failed is taken back: left waiting, it would block later changes and stop the next restart.
        """
        before = self.guest
        fresh = self._read(before)
        keys = sorted(set(error.errors) & set(fresh.pending) - set(before.pending))
        if keys:
            self.client.write("PUT", step.path, {"revert": ",".join(keys)})
            error.details["reverted"] = keys
            fresh = self._read(before)
        self.guest = fresh
        written = tuple(key for key in step.keys if fresh.raw.get(key) != before.raw.get(key))
        if written:
            self.done.append(replace(step, keys=written))
            error.details["written"] = list(written)
            error.message += "; the call was refused, but these were changed all the same: %s" % ", ".join(written)

    def _create(self, step: Step) -> None:
        """Create; without a fixed id, take the next free one until nobody else is faster (nextid reserves nothing)."""
        for attempt in range(_ID_ATTEMPTS):
            vmid = self.guest.vmid or int(self.client.get("cluster/nextid"))
            self.guest = replace(self.guest, vmid=vmid)
            numbered = replace(step, params=dict(step.params, vmid=str(vmid)))
            try:
                answer = self.client.write(step.method, step.path, numbered.params)
            except UncertainError:
                self._lost_ids.add(vmid)
                raise
            except PveError as error:
                if not error.says(TAKEN):
                    raise
                if self.wish.vmid:
                    self.guest = self._find()
                    return
                if vmid in self._lost_ids:  # perhaps taken by the call whose answer was lost
                    self._look_again(step)
                    if self.guest.exists:
                        return
                self.guest = replace(self.guest, vmid=None)
                self.client.sleep(0.05 * attempt)
                continue
            self._wait(step, answer)
            self.done.append(numbered)
            self.guest = self._read(replace(self.guest, pool=self.wish.pool))
            return
        raise PveError("no free id could be taken in %d attempts" % _ID_ATTEMPTS)
