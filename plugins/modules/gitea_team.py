#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_team
short_description: Manage the teams of an organisation in Gitea
version_added: 0.2.0
description:
  - Creates a team, and keeps its permission, repositories and members.
  - In Gitea a team has one permission on all of its repositories, or on some of their parts; who needs another elsewhere is in another team too.
options:
  organization:
    description:
      - Name of the organisation.
    type: str
    required: true
  name:
    description:
      - Name of the team.
    type: str
    required: true
  description:
    description:
      - What it is for.
    type: str
    default: ""
  permission:
    description:
      - What its members may do in its repositories.
    type: str
    choices: [read, write, admin]
    required: true
  units:
    description:
      - Parts of a repository that the permission is for, such as V(repo.code) or V(repo.pulls). In the others its members may do nothing.
      - Without it, the permission is for all parts.
    type: list
    elements: str
    choices: [repo.code, repo.issues, repo.projects, repo.pulls, repo.releases, repo.wiki]
  all_repositories:
    description:
      - Whether all repositories of the organisation are the team's, those to come included.
    type: bool
    default: false
  repositories:
    description:
      - Repositories that the team has, and no others. When left out, they stay as they are, as they do with O(all_repositories).
    type: list
    elements: str
  members:
    description:
      - Users that are in the team, and no others. As in Gitea, upper and lower case are the same in names. When left out, they stay as they are.
    type: list
    elements: str
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Let the analysts read and write the queries
  gti.lakehouse.gitea_team:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
    organization: example
    name: analysts
    permission: write
    repositories: [queries]
    members: [maria]
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The team before and after, as far as it differs.
  returned: when something changes
  type: dict
  sample: {after: {members: [ana, maria]}, after_header: data/writers, before: {members: [ana]}, before_header: data/writers}
"""

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, changed


def manage(module, connection):
    params = module.params
    organization, name = params["organization"], params["name"]
    wanted = plans.team(params)
    teams = connection.get_all("/orgs/%s/teams" % organization)
    if teams is None and not module.check_mode:
        raise Refused("organisation %r does not exist" % organization)
    current = next((team for team in teams or [] if team["name"].lower() == name.lower()), None)
    repositories, members = set(), set()
    if current:
        current = plans.team_of(current)
        repositories = set(plans.by_name(connection.get_all("/teams/%d/repos" % current["id"])))
        members = set(plans.by_name(connection.get_all("/teams/%d/members" % current["id"]), "login"))
    lists = {}
    if params["members"] is not None:
        lists["members"] = (members, plans.as_held(members, params["members"]), "/teams/%d/members/%s")
    # Where all are the team's, its list may not be complete yet.
    if params["repositories"] is not None and not params["all_repositories"]:
        lists["repositories"] = (repositories, plans.as_held(repositories, params["repositories"]), "/teams/%d/repos/" + organization + "/%s")

    after = dict(wanted, **{what: sorted(there) for what, (dummy, there, dummy) in lists.items()})
    before = None
    if current:
        before = dict(plans.view(current, wanted), **{what: sorted(here) for what, (here, dummy, dummy) in lists.items()})
    if not module.check_mode:
        body = dict(wanted, name=name, permission=params["permission"])
        if not current:
            current = connection.call("POST", "/orgs/%s/teams" % organization, body)
        elif plans.drift(current, wanted):
            connection.call("PATCH", "/teams/%d" % current["id"], body)
        for here, there, path in lists.values():
            for name_of in sorted(here - there):
                connection.call("DELETE", path % (current["id"], name_of))
            for name_of in sorted(there - here):
                connection.call("PUT", path % (current["id"], name_of))
    return dict(changed("%s/%s" % (organization, name), before, after), team=after)


def main():
    run(
        manage,
        organization={"type": "str", "required": True},
        name={"type": "str", "required": True},
        description={"type": "str", "default": ""},
        permission={"type": "str", "choices": ["read", "write", "admin"], "required": True},
        units={"type": "list", "elements": "str", "choices": plans.UNITS},
        all_repositories={"type": "bool", "default": False},
        repositories={"type": "list", "elements": "str"},
        members={"type": "list", "elements": "str"},
    )


if __name__ == "__main__":
    main()
