# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that change something, and the loop that makes them.

A plan is carried out by its first step only; then everything is read again and the plan made anew, until nothing is left to
do. So an effect that happened although its answer was lost, or a change made by somebody else meanwhile, needs no case of
its own: the next plan simply holds less, or more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import (
    Client, DigestError, LockedError, PveError, UncertainError)

_RETRIES = 5


class PlanError(Exception):
    """The declared state can not be reached from the present one; nothing has been changed."""


@dataclass(frozen=True)
class Step:
    """One call that changes something. ``keys`` names what it changes, in the words of the API."""

    kind: str
    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict, repr=False)
    keys: tuple[str, ...] = ()

    @property
    def signature(self) -> tuple:
        """What the step does, whatever state of the configuration it was made for."""
        return self.kind, self.path, sorted((name, value) for name, value in self.params.items() if name != "digest")

    def describe(self) -> dict[str, Any]:
        """The step as users see it: never its values, which may be secret."""
        return {"call": "%s %s" % (self.method, self.path), "keys": list(self.keys)}


class Patience:
    """How often, and how long, to look again before giving up."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._retries = 0
        self._locked_since: float | None = None
        self._pause = 1.0

    def spend(self, error: PveError) -> None:
        """Wait a little, or raise the error when patience is at its end."""
        if isinstance(error, LockedError):
            self._spend_on_lock(error)
            return
        self._retries += 1
        if self._retries > _RETRIES:
            raise error
        self._client.sleep(0.5 * self._retries)

    def _spend_on_lock(self, error: PveError) -> None:
        if "upid" not in error.details:
            raise error  # the call itself has already waited for the lock
        if self._locked_since is None:
            self._locked_since = self._client.clock()
        if self._client.clock() - self._locked_since > self._client.lock_timeout:
            raise error
        self._client.sleep(self._pause)
        self._pause = min(self._pause * 2, 15)  # each attempt is a line in the node's list of tasks


def converge(
        client: Client, plan: Callable[[], tuple[Step, ...]], act: Callable[[Step], None], look_again: Callable[[Step], None],
        done: list[Step]) -> None:
    """Make the calls of a plan. ``act`` does a step and reads afresh, ``look_again`` reads after one of unknown outcome."""
    patience = Patience(client)
    last = None
    steps = plan()
    while steps:
        step = steps[0]
        if step.signature == last:
            raise PveError("%s /%s was accepted, but the server does not hold it: %s" % (step.method, step.path, ", ".join(step.keys)))
        lost = False
        try:
            act(step)
            last = step.signature
        except (UncertainError, DigestError, LockedError) as error:
            patience.spend(error)
            lost = isinstance(error, UncertainError)
            look_again(step)
        steps = plan()
        if lost and not (steps and steps[0].kind == step.kind):
            done.append(step)  # it did happen, only its answer was lost
