# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is in a Kafka cluster, read through a connection, in the shapes that the plans compare."""

from __future__ import annotations

from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.acl_plan import Rule
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.user_plan import REMOVED_ITERATIONS

try:
    from confluent_kafka import OFFSET_INVALID, ConsumerGroupTopicPartitions, IsolationLevel, TopicPartition
    from confluent_kafka.admin import (
        AclBinding,
        AclBindingFilter,
        AclOperation,
        AclPermissionType,
        ConfigResource,
        ConfigSource,
        OffsetSpec,
        ResourcePatternType,
        ResourceType,
        ScramMechanism,
    )
except ImportError:
    pass  # kafka_client.create_module says so


def names_of_topics(connection):
    """Names of all topics, Kafka's internal ones too."""
    return sorted(connection.admin.list_topics(timeout=connection.timeout).topics)


def topics_of(connection, names=None):
    """Partitions, replicas and own settings of topics; of all but Kafka's internal ones when no names are given."""
    metadata = connection.admin.list_topics(timeout=connection.timeout).topics
    if names is None:
        names = [name for name in metadata if not name.startswith("__")]
    found = [name for name in names if name in metadata]
    if not found:
        return {}
    described = connection.wait(
        connection.admin.describe_configs(
            [ConfigResource(ResourceType.TOPIC, name) for name in found], request_timeout=connection.timeout
        )
    )
    topics = {}
    for resource, entries in described.items():
        partitions = metadata[resource.name].partitions
        topics[resource.name] = {
            "partitions": len(partitions),
            "replication_factor": max(len(partition.replicas) for partition in partitions.values()),
            "config": {
                entry.name: entry.value
                for entry in entries.values()
                if ConfigSource(entry.source) is ConfigSource.DYNAMIC_TOPIC_CONFIG
            },
        }
    return topics


def users_of(connection):
    """Users that sign in by SCRAM-SHA-512, with their iterations; removed ones are not among them."""
    connection.insist_on_sight()
    described = connection.admin.describe_user_scram_credentials(request_timeout=connection.timeout).result(connection.timeout)
    users = {}
    for name, description in described.items():
        for info in description.scram_credential_infos:
            if info.mechanism is ScramMechanism.SCRAM_SHA_512 and info.iterations != REMOVED_ITERATIONS:
                users[name] = info.iterations
    return users


# The library's word for the cluster is that of the brokers.
def _resource(name):
    return ResourceType.BROKER if name == "cluster" else ResourceType[name.upper()]


def _resource_name(resource):
    return "cluster" if resource is ResourceType.BROKER else resource.name.lower()


def acl_binding(rule):
    return AclBinding(*_acl(rule))


def acl_filter(rule):
    """A filter that finds this rule alone."""
    return AclBindingFilter(*_acl(rule))


def _acl(rule):
    return (
        _resource(rule.resource),
        rule.name,
        ResourcePatternType[rule.pattern.upper()],
        rule.principal,
        rule.host,
        AclOperation[rule.operation.upper()],
        AclPermissionType[rule.permission.upper()],
    )


def acls_of(connection):
    """All rules of the cluster, but those about kinds of things that the library has no word for."""
    connection.insist_on_sight()
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    bindings = connection.admin.describe_acls(everything, request_timeout=connection.timeout).result(connection.timeout)
    return {
        Rule(
            binding.principal,
            binding.permission_type.name.lower(),
            binding.operation.name.lower(),
            _resource_name(binding.restype),
            binding.resource_pattern_type.name.lower(),
            binding.name,
            binding.host,
        )
        for binding in bindings
        if binding.restype is not ResourceType.UNKNOWN
    }


def under_replicated(connection):
    """Partitions that lack a copy, or a leader, as C(topic-number)."""
    return sorted(
        f"{topic.topic}-{partition.id}"
        for topic in connection.admin.list_topics(timeout=connection.timeout).topics.values()
        for partition in topic.partitions.values()
        if partition.leader < 0 or len(partition.isrs) < len(partition.replicas)
    )


def lags_of(connection):
    """How far each consumer group is behind: a list, one entry for each partition that it has committed to."""
    admin, timeout = connection.admin, connection.timeout
    listed = admin.list_consumer_groups(request_timeout=timeout).result(timeout)
    if listed.errors:
        raise listed.errors[0]
    committed = {}
    for group in listed.valid:
        request = [ConsumerGroupTopicPartitions(group.group_id)]
        answer = connection.wait(admin.list_consumer_group_offsets(request, request_timeout=timeout))[group.group_id]
        for place in answer.topic_partitions:
            if place.offset != OFFSET_INVALID:
                committed[group, place.topic, place.partition] = place.offset
    places = {(topic, partition) for group, topic, partition in committed}
    if not places:
        return []
    asked = {TopicPartition(*place): OffsetSpec.latest() for place in places}
    # Records of a transaction that is still open wait for their producer, not for a group.
    answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=timeout)
    ends = {(place.topic, place.partition): end.offset for place, end in connection.wait(answers).items()}
    return [
        {
            "group": group.group_id,
            "state": group.state.name.lower(),
            "topic": topic,
            "partition": partition,
            "committed": offset,
            "end": ends[topic, partition],
            "lag": max(ends[topic, partition] - offset, 0),
        }
        for (group, topic, partition), offset in sorted(committed.items(), key=lambda item: (item[0][0].group_id, *item[0][1:]))
    ]
