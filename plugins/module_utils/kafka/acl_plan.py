# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which access rules there should be against which there are. Pure functions."""

from __future__ import annotations

from collections import namedtuple

Rule = namedtuple("Rule", ["principal", "permission", "operation", "resource", "pattern", "name", "host"])
Plan = namedtuple("Plan", ["create", "remove"])

# Kafka's only name for the cluster itself.
CLUSTER = "kafka-cluster"
# What may be done to what; anything else would be taken by no request and so protect or open nothing.
OPERATIONS = {
    "topic": ["all", "alter", "alter_configs", "create", "delete", "describe", "describe_configs", "read", "write"],
    "group": ["all", "delete", "describe", "read"],
    "cluster": ["all", "alter", "alter_configs", "cluster_action", "create", "describe", "describe_configs", "idempotent_write"],
    "transactional_id": ["all", "describe", "write"],
}


class Invalid(Exception):
    """The options are not possible; the message says how."""


def rules_of(entries, state="present"):
    """The single rules that the entries of the options stand for."""
    rules = set()
    for entry in entries:
        if entry["state"] != state:
            continue
        name = CLUSTER if entry["resource"] == "cluster" else entry["name"]
        for operation in entry["operations"]:
            for host in entry["hosts"]:
                rules.add(Rule(entry["principal"], entry["permission"], operation, entry["resource"], entry["pattern"], name, host))
    return rules


def check_options(entries):
    """Refuse what no cluster would take or heed, before it is asked."""
    for entry in entries:
        who = f"rule of {entry['principal']!r} on {entry['resource']} {entry['name'] or ''!r}"
        if not entry["principal"].startswith("User:") or entry["principal"] == "User:":
            raise Invalid(f"principal {entry['principal']!r} is not one such as 'User:name'")
        if entry["resource"] != "cluster" and not entry["name"]:
            raise Invalid(f"{who}: name is missing")
        if entry["resource"] == "cluster" and (entry["name"] or CLUSTER) != CLUSTER:
            raise Invalid(f"{who}: leave the name out, there is one cluster only")
        if entry["pattern"] == "prefixed" and (entry["resource"] == "cluster" or entry["name"] == "*"):
            raise Invalid(f"{who}: only a name can be a prefix; use pattern literal")
        unknown = sorted(set(entry["operations"]) - set(OPERATIONS[entry["resource"]]))
        if unknown:
            known = ", ".join(OPERATIONS[entry["resource"]])
            raise Invalid(f"{who}: there is no operation {', '.join(unknown)} on a {entry['resource']}; there are {known}")
    both = rules_of(entries) & rules_of(entries, "absent")
    if both:
        raise Invalid("both present and absent: " + "; ".join(sorted(describe(rule) for rule in both)))


def plan(current, entries, exclusive):
    """Compare. Exclusive: what is not asked for goes."""
    wanted = rules_of(entries)
    remove = current - wanted if exclusive else current & rules_of(entries, "absent")
    return Plan(sorted(wanted - current), sorted(remove))


def describe(rule):
    """One line of a diff."""
    pattern = " prefix" if rule.pattern == "prefixed" else ""
    host = "" if rule.host == "*" else f" from {rule.host}"
    return f"{rule.principal} {rule.permission} {rule.operation} {rule.resource}{pattern} {rule.name}{host}"
