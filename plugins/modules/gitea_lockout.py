#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_lockout
short_description: Lock out the users of a Gitea server that nobody names any more
version_added: 0.4.0
description:
  - Lets every other user than those named sign in no more, by password, key or token. What they own stays, and M(gti.lakehouse.gitea_user)
    lets them in again.
  - Users who sign in by another source, such as LDAP or OAuth2, are that source's business, and who asks is never locked out.
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.lockout
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Lock out who is in no list any more
  gti.lakehouse.gitea_lockout:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
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

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import changed


def manage(module, connection):
    params = module.params
    found = plans.forgotten(connection.get_all("/admin/users"), [connection.username] + params["keep"], params["keep_prefixes"])
    if not module.check_mode:
        for name in found:
            connection.call("PATCH", "/admin/users/%s" % name, {"login_name": name, "source_id": 0, "prohibit_login": True})
    states = ({name: {"prohibit_login": locked} for name in found} for locked in (False, True))
    return dict(changed("users", *states), locked=found)


def main():
    run(
        manage,
        keep={"type": "list", "elements": "str", "required": True},
        keep_prefixes={"type": "list", "elements": "str", "default": []},
    )


if __name__ == "__main__":
    main()
