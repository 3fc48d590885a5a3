#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: superset_role
short_description: Manage the roles of a Superset server
version_added: 0.3.0
description:
  - Creates a role and keeps its permissions, all of them; one that somebody added by hand goes.
options:
  name:
    description:
      - Name of the role. One of Superset's own, such as C(Gamma), would be made anew at each upgrade, so leave those alone.
    type: str
    required: true
  like:
    description:
      - Roles whose permissions it has, too.
    type: list
    elements: str
    default: []
  permissions:
    description:
      - Permissions beside those, such as V(can_read on Chart), V(schema_access on [Lakehouse].[gold]) or
        V(all_database_access on all_database_access). One that Superset does not know yet is made, since what it
        is about may come later.
    type: list
    elements: str
    default: []
  without:
    description:
      - Permissions of O(like) that it has not.
    type: list
    elements: str
    default: []
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_superset
"""

EXAMPLES = r"""
- name: Have a role that makes charts of one schema
  gti.lakehouse.superset_role:
    url: https://superset.example.org:8088
    username: admin
    password: "{{ superset_admin_password }}"
    name: Data Analyst
    like: [Gamma, sql_lab]
    permissions: ["schema_access on [Lakehouse].[gold]"]
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The permissions that are there and should not be, and the other way round.
  returned: when something changes
  type: dict
  sample: {after: {permissions: [can_read on Chart]}, after_header: BI Viewer, before: {permissions: []}, before_header: BI Viewer}
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.superset import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, changed


def held_by(connection, role):
    return {plans.permission_of(answer) for answer in connection.get("/security/roles/%d/permissions/" % role["id"])["result"]}


class Permissions:
    """Those that the server knows, by name."""

    def __init__(self, connection):
        self.connection = connection
        self.ids = {plans.permission_of(item): item["id"] for item in connection.get_all("/security/permissions-resources/")}

    def id_of(self, text):
        if text not in self.ids:
            action, subject = plans.permission(text)
            actions = plans.by_name(self.connection.get_all("/security/permissions/"))
            if action not in actions:
                raise Refused("permission %r: Superset has no %r" % (text, action))
            subjects = plans.by_name(self.connection.get_all("/security/resources/"))
            if subject not in subjects:
                subjects[subject] = self.connection.call("POST", "/security/resources/", {"name": subject})
            body = {"permission_id": actions[action]["id"], "view_menu_id": subjects[subject]["id"]}
            self.ids[text] = self.connection.call("POST", "/security/permissions-resources/", body)["id"]
        return self.ids[text]


def manage(module, connection):
    params = module.params
    name = params["name"]
    roles = plans.by_name(connection.get_all("/security/roles/"))
    missing = sorted(set(params["like"]) - set(roles))
    if missing:
        raise Refused("like: roles do not exist: %s" % ", ".join(missing))
    try:
        wanted = {" on ".join(plans.permission(text)) for text in params["permissions"]}
    except ValueError as error:
        raise Refused(str(error)) from error
    for like in params["like"]:
        wanted |= held_by(connection, roles[like]) - set(params["without"])
    held = held_by(connection, roles[name]) if name in roles else set()

    # What is the same on both sides says nothing.
    before = {"permissions": sorted(held - wanted)} if name in roles else None
    after = {"permissions": sorted(wanted - held)}
    if not module.check_mode and (name not in roles or held != wanted):
        permissions = Permissions(connection)
        ids = [permissions.id_of(text) for text in sorted(wanted)]
        if name not in roles:
            roles[name] = connection.call("POST", "/security/roles/", {"name": name})
        connection.call("POST", "/security/roles/%d/permissions" % roles[name]["id"], {"permission_view_menu_ids": ids})
    return dict(changed(name, before, after), permissions=sorted(wanted))


def main():
    run(
        manage,
        name={"type": "str", "required": True},
        like={"type": "list", "elements": "str", "default": []},
        permissions={"type": "list", "elements": "str", "default": []},
        without={"type": "list", "elements": "str", "default": []},
    )


if __name__ == "__main__":
    main()
