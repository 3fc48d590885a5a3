#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_bucket
short_description: Manage the buckets of a MinIO server
version_added: 0.1.0
description:
  - Creates, configures and removes buckets, with their versioning, object lock, lifecycle, quota, encryption and tags.
  - What an option is not given for is left alone on a bucket that is there, and as MinIO makes it on a new one.
  - Data is never deleted unless O(force=true).
author:
  - The gti.lakehouse authors (@gti)
options:
  name:
    description:
      - Name of the bucket.
    type: str
    required: true
  state:
    description:
      - Whether the bucket is there.
      - With V(absent), a bucket that still holds anything, old versions included, is refused unless O(force=true).
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - With O(state=absent), first delete each version of each object, even where a retention in governance mode
        protects it. There is no way back.
    type: bool
    default: false
  versioning:
    description:
      - Whether old versions of objects are kept. A bucket that was versioned once can be suspended but never again be
        as if it had not been.
    type: str
    choices: [enabled, suspended]
  unversioned_prefixes:
    description:
      - Folders of a versioned bucket in which no old versions are kept, exactly these. What is overwritten or deleted there is gone.
      - Each ends in a slash. MinIO takes 10 at most, and none in a bucket with object lock.
      - Without the option a bucket for which O(versioning) is given has none.
      - Versions from before stay until a rule of O(lifecycle) takes them.
    type: list
    elements: str
  object_lock:
    description:
      - Whether objects can be protected from deletion. This is settled when the bucket is made, and switches
        versioning on. For a bucket that is there and differs, the module fails.
    type: bool
  retention:
    description:
      - How long new objects are protected, in a bucket with object lock.
    type: dict
    suboptions:
      mode:
        description:
          - V(governance) can be lifted by an account with the right to, V(compliance) by nobody, V(none) takes the
            retention of new objects away.
        type: str
        choices: [none, governance, compliance]
        required: true
      days:
        description: Length in days.
        type: int
      years:
        description: Length in years.
        type: int
  private:
    description:
      - With V(true), nobody but accounts with a policy of their own gets at the bucket. A policy of the bucket itself, which may let strangers in, is
        removed. Otherwise it is left alone.
    type: bool
    default: false
    version_added: 0.3.0
  lifecycle:
    description:
      - Rules by which objects go, exactly these. An empty list removes all rules.
      - Rules on the server are compared with all that they hold; what this module has no option for is shown as C(other), and goes.
      - Uploads in parts that were never completed need no rule. MinIO drops them after its own setting
        C(api stale_uploads_expiry), 24 hours by default, and silently ignores rules about them.
    type: list
    elements: dict
    suboptions:
      id:
        description: Name of the rule.
        type: str
        required: true
      prefix:
        description: Only objects whose name starts so; empty for all.
        type: str
        default: ''
      tags:
        description: Only objects with these tags.
        type: dict
        default: {}
      enabled:
        description: Whether the rule is applied.
        type: bool
        default: true
      expiration_days:
        description: Days after which the current version expires.
        type: int
      expired_delete_markers:
        description: Remove a delete marker when no version is left behind it.
        type: bool
        default: false
      noncurrent_days:
        description: Days after which a version that is no longer current is deleted.
        type: int
      noncurrent_keep:
        description: How many versions that are no longer current are kept however old.
        type: int
  quota:
    description:
      - The most that the bucket may hold, such as V(500GiB); units are powers of 1024. V(0) for no limit.
    type: str
  encryption:
    description:
      - How objects are encrypted at rest when their writer does not say. Anything but V(none) needs a server with a
        key management service.
    type: str
    choices: [none, sse-s3, sse-kms]
  encryption_key:
    description:
      - Name of the key, with O(encryption=sse-kms).
    type: str
  tags:
    description:
      - Tags of the bucket, exactly these. An empty dictionary removes all.
    type: dict
extends_documentation_fragment:
  - gti.lakehouse.minio
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_minio
seealso:
  - module: gti.lakehouse.minio_policy
  - module: gti.lakehouse.minio_user
  - module: gti.lakehouse.minio_info
"""

EXAMPLES = r"""
- name: Keep reports with their old versions for a week
  gti.lakehouse.minio_bucket:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    name: reports
    versioning: enabled
    unversioned_prefixes: [tmp/]
    lifecycle:
      - id: old-versions
        noncurrent_days: 7
        expired_delete_markers: true
    quota: 200GiB
    tags:
      owner: finance
  delegate_to: localhost

