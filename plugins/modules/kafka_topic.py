#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_topic
short_description: Manage the topics of a Kafka cluster
version_added: 0.1.0
description:
  - Creates, changes and removes topics, all of a list at once. Topics that are not in the list are left alone.
  - Everything is checked before anything is done, first here and then by the cluster itself, so that either all of the
    changes are possible or none is begun. That holds in check mode too.
author:
  - The gti.lakehouse authors (@gti)
options:
  topics:
    description:
      - The topics.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the topic. One that differs from another topic's by dots and underscores alone is refused, as their
            metrics would be the same.
        type: str
        required: true
      partitions:
        description:
          - Number of partitions. It may grow; it can never shrink, which is refused. Without the option an existing topic
            is left alone, and a new one has the brokers' default.
          - Growing sends new records of a key to another partition than the old ones.
        type: int
      replication_factor:
        description:
          - Copies of each partition. It is set when the topic is made; another number than an existing topic has is
            refused, as copies are moved by other means. Without the option a new topic has the brokers' default.
        type: int
      config:
        description:
          - Settings of the topic's own, exactly these. One that is no more in here returns to the brokers' default. A
            setting that Kafka does not know is refused. Without the option they are left alone.
        type: dict
      state:
        description:
          - Whether the topic is there. A topic is removed with all that is in it.
        type: str
        choices: [present, absent]
        default: present
extends_documentation_fragment:
  - gti.lakehouse.kafka
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_kafka
seealso:
  - module: gti.lakehouse.kafka_user
  - module: gti.lakehouse.kafka_acl
  - module: gti.lakehouse.kafka_info
"""

EXAMPLES = r"""
- name: Make the topics of the shop
  gti.lakehouse.kafka_topic:
    bootstrap_servers: [kafka.example.org:9093]
    login_user: admin
    login_password: "{{ kafka_admin_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    topics:
      - name: shop.orders
        partitions: 6
        config:
          retention.ms: "{{ 7 * 24 * 3600 * 1000 }}"
      - name: shop.customers
        config:
          cleanup.policy: compact
      - name: shop.trial
        state: absent
  delegate_to: localhost
"""

RETURN = r"""
topics:
  description: Each topic of the list as it is now, or would be, by its name. V(none) where there is no such topic.
  returned: success
  type: dict
  sample:
    shop.orders:
      partitions: 6
      replication_factor: 3
      config:
        retention.ms: "604800000"
    shop.trial: null
code:
  description: Name that Kafka gives to the error.
  returned: when the cluster refuses
  type: str
  sample: INVALID_CONFIG
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import topic_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.client import Refused, create_module, run
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.state import names_of_topics, topics_of

try:
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, ResourceType
except ImportError:
    pass  # create_module says so


def new_topic(topic, steps):
    return NewTopic(
        topic["name"],
        num_partitions=steps.partitions or -1,
        replication_factor=topic.get("replication_factor") or -1,
        config=steps.set_config,
    )


def config_change(steps):
    operations = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in steps.set_config.items()
    ] + [ConfigEntry(key, None, incremental_operation=AlterConfigOpType.DELETE) for key in steps.unset_config]
    return ConfigResource(ResourceType.TOPIC, steps.name, incremental_configs=operations)


def apply(connection, topics, all_steps, validate_only):
    """Send the plans, or let the cluster say whether it would take them."""
    by_name = {topic["name"]: topic for topic in topics}
    admin = connection.admin
    create = [new_topic(by_name[steps.name], steps) for steps in all_steps if steps.create]
    grow = [NewPartitions(steps.name, steps.partitions) for steps in all_steps if not steps.create and steps.partitions]
    alter = [config_change(steps) for steps in all_steps if not steps.create and (steps.set_config or steps.unset_config)]
    delete = [steps.name for steps in all_steps if steps.delete]
    times = {"request_timeout": connection.timeout, "operation_timeout": connection.timeout}
    if create:
        connection.wait(admin.create_topics(create, validate_only=validate_only, **times))
    if grow:
        connection.wait(admin.create_partitions(grow, validate_only=validate_only, **times))
    if alter:
        connection.wait(admin.incremental_alter_configs(alter, validate_only=validate_only, request_timeout=connection.timeout))
    if delete and not validate_only:
        connection.wait(admin.delete_topics(delete, **times))


def manage(module, connection):
    topics = [plans.wanted(topic) for topic in module.params["topics"]]
    try:
        plans.check_options(topics)
        current = topics_of(connection, [topic["name"] for topic in topics])
        all_steps = plans.plan_all(current, topics, names_of_topics(connection))
    except plans.Invalid as error:
        raise Refused(str(error)) from error

    apply(connection, topics, all_steps, validate_only=True)
    if not module.check_mode:
        apply(connection, topics, all_steps, validate_only=False)

    after = {topic["name"]: plans.result_of(current.get(topic["name"]), topic, steps) for topic, steps in zip(topics, all_steps)}
    before = {name: current.get(name) for name in after}
    result = {"changed": after != before, "topics": after}
    if after != before:
        changed = [name for name in after if after[name] != before[name]]
        result["diff"] = {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}
    return result


def main():
    module = create_module(
        argument_spec={
            "topics": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "partitions": {"type": "int"},
                    "replication_factor": {"type": "int"},
                    "config": {"type": "dict"},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
            },
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
