#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_organization
short_description: Manage the organisations of a Gitea server
version_added: 0.2.0
description:
  - Creates an organisation and keeps what is said about it. Its teams are the module M(gti.lakehouse.gitea_team)'s business.
options:
  name:
    description:
      - Name of the organisation.
    type: str
    required: true
  full_name:
    description:
      - Name as people write it.
    type: str
  description:
    description:
      - What it is for.
    type: str
  visibility:
    description:
      - Who sees it; V(private) is its members alone.
    type: str
    choices: [private, limited, public]
    default: private
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Make the organisation
  gti.lakehouse.gitea_organization:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
    name: example
    full_name: Example
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The organisation before and after, as far as it differs.
  returned: when something changes
  type: dict
  sample: {after: {visibility: private}, after_header: data, before: {visibility: public}, before_header: data}
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import changed


# Whatever a change does not name, Gitea empties.
FIELDS = ["full_name", "description", "email", "website", "location", "visibility", "repo_admin_change_team_access"]


def manage(module, connection):
    params = module.params
    name = params["name"]
    wanted = plans.given(params, "full_name", "description", "visibility")
    current = connection.get("/orgs/%s" % name)
    if not module.check_mode:
        if not current:
            connection.call("POST", "/orgs", dict(wanted, username=name))
        elif plans.drift(current, wanted):
            connection.call("PATCH", "/orgs/%s" % name, dict({field: current[field] for field in FIELDS}, **wanted))
    before = plans.view(current, wanted) if current else None
    return dict(changed(name, before, wanted), organization=wanted)


def main():
    run(
        manage,
        name={"type": "str", "required": True},
        full_name={"type": "str"},
        description={"type": "str"},
        visibility={"type": "str", "choices": ["private", "limited", "public"], "default": "private"},
    )


if __name__ == "__main__":
    main()