- name: Keep audit records for five years, whatever happens
  gti.lakehouse.minio_bucket:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    name: audit
    object_lock: true
    retention:
      mode: compliance
      years: 5
  delegate_to: localhost

- name: Remove a bucket, which fails unless it is empty
  gti.lakehouse.minio_bucket:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    name: scratch
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
bucket:
  description:
    - State of the bucket as it is now, or would be, in the aspects that options were given for. V(none) when the
      bucket is not there.
  returned: success
  type: dict
  sample:
    versioning: enabled
    unversioned_prefixes: [tmp/]
    lifecycle:
      - id: old-versions
        prefix: ''
        tags: {}
        enabled: true
        expiration_days: null
        expired_delete_markers: true
        noncurrent_days: 7
        noncurrent_keep: null
    quota: 214748364800
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket as buckets
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import Refused, create_module, run


def ensure_present(module, connection):
    params = module.params
    name = params["name"]
    wanted = plans.wanted_state(params)
    # Whether the bucket has object lock decides what else it may become.
    aspects = [aspect for aspect in plans.ASPECTS if aspect in wanted or aspect == "object_lock"]
    current = buckets.read(connection, name, aspects)
    steps = plans.plan(current, wanted)

    result = {"changed": current is None or bool(steps), "bucket": wanted}
    if result["changed"]:
        before = {aspect: current[aspect] for aspect in wanted} if current is not None else {}
        result["diff"] = {"before_header": name, "after_header": name, "before": before, "after": wanted}
        if current is None:
            result["diff"]["after"] = dict(wanted, state="present")
            result["diff"]["before"] = {"state": "absent"}
    if result["changed"] and not module.check_mode:
        if current is None:
            connection.s3.make_bucket(name, location=params["region"], object_lock=bool(wanted.get("object_lock")))
        for aspect in steps:
            buckets.write(connection, name, aspect, wanted[aspect])
    return result


def ensure_absent(module, connection):
    name = module.params["name"]
    if not buckets.exists(connection, name):
        return {"changed": False, "bucket": None}
    empty = buckets.is_empty(connection, name)
    if not empty and not module.params["force"]:
        raise Refused(f"bucket {name!r} still holds objects or old versions of them: empty it first, or delete them all with force=true")
    if not module.check_mode:
        if not empty:
            buckets.remove_contents(connection, name)
        connection.s3.remove_bucket(name)
    return {
        "changed": True,
        "bucket": None,
        "diff": {"before_header": name, "after_header": name, "before": {"state": "present"}, "after": {"state": "absent"}},
    }


def manage(module, connection):
    try:
        plans.check_name(module.params["name"])
        if module.params["state"] == "absent":
            return ensure_absent(module, connection)
        return ensure_present(module, connection)
    except plans.Invalid as error:
        raise Refused(f"bucket {module.params['name']!r}: {error}") from error


def main():
    module = create_module(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "force": {"type": "bool", "default": False},
            "versioning": {"type": "str", "choices": ["enabled", "suspended"]},
            "unversioned_prefixes": {"type": "list", "elements": "str"},
            "object_lock": {"type": "bool"},
            "retention": {
                "type": "dict",
                "options": {
                    "mode": {"type": "str", "choices": ["none", "governance", "compliance"], "required": True},
                    "days": {"type": "int"},
                    "years": {"type": "int"},
                },
            },
            "private": {"type": "bool", "default": False},
            "lifecycle": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "id": {"type": "str", "required": True},
                    "prefix": {"type": "str", "default": ""},
                    "tags": {"type": "dict", "default": {}},
                    "enabled": {"type": "bool", "default": True},
                    "expiration_days": {"type": "int"},
                    "expired_delete_markers": {"type": "bool", "default": False},
                    "noncurrent_days": {"type": "int"},
                    "noncurrent_keep": {"type": "int"},
                },
            },
            "quota": {"type": "str"},
            "encryption": {"type": "str", "choices": ["none", "sse-s3", "sse-kms"]},
            "encryption_key": {"type": "str", "no_log": False},
            "tags": {"type": "dict"},
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
