# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user should be against what it is. Pure functions.

A user's state is a dictionary: enabled bool, policies and groups lists in order of name.
"""

from __future__ import annotations

from collections import namedtuple


class Invalid(Exception):
    """The options are not possible; the message says how."""


# What is to be done, in this order. enable: None, True or False.
Plan = namedtuple("Plan", ["create", "attach", "detach", "join", "leave", "enable"])


def state_of(answer):
    """The state in the server's answer about a user."""
    names = (answer.get("policyName") or "").split(",")
    return {
        "enabled": answer.get("status") == "enabled",
        "policies": sorted(name for name in names if name),
        "groups": sorted(answer.get("memberOf") or []),
    }


def forgotten(users, kept, prefixes):
    """Names, in order, of the enabled users in the server's list that are not among the kept ones and do not begin as a prefix says."""
    return sorted(
        name for name, answer in users.items()
        if state_of(answer)["enabled"] and name not in kept and not name.startswith(tuple(prefixes))
    )


def check_options(params):
    """Refuse what no server would take, before it is asked."""
    name = params["name"]
    if len(name) < 3 or name != name.strip() or "=" in name or "," in name:
        raise Invalid(f"user name {name!r} is not legal: at least 3 characters, no comma, no equals sign, no space at the ends")
    if name == params["access_key"]:
        raise Invalid(f"user {name!r} is the account that does the work (access_key): it cannot manage itself")
    if params["state"] == "present" and params["secret"] is not None and len(params["secret"]) < 8:
        raise Invalid(f"secret of user {name!r} is too short: at least 8 characters")


def plan(current, params):
    """Compare; C(current) is None for a user that is not there yet."""
    if current is None and params["secret"] is None:
        raise Invalid(f"user {params['name']!r} does not exist yet: it needs a secret")
    attach, detach = _difference(current, params, "policies")
    join, leave = _difference(current, params, "groups")
    was_enabled = current["enabled"] if current else True  # the server makes users enabled
    enable = params["enabled"] if params["enabled"] is not None and params["enabled"] != was_enabled else None
    return Plan(current is None, attach, detach, join, leave, enable)


def _difference(current, params, of):
    """What is to be added and what to be taken away; without the option nothing."""
    have = set(current[of]) if current else set()
    want = have if params[of] is None else set(params[of])
    return sorted(want - have), sorted(have - want)


def result_of(current, steps):
    """The state after the plan."""
    have = current or {"policies": [], "groups": []}
    enabled = current["enabled"] if current else True
    return {
        "enabled": enabled if steps.enable is None else steps.enable,
        "policies": sorted(set(have["policies"]).union(steps.attach).difference(steps.detach)),
        "groups": sorted(set(have["groups"]).union(steps.join).difference(steps.leave)),
    }
