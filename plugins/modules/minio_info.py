#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_info
short_description: Look at a MinIO server
version_added: 0.1.0
description:
  - Returns the server's release and drives, its buckets, its policies and its users, in the form in which the
    modules of this collection take them. Never a secret.
author:
  - The gti.lakehouse authors (@gti)
options:
  gather:
    description:
      - What to look at.
    type: list
    elements: str
    choices: [server, buckets, policies, users]
    default: [server, buckets, policies, users]
extends_documentation_fragment:
  - gti.lakehouse.minio
  - gti.lakehouse.attributes.info_module
  - gti.lakehouse.attributes.actiongroup_minio
seealso:
  - module: gti.lakehouse.minio_bucket
  - module: gti.lakehouse.minio_policy
  - module: gti.lakehouse.minio_user
"""

EXAMPLES = r"""
- name: Look at the server
  gti.lakehouse.minio_info:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
  delegate_to: localhost
  register: minio

- name: Insist on versioned buckets
  ansible.builtin.assert:
    that: minio.buckets.values() | map(attribute='versioning') | unique == ['enabled']
"""

RETURN = r"""
server:
  description: The deployment and its nodes.
  returned: when asked for
  type: dict
  sample:
    mode: online
    region: us-east-1
    nodes:
      - endpoint: minio.example.org:9000
        state: online
        version: "2025-09-07T16:13:09Z"
        drives: {ok: 4}
buckets:
  description: State of each bucket by its name, as O(gti.lakehouse.minio_bucket#module:name) knows it.
  returned: when asked for
  type: dict
  sample:
    reports:
      versioning: enabled
      unversioned_prefixes: []
      policy: null
      object_lock: false
      retention: null
      lifecycle: []
      quota: 0
      encryption: null
      tags: {}
policies:
  description: Document of each policy by its name, those that MinIO brings along included.
  returned: when asked for
  type: dict
  sample:
    report-reader:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: [s3:GetObject]
          Resource: ["arn:aws:s3:::reports/*"]
users:
  description: State of each user by its name.
  returned: when asked for
  type: dict
  sample:
    report-builder:
      enabled: true
      policies: [report-reader]
      groups: []
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket as buckets
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket_plan as bucket_plans
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import policy as policies
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import user_plan as user_plans
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import create_module, run


def server(connection):
    answer = json.loads(connection.admin.info())
    nodes = []
    for node in answer.get("servers") or []:
        drives = {}
        for drive in node.get("drives") or []:
            drives[drive.get("state", "unknown")] = drives.get(drive.get("state", "unknown"), 0) + 1
        nodes.append(
            {"endpoint": node.get("endpoint"), "state": node.get("state"), "version": node.get("version"), "drives": drives}
        )
    return {"mode": answer.get("mode"), "region": answer.get("region") or "", "nodes": nodes}


def all_buckets(connection):
    return {bucket.name: buckets.read(connection, bucket.name, bucket_plans.ASPECTS) for bucket in connection.s3.list_buckets()}


def all_policies(connection):
    return {name: policies.canonical(document) for name, document in json.loads(connection.admin.policy_list()).items()}


def all_users(connection):
    return {name: user_plans.state_of(answer) for name, answer in json.loads(connection.admin.user_list()).items()}


GATHER = {"server": server, "buckets": all_buckets, "policies": all_policies, "users": all_users}


def main():
    module = create_module(
        argument_spec={
            "gather": {"type": "list", "elements": "str", "choices": list(GATHER), "default": list(GATHER)},
        },
    )
    run(module, lambda connection: dict({what: GATHER[what](connection) for what in module.params["gather"]}, changed=False))


if __name__ == "__main__":
    main()
