# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.topic_plan import colliding, is_present

# What a user's lists stand for: the kind of thing, and what may be done to it.
GRANTS = {
    # Trino, asked for a span of time, first asks what a topic's times stand for.
    "read": ("topic", ["read", "describe_configs"]),
    "write": ("topic", ["write"]),
    "groups": ("group", ["read"]),
    "transactions": ("transactional_id", ["write"]),
}


def kafka_acls(users):
    """Turn what users may do into the access rules of gti.lakehouse.kafka_acl.

    :param users: list of dicts ``name``, and lists ``read`` and ``write`` of topics, ``groups`` of consumer groups and
        ``transactions`` of transactional ids; a name that ends in ``*`` stands for all that begin so.
    :returns: list of the module's entries.
    :raises AnsibleFilterError: a star stands within a name, where Kafka would take it literally.
    """
    return [
        {"principal": "User:" + user["name"], "resource": resource, "operations": operations, **_pattern(user["name"], name)}
        for user in users
        for grant, (resource, operations) in GRANTS.items()
        for name in user.get(grant) or []
    ]


def _pattern(user, name):
    if name == "*":
        return {"name": "*", "pattern": "literal"}
    if "*" in name[:-1]:
        raise AnsibleFilterError("kafka_acls: %s of %s: a star may only be the last letter" % (name, user))
    if name.endswith("*"):
        return {"name": name[:-1], "pattern": "prefixed"}
    return {"name": name, "pattern": "literal"}


def kafka_topics(topics):
    """Keep of topics what gti.lakehouse.kafka_topic takes; a topic without settings is to have none of its own.

    :param topics: list of dicts as of that module, which may say more of a topic, such as its ``schema``.
    """
    keys = ("name", "partitions", "replication_factor", "state")
    return [{**{key: topic[key] for key in keys if key in topic}, "config": topic.get("config") or {}} for topic in topics]


def kafka_topic_collisions(topics):
    """Say which topics of a table differ by dots and underscores alone.

    :param topics: list of dicts as of gti.lakehouse.kafka_topic; absent ones do not count.
    :returns: list of texts, each of which names the topics of one collision.
    """
    return colliding(topic["name"] for topic in topics if is_present(topic))


class FilterModule:
    """Filters that turn the site's table of users and topics into what the modules take."""

    def filters(self):
        return {"kafka_acls": kafka_acls, "kafka_topics": kafka_topics, "kafka_topic_collisions": kafka_topic_collisions}
