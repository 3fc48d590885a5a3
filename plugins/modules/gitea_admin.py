#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_admin
short_description: See that a Gitea server has its administrator, with the password given
version_added: 0.2.0
description:
  - Runs on the server's host, beside it. The program makes an account that is missing, and a token by which the API is then
    told the password; the token is gone at the end. So the password is on no command line, and a new one is taken over.
options:
  binary:
    description:
      - The program.
    type: path
    required: true
  config:
    description:
      - Its configuration.
    type: path
    required: true
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.web.admin
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Have the administrator
  gti.lakehouse.gitea_admin:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
    email: admin@example.org
    binary: /opt/gitea/gitea
    config: /etc/gitea/app.ini
    account: gitea
"""

RETURN = r"""
created:
  description: Whether the account was made, or would be.
  returned: changed
  type: bool
  sample: true
"""

import pwd
import secrets

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import Connection, run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import ADMIN, Refused


def program(module, *arguments):
    params = module.params
    argv = ["runuser", "-u", params["account"], "--", params["binary"], "--config", params["config"], "admin", "user"]
    # Its database's password may be in the account's home.
    environment = {"HOME": pwd.getpwnam(params["account"]).pw_dir, "USER": params["account"]}
    rc, output, errors = module.run_command(argv + list(arguments), cwd="/", environ_update=environment)
    if rc != 0:
        # Its output may hold a password or a token, its errors hold none.
        raise Refused("gitea admin user %s ended with %d: %s" % (arguments[0], rc, errors.strip()[-1000:]))
    return output


def exists(module):
    listed = program(module, "list").splitlines()
    return any(line.split()[1:2] == [module.params["username"]] for line in listed)


def write_password(module, connection):
    params = module.params
    name, token_name = params["username"], "setup-" + secrets.token_hex(8)
    scopes = "write:admin,write:user"
    output = program(module, "generate-access-token", "--username", name, "--token-name", token_name, "--scopes", scopes, "--raw")
    token = output.split()[-1]
    by_token = Connection(params, token)
    fields = {"login_name": name, "source_id": 0, "password": params["password"], "must_change_password": False, "admin": True}
    by_token.call("PATCH", "/admin/users/%s" % name, fields)
    connection.call("DELETE", "/users/%s/tokens/%s" % (name, token_name))


def manage(module, connection):
    if connection.signs_in():
        return {"changed": False}
    params = module.params
    created = not exists(module)
    if not module.check_mode:
        if created:
            account = ["--username", params["username"], "--email", params["email"], "--admin"]
            program(module, "create", *account, "--random-password", "--must-change-password=false")
        write_password(module, connection)
    before = {"state": "absent"} if created else {"password": "another than the one given"}
    after = {"state": "present"} if created else {"password": "the one given"}
    return {"changed": True, "created": created, "diff": {"before": before, "after": after}}


def main():
    run(
        manage,
        binary={"type": "path", "required": True},
        config={"type": "path", "required": True},
        **ADMIN,
    )


if __name__ == "__main__":
    main()
