#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_user
short_description: Manage the users of a Kafka cluster that sign in by SCRAM
version_added: 0.1.0
description:
  - Creates and removes users that sign in by SCRAM-SHA-512, and changes their passwords.
  - The cluster never shows a password. The module finds out whether the one given is right by signing in with it, and
    writes it only when that is refused.
author:
  - The gti.lakehouse authors (@gti)
options:
  users:
    description:
      - The users.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the user. It must not be O(login_user).
        type: str
        required: true
      password:
        description:
          - Password of the user. Required unless O(users[].state=absent).
        type: str
      iterations:
        description:
          - How often the password is hashed, 4096 to 16384, but for 16383, which marks removed users.
          - A long random password needs no more than the least.
        type: int
        default: 4096
      state:
        description:
          - Whether the user is there. The rules about a user that is removed stay; see M(gti.lakehouse.kafka_acl).
        type: str
        choices: [present, absent]
        default: present
  exclusive:
    description:
      - Whether the list names all users, so that any other is removed, except O(login_user).
    type: bool
    default: false
extends_documentation_fragment:
  - gti.lakehouse.kafka
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_kafka
notes:
  - The credential of a user that is removed is not deleted but written over with a random password that is kept nowhere, and hidden from the
    lists of this collection. Kafka, seen with 3.9.0 to 3.9.2, may lose the credentials of B(all) users when it restarts after one was deleted,
    until its first snapshot of the metadata an hour later at most. Tools of Kafka show such a user with 16383 iterations.
  - A connection that a user has open already outlives its password, until it is closed or the broker asks it to sign in anew.
seealso:
  - module: gti.lakehouse.kafka_acl
  - module: gti.lakehouse.kafka_topic
  - module: gti.lakehouse.kafka_info
"""

EXAMPLES = r"""
- name: Let in the shop and the report builder, and nobody else
  gti.lakehouse.kafka_user:
    bootstrap_servers: [kafka.example.org:9093]
    login_user: admin
    login_password: "{{ kafka_admin_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    exclusive: true
    users:
      - name: shop
        password: "{{ kafka_shop_password }}"
      - name: report-builder
        password: "{{ kafka_report_password }}"
  delegate_to: localhost
"""

RETURN = r"""
users:
  description: Names of the cluster's users as they are now, or would be.
  returned: success
  type: list
  elements: str
  sample: [admin, report-builder, shop]
created:
  description: Users that were, or would be, created.
  returned: success
  type: list
  elements: str
  sample: [shop]
password_changed:
  description: Users whose password given did not work and was, or would be, written.
  returned: success
  type: list
  elements: str
  sample: [report-builder]
removed:
  description: Users that were, or would be, removed.
  returned: success
  type: list
  elements: str
  sample: []
code:
  description: Name that Kafka gives to the error.
  returned: when the cluster refuses
  type: str
  sample: CLUSTER_AUTHORIZATION_FAILED
"""

import secrets
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import user_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.client import Refused, create_module, run
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka.state import users_of

try:
    from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
except ImportError:
    pass  # create_module says so


def wrong_passwords(connection, users, names):
    """Those of the users whose password does not work; each signs in on a connection of its own, all at once."""
    if not names:
        return []
    with ThreadPoolExecutor(max_workers=8) as pool:
        works = pool.map(lambda name: connection.password_works(name, users[name]["password"]), names)
        return [name for name, right in zip(names, works) if not right]


def credential(name, iterations, password):
    return UserScramCredentialUpsertion(name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations), password)


def apply(connection, users, write, remove):
    alterations = [credential(name, users[name]["iterations"], users[name]["password"].encode("utf-8")) for name in write]
    alterations += [credential(name, plans.REMOVED_ITERATIONS, secrets.token_bytes(32)) for name in remove]
    if alterations:
        connection.wait(connection.admin.alter_user_scram_credentials(alterations, request_timeout=connection.timeout))


def lines(current, written=()):
    """The users as a diff shows them; of a password it only says whether it is the one given."""
    return {
        name: {"iterations": iterations, "password": "the one given"} if name in written else {"iterations": iterations}
        for name, iterations in sorted(current.items())
    }


def manage(module, connection):
    params = module.params
    try:
        plans.check_options(params)
    except plans.Invalid as error:
        raise Refused(str(error)) from error
    users = {user["name"]: user for user in params["users"]}
    current = users_of(connection)
    steps = plans.plan(current, params)
    write = sorted(steps.write + wrong_passwords(connection, users, steps.try_first))
    if not module.check_mode:
        apply(connection, users, write, steps.remove)

    after = {**current, **{name: users[name]["iterations"] for name in write}}
    after = {name: iterations for name, iterations in after.items() if name not in steps.remove}
    result = {
        "changed": bool(write or steps.remove),
        "users": sorted(after),
        "created": [name for name in write if name not in current],
        "password_changed": [name for name in write if name in current],
        "removed": steps.remove,
    }
    if result["changed"]:
        result["diff"] = {"before": lines(current), "after": lines(after, write)}
    return result


def main():
    module = create_module(
        argument_spec={
            "users": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "password": {"type": "str", "no_log": True},
                    "iterations": {"type": "int", "default": 4096},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
            },
            "exclusive": {"type": "bool", "default": False},
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
