#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: superset_admin
short_description: Have the first administrator of a Superset server
version_added: 0.3.0
description:
  - Makes the administrator that all other modules of the group sign in as, or gives it this password, where Superset does not let
    it in. Runs on the server itself, since nobody could sign in to do it.
options:
  command:
    description:
      - Program that makes the administrator, told of it by its standard input.
    type: list
    elements: str
    required: true
  environment_vars:
    description:
      - Variables of its environment.
    type: dict
    default: {}
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.web.admin
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_superset
"""

EXAMPLES = r"""
- name: Have the administrator
  gti.lakehouse.superset_admin:
    url: https://localhost:8088
    username: lakehouse-admin
    password: "{{ superset_admin_password }}"
    email: lakehouse-admin@example.org
    command: [/opt/superset/bin/python, /usr/local/lib/superset_setup.py, administrator]
    account: superset
"""

RETURN = r"""
diff:
  description: What was of the administrator, and what is.
  returned: when something changes
  type: dict
  sample: {after: {password: the one given}, before: {password: another than the one given}}
"""

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import ADMIN, Refused


def manage(module, connection):
    if connection.signs_in():
        return {"changed": False}
    params = module.params
    if not module.check_mode:
        wish = json.dumps({"username": params["username"], "password": params["password"], "email": params["email"]})
        argv = ["runuser", "-u", params["account"], "--"] + params["command"]
        rc, dummy, errors = module.run_command(argv, data=wish, cwd="/", environ_update=params["environment_vars"])
        if rc != 0:
            raise Refused("%s ended with %d: %s" % (" ".join(params["command"]), rc, errors.strip()[-1000:]))
        if not connection.signs_in():
            raise Refused("%s refuses the login of %r, although the account was just created" % (params["url"], params["username"]))
    return {"changed": True, "diff": {"before": {"password": "another than the one given, or no such user"}, "after": {"password": "the one given"}}}


def main():
    run(
        manage,
        command={"type": "list", "elements": "str", "required": True},
        environment_vars={"type": "dict", "default": {}},
        **ADMIN,
    )


if __name__ == "__main__":
    main()
