# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which users there should be against which there are. Pure functions.

The state is a dictionary of users to the number of iterations that their password is salted with.
"""

from __future__ import annotations

from collections import namedtuple

# What Kafka takes for SCRAM-SHA-512.
MIN_ITERATIONS, MAX_ITERATIONS = 4096, 16384

# Marks a removed user. Its credential is written over with one of a password that nobody has and is never deleted: when Kafka (seen with 3.9.0
# to 3.9.2) restarts before its first snapshot of the metadata, a deleted credential may take those of all other users along.
REMOVED_ITERATIONS = 16383

# write: users whose password is to be set, try_first: those of them only if their password does not work, remove: users.
Plan = namedtuple("Plan", ["write", "try_first", "remove"])


class Invalid(Exception):
    """The options are not possible; the message says how."""


def check_options(params):
    """Refuse what no cluster would take, before it is asked."""
    names = [user["name"] for user in params["users"]]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Invalid(f"users names twice: {', '.join(doubled)}")
    for user in params["users"]:
        name = user["name"]
        if not name or name != name.strip() or "," in name or "=" in name:
            raise Invalid(f"user name {name!r} is not legal: no comma, no equals sign, no space at the ends")
        if name == params["login_user"]:
            raise Invalid(f"user {name!r} is the one that does the work (login_user): it cannot manage itself")
        if user["state"] == "present" and not user["password"]:
            raise Invalid(f"user {name!r} needs a password")
        if not MIN_ITERATIONS <= user["iterations"] <= MAX_ITERATIONS:
            raise Invalid(f"user {name!r}: iterations is {user['iterations']}, and must be {MIN_ITERATIONS} to {MAX_ITERATIONS}")
        if user["iterations"] == REMOVED_ITERATIONS:
            raise Invalid(f"user {name!r}: iterations must not be {REMOVED_ITERATIONS}, which marks removed users")


def plan(current, params):
    """Compare; the user that does the work is never removed."""
    present = {user["name"]: user for user in params["users"] if user["state"] == "present"}
    absent = {user["name"] for user in params["users"] if user["state"] == "absent"}
    if params["exclusive"]:
        absent |= set(current) - set(present) - {params["login_user"]}
    write = [name for name in present if name not in current or current[name] != present[name]["iterations"]]
    return Plan(sorted(write), sorted(set(present) - set(write)), sorted(absent & set(current)))
