# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What topics should be against what they are. Pure functions.

The state of a topic is a dictionary: partitions int, replication_factor int, config dict of the settings that are the
topic's own, as strings.
"""

from __future__ import annotations

import re
from collections import namedtuple

# What is to be done for one topic. partitions: how many to make it, None to leave them.
Plan = namedtuple("Plan", ["name", "create", "delete", "partitions", "set_config", "unset_config"])


class Invalid(Exception):
    """The options are not possible; the message says how."""


def text(value):
    """A setting as Kafka writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(text(part) for part in value)
    return str(value)


def wanted(topic):
    """A topic of the options, with its settings as strings; a setting without a value counts as left out."""
    config = topic.get("config")
    if config is not None:
        config = {str(key): text(value) for key, value in config.items() if value is not None}
    return {**topic, "config": config}


def check_options(topics):
    """Refuse what no cluster would take, before it is asked."""
    names = [topic["name"] for topic in topics]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Invalid(f"topics names twice: {', '.join(doubled)}")
    collisions = colliding(topic["name"] for topic in topics if is_present(topic))
    if collisions:
        raise Invalid(f"topics that differ by dots and underscores alone have the same metrics: {'; '.join(collisions)}. Rename one")
    for topic in topics:
        name = topic["name"]
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", ".."):
            raise Invalid(f"topic name {name!r} is not legal: up to 249 letters, digits, dots, underscores and hyphens")
        for key in ("partitions", "replication_factor"):
            if topic.get(key) is not None and topic[key] < 1:
                raise Invalid(f"topic {name!r}: {key} is {topic[key]}, and must be 1 or more")


def is_present(topic):
    return topic.get("state", "present") == "present"


def colliding(names):
    """Names of topics whose metrics would be one, as words; Kafka refuses the second, unless both are made in one request."""
    by_metric = {}
    for name in sorted(set(names)):
        by_metric.setdefault(name.replace(".", "_"), []).append(name)
    return [" and ".join(same) for same in by_metric.values() if len(same) > 1]


def plan_all(current, topics, existing=()):
    """Plan every topic; raise for all that is impossible at once, so that nothing is begun.

    C(existing) are the names of all topics of the cluster.
    """
    plans, faults = [], []
    for new in (topic["name"] for topic in topics if is_present(topic) and topic["name"] not in current):
        others = [name for name in existing if name != new and name.replace(".", "_") == new.replace(".", "_")]
        if others:
            faults.append(f"topic {new!r} would have the same metrics as {', '.join(others)}, which exists: rename it, or remove that one first")
    for topic in topics:
        try:
            plans.append(plan(current.get(topic["name"]), topic))
        except Invalid as error:
            faults.append(str(error))
    if faults:
        raise Invalid("; ".join(faults))
    return plans


def plan(current, topic):
    """Compare one topic; C(current) is None for one that is not there yet."""
    name = topic["name"]
    if not is_present(topic):
        return Plan(name, False, current is not None, None, {}, [])
    if current is None:
        return Plan(name, True, False, topic.get("partitions"), topic.get("config") or {}, [])

    partitions = topic.get("partitions")
    if partitions is not None and partitions < current["partitions"]:
        raise Invalid(
            f"topic {name!r} has {current['partitions']} partitions and cannot shrink to {partitions}: Kafka cannot take partitions"
            " away. Make a new topic, or set partitions to what it has"
        )
    copies = topic.get("replication_factor")
    if copies is not None and copies != current["replication_factor"]:
        raise Invalid(
            f"topic {name!r} has {current['replication_factor']} replicas, not {copies}: move them with kafka-reassign-partitions,"
            " then set replication_factor; or leave it out"
        )
    have = current["config"]
    want = have if topic.get("config") is None else topic["config"]
    return Plan(
        name,
        False,
        False,
        partitions if partitions is not None and partitions > current["partitions"] else None,
        {key: want[key] for key in sorted(want) if have.get(key) != want[key]},
        sorted(set(have) - set(want)),
    )


def result_of(current, topic, steps):
    """The state after the plan; None when there is no topic then."""
    if steps.delete or (current is None and not steps.create):
        return None
    if steps.create:
        return {
            "partitions": topic.get("partitions"),
            "replication_factor": topic.get("replication_factor"),
            "config": dict(steps.set_config),
        }
    config = {key: value for key, value in {**current["config"], **steps.set_config}.items() if key not in steps.unset_config}
    return {**current, "partitions": steps.partitions or current["partitions"], "config": config}
