#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_user
short_description: Manage the users of a MinIO server
version_added: 0.1.0
description:
  - Creates, changes and removes users, with their secret, their policies and whether they may sign in.
  - The server never shows a secret. The module finds out whether the one given is right by signing in with it, and
    writes it only when that is refused.
author:
  - The gti.lakehouse authors (@gti)
options:
  name:
    description:
      - Name of the user, which is its access key.
    type: str
    required: true
  secret:
    description:
      - Secret of the user, which is its secret key. Required for a user that is not there yet.
      - The secret of a disabled user cannot be tried, so it is left as it is until the user is enabled.
    type: str
  policies:
    description:
      - Policies that the user holds itself, exactly these. An empty list takes all away; without the option they are
        left alone. Those that come by way of groups are not meant.
    type: list
    elements: str
  groups:
    description:
      - Groups that the user is in, exactly these, since it may do what they may. An empty list takes it out of all; without the option they are
        left alone. One that is not there is made, without any right.
    type: list
    elements: str
    version_added: 0.3.0
  enabled:
    description:
      - Whether the user may sign in. Without the option an existing user is left alone; new ones are enabled.
    type: bool
  state:
    description:
      - Whether the user is there.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - gti.lakehouse.minio
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_minio
attributes:
  check_mode:
    details:
      - Policies that are not there yet are only warned about in check mode, since an earlier task may create them.
seealso:
  - module: gti.lakehouse.minio_policy
  - module: gti.lakehouse.minio_bucket
  - module: gti.lakehouse.minio_info
"""

EXAMPLES = r"""
- name: Give the report builder its account
  gti.lakehouse.minio_user:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    name: report-builder
    secret: "{{ report_builder_secret }}"
    policies: [report-reader, report-writer]
  delegate_to: localhost

- name: Lock an account out without losing it
  gti.lakehouse.minio_user:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    name: report-builder
    enabled: false
  delegate_to: localhost
"""

RETURN = r"""
user:
  description: State of the user as it is now, or would be. V(none) when there is none.
  returned: success
  type: dict
  sample:
    enabled: true
    policies: [report-reader, report-writer]
    groups: []
secret_changed:
  description: Whether the secret given did not work and was, or would be, written.
  returned: success
  type: bool
  sample: false
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import user_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import (
    ERRORS,
    Refused,
    create_module,
    error_code,
    run,
)


def current_state(connection, name):
    try:
        return plans.state_of(json.loads(connection.admin.user_info(name)))
    except ERRORS as error:
        if error_code(error) == "XMinioAdminNoSuchUser":
            return None
        raise


def check_policies(module, connection, names):
    """Policies that do not exist are refused before anything is changed."""
    if not names:
        return
    missing = sorted(set(names) - set(json.loads(connection.admin.policy_list())))
    if not missing:
        return
    message = f"user {module.params['name']!r} cannot be given policies that do not exist: {', '.join(missing)}"
    if not module.check_mode:
        raise Refused(message)
    module.warn(message)


def secret_is_wrong(connection, params, current, steps):
    """Try the secret of a user that exists; None when it cannot be tried, as the user is disabled."""
    if steps.create or params["secret"] is None:
        return steps.create
    if not current["enabled"]:
        return None
    return not connection.secret_works(params["name"], params["secret"])


def ensure_present(module, connection, current):
    params = module.params
    name = params["name"]
    steps = plans.plan(current, params)
    check_policies(module, connection, steps.attach)

    # A user that is to be enabled is enabled first, or its secret could not be tried. In check mode that is not done,
    # so there the secret counts as right.
    if steps.enable and not module.check_mode:
        connection.admin.user_enable(name)
    enabled_now = dict(current, enabled=True) if steps.enable and not module.check_mode else current
    write_secret = bool(secret_is_wrong(connection, params, enabled_now, steps))
    after = plans.result_of(current, steps)

    changed = write_secret or after != current
    result = {"changed": changed, "user": after, "secret_changed": write_secret}
    if changed:
        before = {"state": "absent"} if current is None else dict(current)
        result["diff"] = {"before_header": name, "after_header": name, "before": before, "after": dict(after)}
        if write_secret and current is not None:
            before["secret"] = "one that is not the secret given"
            result["diff"]["after"]["secret"] = "the secret given"
    if not module.check_mode:
        if write_secret:
            connection.admin.user_add(name, params["secret"])  # leaves the user enabled
        if steps.attach:
            connection.admin.attach_policy(steps.attach, user=name)
        if steps.detach:
            connection.admin.detach_policy(steps.detach, user=name)
        for group in steps.join:
            connection.admin.group_add(group, [name])
        for group in steps.leave:
            connection.admin.group_remove(group, [name])
        if steps.enable is False:
            connection.admin.user_disable(name)
    return result


def ensure_absent(module, connection, current):
    name = module.params["name"]
    result = {"changed": current is not None, "user": None, "secret_changed": False}
    if current is not None:
        result["diff"] = {"before_header": name, "after_header": name, "before": current, "after": {"state": "absent"}}
        if not module.check_mode:
            connection.admin.user_remove(name)
    return result


def manage(module, connection):
    try:
        plans.check_options(module.params)
        current = current_state(connection, module.params["name"])
        if module.params["state"] == "absent":
            return ensure_absent(module, connection, current)
        return ensure_present(module, connection, current)
    except plans.Invalid as error:
        raise Refused(str(error)) from error


def main():
    module = create_module(
        argument_spec={
            "name": {"type": "str", "required": True},
            "secret": {"type": "str", "no_log": True},
            "policies": {"type": "list", "elements": "str"},
            "groups": {"type": "list", "elements": "str"},
            "enabled": {"type": "bool"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
