#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_info
short_description: Read what is in a Kafka cluster
version_added: 0.1.0
description:
  - Reads the cluster's brokers, and if asked its topics, its users, its access rules, and how far consumer groups are behind.
author:
  - The gti.lakehouse authors (@gti)
options:
  gather:
    description:
      - What to read beside the cluster itself.
    type: list
    elements: str
    choices: [topics, users, acls, lags]
    default: []
extends_documentation_fragment:
  - gti.lakehouse.kafka
  - gti.lakehouse.attributes.info_module
  - gti.lakehouse.attributes.actiongroup_kafka
seealso:
  - module: gti.lakehouse.kafka_topic
  - module: gti.lakehouse.kafka_user
  - module: gti.lakehouse.kafka_acl
"""

EXAMPLES = r"""
- name: See who is behind
  gti.lakehouse.kafka_info:
    bootstrap_servers: [kafka.example.org:9093]
    login_user: admin
    login_password: "{{ kafka_admin_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    gather: [lags]
  delegate_to: localhost
  register: kafka
"""

RETURN = r"""
cluster:
  description: The cluster itself.
  returned: success
  type: dict
  contains:
    id:
      description: Its identifier.
      type: str
      sample: MDEyMzQ1Njc4OWFiY2RlZg
    brokers:
      description: Advertised address of each broker that is there, by its number.
      type: dict
      sample: {"1": "kafka.example.org:9093"}
    under_replicated:
      description: Partitions that lack a copy or a leader.
      type: list
      elements: str
      sample: [shop.orders-2]
topics:
  description: Partitions, replicas and own settings of each topic, but Kafka's internal ones.
  returned: when O(gather) has V(topics)
  type: dict
  sample:
    shop.orders: {partitions: 6, replication_factor: 3, config: {retention.ms: "604800000"}}
users:
  description: Users that sign in by SCRAM-SHA-512, and how often their password is hashed.
  returned: when O(gather) has V(users)
  type: dict
  sample: {shop: 4096}
acls:
  description: The access rules, a line each.
  returned: when O(gather) has V(acls)
  type: list
  elements: str
  sample: ["User:shop allow write topic prefix shop."]
lags:
  description: How far each consumer group is behind in each partition to which it has committed.
  returned: when O(gather) has V(lags)
  type: list
  elements: dict
  sample:
    - {group: report-daily, state: stable, topic: shop.orders, partition: 0, committed: 90, end: 100, lag: 10}
code:
  description: Name that Kafka gives to the error; V(SASL_AUTHENTICATION_FAILED) when the password does not work.
  returned: when the cluster refuses
  type: str
  sample: CLUSTER_AUTHORIZATION_FAILED
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import state as kafka_state
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.acl_plan import describe
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.client import create_module, run


def read(connection, gather):
    result = {
        "changed": False,
        "cluster": {
            "id": connection.cluster.cluster_id,
            "brokers": {str(node.id): f"{node.host}:{node.port}" for node in connection.cluster.nodes},
            "under_replicated": kafka_state.under_replicated(connection),
        },
    }
    if "topics" in gather:
        result["topics"] = kafka_state.topics_of(connection)
    if "users" in gather:
        result["users"] = kafka_state.users_of(connection)
    if "acls" in gather:
        result["acls"] = sorted(describe(rule) for rule in kafka_state.acls_of(connection))
    if "lags" in gather:
        result["lags"] = kafka_state.lags_of(connection)
    return result


def main():
    module = create_module(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": ["topics", "users", "acls", "lags"], "default": []},
        },
    )
    run(module, lambda connection: read(connection, module.params["gather"]))


if __name__ == "__main__":
    main()
