#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_user
short_description: Manage the users of a Gitea server
version_added: 0.2.0
description:
  - Creates and changes users, and keeps the SSH keys that were given for them. Keys and settings that a person added stay as they are.
options:
  email:
    description:
      - Address of the user. Required for a user that is not there yet.
    type: str
  full_name:
    description:
      - Name of the person.
    type: str
  admin:
    description:
      - Whether the user administers the site.
    type: bool
    default: false
  keys:
    description:
      - Public SSH keys, as in C(authorized_keys). They are known by a title of their own, so that one that is given no more is removed.
      - When left out, the user's keys stay as they are.
    type: list
    elements: str
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.web.user
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Give a person an account and their key
  gti.lakehouse.gitea_user:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
    name: maria
    email: maria@example.org
    full_name: Maria Silva
    keys: ["{{ lookup('ansible.builtin.file', 'maria.pub') }}"]
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The account before and after, as far as it differs.
  returned: when something changes
  type: dict
  sample: {after: {full_name: Maria Silva}, after_header: maria, before: {full_name: Maria}, before_header: maria}
"""

import secrets

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import USER, Refused, changed, password_is_wrong


def account(params):
    wanted = plans.given(params, "email", "full_name")
    wanted.update(is_admin=params["admin"], prohibit_login=not params["active"])
    return wanted


def create(connection, params):
    if not params["email"]:
        raise Refused("user %r does not exist yet: it needs an email" % params["name"])
    user = {
        "username": params["name"],
        "email": params["email"],
        "password": params["user_password"] or secrets.token_urlsafe(32),
        "must_change_password": False,
    }
    connection.call("POST", "/admin/users", user)


def edit(connection, params, fields):
    name = params["name"]
    body = {"login_name": name, "source_id": 0}
    body.update(fields)
    if "is_admin" in body:
        body["admin"] = body.pop("is_admin")
    connection.call("PATCH", "/admin/users/%s" % name, body)


def manage(module, connection):
    params = module.params
    name = params["name"]
    current = connection.get("/users/%s" % name)
    held = connection.get_all("/users/%s/keys" % name) or []
    wanted = account(params)
    missing, gone = ([], []) if params["keys"] is None else plans.user_keys(held, params["keys"])
    rewrite = bool(current) and not current.get("prohibit_login") and password_is_wrong(connection, params)

    before = None
    if current:
        before = dict(plans.view(current, wanted))
    after = dict(wanted)
    if params["keys"] is not None:
        after["keys"] = sorted(map(plans.plain_key, params["keys"]))
        if current:
            before["keys"] = sorted(plans.plain_key(key["key"]) for key in held if plans.is_given(key))
    if rewrite:
        before["password"] = "another than the one given"
        after["password"] = "the one given"
    if not module.check_mode:
        if not current:
            create(connection, params)
        changes = plans.drift(current or {}, wanted)
        if rewrite:
            changes.update(password=params["user_password"], must_change_password=False)
        if changes:
            edit(connection, params, changes)
        for key in gone:
            connection.call("DELETE", "/admin/users/%s/keys/%d" % (name, key["id"]))
        for key in missing:
            connection.call("POST", "/admin/users/%s/keys" % name, {"title": plans.title(key), "key": key, "read_only": False})
    return dict(changed(name, before, after), user=after)


def main():
    run(
        manage,
        email={"type": "str"},
        full_name={"type": "str"},
        admin={"type": "bool", "default": False},
        keys={"type": "list", "elements": "str", "no_log": False},
        **USER,
    )


if __name__ == "__main__":
    main()
