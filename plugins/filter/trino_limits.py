# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

NAME = re.compile(r"[a-z][a-z0-9_]*")
COUNTS = ("queries", "user_queries", "queued", "user_queued")


def trino_resource_group(workload):
    """Make a resource group of a workload, with a subgroup for each user.

    Memory is bounded by query, since a resource group's own limit only keeps the next query waiting.

    :param workload: an element of ``trino_workloads``.
    :returns: an element of ``rootGroups`` in Trino's file of resource groups.
    """
    user = {
        "name": "${USER}",
        "softMemoryLimit": "100%",
        "hardConcurrencyLimit": int(workload["user_queries"]),
        "maxQueued": int(workload["user_queued"]),
    }
    return {
        "name": workload["name"],
        "softMemoryLimit": "100%",
        "hardConcurrencyLimit": int(workload["queries"]),
        "maxQueued": int(workload["queued"]),
        "schedulingPolicy": "fair",
        "subGroups": [user],
    }


def trino_selector(workload):
    """Make the selector by which queries get into the resource group of a workload.

    :param workload: an element of ``trino_workloads``.
    :returns: an element of ``selectors`` in Trino's file of resource groups.
    """
    patterns = {key: _any_of(workload.get(name)) for key, name in (("userGroup", "groups"), ("source", "sources"))}
    return {**{key: pattern for key, pattern in patterns.items() if pattern}, "group": "%s.${USER}" % workload["name"]}


def trino_session_defaults(workload, pool_mib):
    """Make the properties that the sessions of a workload begin with.

    :param workload: an element of ``trino_workloads``.
    :param pool_mib: memory that queries share on each node, in MiB.
    :returns: an element of Trino's file of session properties.
    """
    properties = {"query_max_memory_per_node": "%dMB" % (int(pool_mib) * int(workload["query_memory_percent"]) // 100)}
    for key, name in (("query_max_run_time", "run_seconds"), ("query_max_cpu_time", "cpu_seconds")):
        if int(workload[name]):
            properties[key] = "%ds" % int(workload[name])
    return {"group": r"%s\..*" % workload["name"], "sessionProperties": properties}


def trino_run_times(users, workloads, source):
    """Say how long queries of each user may run that come from one client.

    :param users: the list ``trino_users``.
    :param workloads: the list ``trino_workloads``.
    :param source: the client's name.
    :returns: for each user's name the property as Trino shows it, None where the workload has no such limit.
    """
    return {user["name"]: _first_match(user, workloads, source) for user in users}


def _first_match(user, workloads, source):
    for workload in workloads:
        groups, sources = workload.get("groups"), workload.get("sources")
        if (not groups or set(groups) & set(user.get("groups") or [])) and (not sources or source in sources):
            return trino_session_defaults(workload, 0)["sessionProperties"].get("query_max_run_time")
    return None


def trino_workload_problems(workloads, percent_max):
    """Say what in workloads cannot work, each time with the variable, the value and the remedy.

    :param workloads: the list ``trino_workloads``.
    :param percent_max: the most that ``query_memory_percent`` may be.
    :returns: list of sentences, empty where all is well.
    """
    said = ["trino_workloads, %s: %s" % (workload["name"], fault) for workload in workloads for fault in _faults(workload, percent_max)]
    names = [workload["name"] for workload in workloads]
    for name in sorted({name for name in names if names.count(name) > 1}):
        said.append("trino_workloads has %s twice. Give each workload its own name." % name)
    if not workloads or workloads[-1].get("groups") or workloads[-1].get("sources"):
        said.append("trino_workloads: the last one has to take every query that no other takes. Leave its groups and sources empty.")
    return said


def _faults(workload, percent_max):
    if not NAME.fullmatch(workload["name"]):
        yield "no legal name. Use small letters, digits and underscores, with a letter first."
    for name in COUNTS:
        if int(workload[name]) < 1:
            yield "%s is %s, and no query could run or wait. Set 1 or more." % (name, workload[name])
    for name in ("run_seconds", "cpu_seconds"):
        if int(workload[name]) < 0:
            yield "%s is %s. Set the seconds of the limit, or 0 for none." % (name, workload[name])
    percent = int(workload["query_memory_percent"])
    if not 1 <= percent <= percent_max:
        yield "query_memory_percent is %d. Set 1 to %d." % (percent, percent_max)
    if percent * int(workload["user_queries"]) > 100:
        yield "user_queries times query_memory_percent is %d, and one user could take all the memory from the others. Keep it at 100 or less." % (
            percent * int(workload["user_queries"]))


def _any_of(names):
    return "|".join(re.escape(name) for name in names or [])


class FilterModule:
    """Filters that turn workloads into Trino's limits."""

    def filters(self):
        return {
            "trino_resource_group": trino_resource_group,
            "trino_selector": trino_selector,
            "trino_session_defaults": trino_session_defaults,
            "trino_run_times": trino_run_times,
            "trino_workload_problems": trino_workload_problems,
        }
