#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: superset_user
short_description: Manage the users of a Superset server
version_added: 0.3.0
description:
  - Creates users and keeps their names, addresses, roles and passwords.
options:
  email:
    description:
      - Address of the user. No two users have the same.
    type: str
    required: true
  first_name:
    description:
      - First name of the person. Shown as the owner of what they make.
    type: str
    required: true
  last_name:
    description:
      - Last name of the person.
    type: str
    required: true
  roles:
    description:
      - Roles that the user has, and no others.
    type: list
    elements: str
    required: true
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.web.user
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_superset
"""

EXAMPLES = r"""
- name: Let a person see the dashboards
  gti.lakehouse.superset_user:
    url: https://superset.example.org:8088
    username: admin
    password: "{{ superset_admin_password }}"
    name: maria
    email: maria@example.org
    first_name: Maria
    last_name: Silva
    roles: [BI Viewer]
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The user before and after, as far as they differ.
  returned: when something changes
  type: dict
  sample: {after: {roles: [BI Viewer]}, after_header: maria, before: {roles: [Gamma]}, before_header: maria}
"""

import secrets

from ansible_collections.gti.lakehouse.plugins.module_utils.superset import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import USER, Refused, changed, password_is_wrong

FIELDS = ("email", "first_name", "last_name", "active")


def user_of(answer):
    return dict(plans.given(answer, *FIELDS), roles=sorted(role["name"] for role in answer["roles"]))


def role_ids(connection, names):
    held = plans.by_name(connection.get_all("/security/roles/"))
    missing = sorted(set(names) - set(held))
    if missing:
        raise Refused("roles do not exist: %s" % ", ".join(missing))
    return [held[name]["id"] for name in names]


def manage(module, connection):
    params = module.params
    name = params["name"]
    wanted = dict(plans.given(params, *FIELDS), roles=sorted(params["roles"]))
    found = plans.by_name(connection.get_all("/security/users/"), "username").get(name)
    current = user_of(found) if found else None
    rewrite = bool(found) and found["active"] and password_is_wrong(connection, params)

    before, after = current, dict(wanted)
    if rewrite:
        before = dict(before, password="another than the one given")
        after["password"] = "the one given"
    if not module.check_mode:
        changes = plans.drift(current or {}, wanted)
        if "roles" in changes:
            changes["roles"] = role_ids(connection, params["roles"])
        if not found:
            password = params["user_password"] or secrets.token_urlsafe(32)
            connection.call("POST", "/security/users/", dict(changes, username=name, password=password))
        elif changes or rewrite:
            if rewrite:
                changes["password"] = params["user_password"]
            connection.call("PUT", "/security/users/%d" % found["id"], changes)
    return dict(changed(name, before, after), user=wanted)


def main():
    run(
        manage,
        email={"type": "str", "required": True},
        first_name={"type": "str", "required": True},
        last_name={"type": "str", "required": True},
        roles={"type": "list", "elements": "str", "required": True},
        **USER,
    )


if __name__ == "__main__":
    main()
