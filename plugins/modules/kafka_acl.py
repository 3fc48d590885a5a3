#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_acl
short_description: Manage the access rules of a Kafka cluster
version_added: 0.1.0
description:
  - Creates and removes rules about who may do what, all of a list at once.
  - An entry of the list stands for one rule for each of its operations and hosts.
author:
  - The gti.lakehouse authors (@gti)
options:
  acls:
    description:
      - The rules.
    type: list
    elements: dict
    required: true
    suboptions:
      principal:
        description:
          - Whom the rule is about, such as V(User:shop).
        type: str
        required: true
      resource:
        description:
          - Kind of what it is about.
        type: str
        choices: [topic, group, cluster, transactional_id]
        required: true
      name:
        description:
          - Name of what it is about; V(*) for all of the kind. Left out for O(acls[].resource=cluster).
        type: str
      pattern:
        description:
          - Whether the name is meant as it is, or every name that begins with it.
        type: str
        choices: [literal, prefixed]
        default: literal
      operations:
        description:
          - What is allowed or denied. V(describe) comes along with V(read), V(write), V(delete) and V(alter) by itself.
        type: list
        elements: str
        choices: [all, alter, alter_configs, cluster_action, create, delete, describe, describe_configs, idempotent_write, read, write]
        required: true
      permission:
        description:
          - Whether that is allowed or denied. What is denied outranks what is allowed.
        type: str
        choices: [allow, deny]
        default: allow
      hosts:
        description:
          - Addresses from which the rule holds; V(*) for all.
        type: list
        elements: str
        default: ["*"]
      state:
        description:
          - Whether the rule is there.
        type: str
        choices: [present, absent]
        default: present
  exclusive:
    description:
      - Whether the list holds all rules of the cluster, so that any other is removed.
    type: bool
    default: false
extends_documentation_fragment:
  - gti.lakehouse.kafka
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_kafka
seealso:
  - module: gti.lakehouse.kafka_user
  - module: gti.lakehouse.kafka_topic
  - module: gti.lakehouse.kafka_info
"""

EXAMPLES = r"""
- name: Let the report builder read what the shop writes, and nobody do anything else
  gti.lakehouse.kafka_acl:
    bootstrap_servers: [kafka.example.org:9093]
    login_user: admin
    login_password: "{{ kafka_admin_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    exclusive: true
    acls:
      - {principal: "User:shop", resource: topic, name: shop., pattern: prefixed, operations: [write]}
      - {principal: "User:report-builder", resource: topic, name: shop., pattern: prefixed, operations: [read]}
      - {principal: "User:report-builder", resource: group, name: report-, pattern: prefixed, operations: [read]}
  delegate_to: localhost
"""

RETURN = r"""
created:
  description: The rules that were, or would be, created, a line each.
  returned: success
  type: list
  elements: str
  sample: ["User:shop allow write topic prefix shop."]
removed:
  description: The rules that were, or would be, removed, a line each.
  returned: success
  type: list
  elements: str
  sample: []
code:
  description: Name that Kafka gives to the error.
  returned: when the cluster refuses
  type: str
  sample: SECURITY_DISABLED
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import acl_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.client import Refused, create_module, run
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.state import acl_binding, acl_filter, acls_of


def apply(connection, steps):
    # What is new first, so that nobody loses what an old rule and a new one both allow.
    if steps.create:
        connection.wait(connection.admin.create_acls([acl_binding(rule) for rule in steps.create], request_timeout=connection.timeout))
    if steps.remove:
        connection.wait(connection.admin.delete_acls([acl_filter(rule) for rule in steps.remove], request_timeout=connection.timeout))


def manage(module, connection):
    params = module.params
    try:
        plans.check_options(params["acls"])
    except plans.Invalid as error:
        raise Refused(str(error)) from error
    current = acls_of(connection)
    steps = plans.plan(current, params["acls"], params["exclusive"])
    if not module.check_mode:
        apply(connection, steps)

    created = [plans.describe(rule) for rule in steps.create]
    removed = [plans.describe(rule) for rule in steps.remove]
    result = {"changed": bool(created or removed), "created": created, "removed": removed}
    if result["changed"]:
        result["diff"] = {"before": "".join(line + "\n" for line in removed), "after": "".join(line + "\n" for line in created)}
    return result


def main():
    module = create_module(
        argument_spec={
            "acls": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "principal": {"type": "str", "required": True},
                    "resource": {"type": "str", "choices": list(plans.OPERATIONS), "required": True},
                    "name": {"type": "str"},
                    "pattern": {"type": "str", "choices": ["literal", "prefixed"], "default": "literal"},
                    "operations": {
                        "type": "list",
                        "elements": "str",
                        "choices": sorted({operation for some in plans.OPERATIONS.values() for operation in some}),
                        "required": True,
                    },
                    "permission": {"type": "str", "choices": ["allow", "deny"], "default": "allow"},
                    "hosts": {"type": "list", "elements": "str", "default": ["*"]},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
            },
            "exclusive": {"type": "bool", "default": False},
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
