#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_policy
short_description: Manage the policies of a MinIO server
version_added: 0.1.0
description:
  - Creates, changes and removes the policies that users and groups of MinIO are given.
  - A policy is written only when it means something else than the one on the server. The order of statements,
    actions and resources, a lone value in place of a list of one, and doubles mean nothing; wildcards count as written.
  - A document with a fault that the server would take, or would answer with a riddle, is refused before anything is sent.
    Such faults are actions that MinIO does not know, an action on objects where only the bucket is named, an action
    on the bucket where only its objects are named, and the bare action V(*), for which MinIO heeds no resource.
author:
  - The gti.lakehouse authors (@gti)
options:
  name:
    description:
      - Name of the policy.
      - The policies that MinIO brings along (V(consoleAdmin), V(diagnostics), V(readonly), V(readwrite), V(writeonly))
        are left alone, so they are refused here.
    type: str
    required: true
  document:
    description:
      - The policy document, as a dictionary or as JSON. Required when O(state=present).
    type: dict
  state:
    description:
      - Whether the policy is there.
      - A policy that users or groups still hold is not removed.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - gti.lakehouse.minio
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_minio
seealso:
  - module: gti.lakehouse.minio_user
  - module: gti.lakehouse.minio_bucket
  - module: gti.lakehouse.minio_info
"""

EXAMPLES = r"""
- name: Let reports be read
  gti.lakehouse.minio_policy:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    name: report-reader
    document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: [s3:ListBucket, s3:GetBucketLocation]
          Resource: arn:aws:s3:::reports
        - Effect: Allow
          Action: s3:GetObject
          Resource: arn:aws:s3:::reports/*
  delegate_to: localhost

- name: Remove a policy that nobody holds any more
  gti.lakehouse.minio_policy:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    name: report-reader
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
document:
  description: The policy as it is now, or would be, in the module's own order. V(none) when there is none.
  returned: success
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - Effect: Allow
        Action: [s3:GetObject]
        Resource: ["arn:aws:s3:::reports/*"]
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import policy as policies
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import (
    ERRORS,
    Refused,
    create_module,
    error_code,
    run,
)


def current_document(connection, name):
    try:
        answer = json.loads(connection.admin.policy_info(name))
    except ERRORS as error:
        if error_code(error) == "XMinioAdminNoSuchPolicy":
            return None
        raise
    return policies.canonical(answer)


def holders(connection, name):
    """Who holds the policy, as words for a message."""
    answer = json.loads(connection.admin.get_policy_entities([], [], [name]))
    found = []
    for mapping in answer.get("policyMappings") or []:
        found += [f"user {user}" for user in mapping.get("users") or []]
        found += [f"group {group}" for group in mapping.get("groups") or []]
    return sorted(found)


def wanted_document(params):
    """The canonical document that is asked for, None for absence; refuses what must not be sent."""
    name = params["name"]
    if name in policies.CANNED:
        raise Refused(f"policy {name!r} comes with MinIO and is left alone: choose another name")
    if params["state"] == "absent":
        return None
    found = policies.problems(params["document"])
    if found:
        raise Refused(f"the document of policy {name!r} is refused: " + "; ".join(found))
    return policies.canonical(params["document"])


def manage(module, connection):
    name = module.params["name"]
    wanted = wanted_document(module.params)
    current = current_document(connection, name)
    result = {"changed": current != wanted, "document": wanted}
    if not result["changed"]:
        return result

    result["diff"] = {"before_header": name, "after_header": name, "before": current or {}, "after": wanted or {}}
    if wanted is None:
        in_use = holders(connection, name)
        if in_use:
            raise Refused(f"policy {name!r} is still held by {', '.join(in_use)}: detach it first")
    if not module.check_mode:
        if wanted is None:
            connection.admin.policy_remove(name)
        else:
            connection.admin.policy_add(name, policy=wanted)
    return result


def main():
    module = create_module(
        argument_spec={
            "name": {"type": "str", "required": True},
            "document": {"type": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["document"])],
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
