#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: superset_lockout
short_description: Lock out the users of a Superset server that nobody names any more
version_added: 0.4.0
description:
  - Lets every other user than those named sign in no more. What they own stays, and M(gti.lakehouse.superset_user) lets them in again.
  - Who asks is never locked out.
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.lockout
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_superset
"""

EXAMPLES = r"""
- name: Lock out who is in no list any more
  gti.lakehouse.superset_lockout:
    url: https://superset.example.org:8088
    username: admin
    password: "{{ superset_admin_password }}"
    keep: [maria, joao]
  delegate_to: localhost
"""

RETURN = r"""
locked:
  description: The users that were locked out, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [ana]
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.superset import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import changed


def manage(module, connection):
    params = module.params
    found = plans.forgotten(connection.get_all("/security/users/"), [connection.username] + params["keep"], params["keep_prefixes"])
    if not module.check_mode:
        for number in found.values():
            connection.call("PUT", "/security/users/%d" % number, {"active": False})
    states = ({name: {"active": active} for name in found} for active in (True, False))
    return dict(changed("users", *states), locked=sorted(found))


def main():
    run(
        manage,
        keep={"type": "list", "elements": "str", "required": True},
        keep_prefixes={"type": "list", "elements": "str", "default": []},
    )


if __name__ == "__main__":
    main()
