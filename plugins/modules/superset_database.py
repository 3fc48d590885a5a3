#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: superset_database
short_description: Manage a Superset server's connections to databases
version_added: 0.3.0
description:
  - Creates a connection, keeps its settings, and tries it. What people may make of it is a matter of roles; uploading files and
    creating tables through it are off.
options:
  name:
    description:
      - Name of the connection, which permissions refer to.
    type: str
    required: true
  uuid:
    description:
      - By which data sets that are imported refer to it. Of a connection that is there it is not changed.
    type: str
  uri:
    description:
      - Address in SQLAlchemy's words, with the user, without the password.
    type: str
    required: true
  database_password:
    description:
      - The user's password. It is written again when the connection that Superset has does not work and one with this password does.
    type: str
    required: true
  impersonate_user:
    description:
      - Whether queries run as the person who is signed in. The database must let the connection's user do so.
    type: bool
    default: false
  expose_in_sqllab:
    description:
      - Whether SQL Lab offers it, to those who may use SQL Lab.
    type: bool
    default: true
  allow_dml:
    description:
      - Whether queries may change data.
    type: bool
    default: false
  allow_run_async:
    description:
      - Whether queries run in a worker.
    type: bool
    default: false
  cache_timeout:
    description:
      - Seconds for which answers are kept, where a data set does not say otherwise.
    type: int
    default: 300
  extra:
    description:
      - Further settings, such as C(engine_params), in Superset's words. No place for secrets.
    type: dict
    default: {}
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_superset
"""

EXAMPLES = r"""
- name: Let Superset ask Trino
  gti.lakehouse.superset_database:
    url: https://superset.example.org:8088
    username: admin
    password: "{{ superset_admin_password }}"
    name: Lakehouse
    uri: trino://superset@trino.example.org:8443/lakehouse
    database_password: "{{ trino_superset_password }}"
    extra: {engine_params: {connect_args: {http_scheme: https, verify: /etc/ssl/certs/ca-certificates.crt}}}
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The connection before and after, as far as it differs.
  returned: when something changes
  type: dict
  sample: {after: {allow_dml: false}, after_header: Lakehouse, before: {allow_dml: true}, before_header: Lakehouse}
id:
  description: Number of the connection.
  returned: when it is there
  type: int
  sample: 1
"""

import json
from urllib.parse import quote

from ansible_collections.gti.lakehouse.plugins.module_utils.superset import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, changed


def body_of(fields):
    return dict(fields, extra=json.dumps(fields["extra"])) if "extra" in fields else dict(fields)


def problem_of(ask):
    """What Superset says when it cannot reach the database; None when it can."""
    try:
        ask()
    except Refused as error:
        return str(error)
    return None


def manage(module, connection):
    params = module.params
    name = params["name"]
    try:
        masked = plans.masked(params["uri"])
    except ValueError as error:
        raise Refused(str(error)) from error
    uri = plans.with_password(params["uri"], quote(params["database_password"], safe=""))
    wanted = dict(plans.database(params), sqlalchemy_uri=masked)
    found = plans.by_name(connection.get_all("/database/"), "database_name").get(name)
    current, answers = None, True
    if found:
        current = plans.database_of(connection.get("/database/%d/connection" % found["id"])["result"])
        answers = problem_of(lambda: connection.get("/database/%d/schemas/?q=(force:!t)" % found["id"])) is None

    trial = {"sqlalchemy_uri": uri, "extra": json.dumps(params["extra"]), "impersonate_user": False, "database_name": name}
    changes = plans.drift(current or {}, wanted)
    before = plans.view(current, wanted) if found else None
    after = dict(wanted)
    warnings = []
    if not answers or "sqlalchemy_uri" in changes or not found:
        problem = problem_of(lambda: connection.call("POST", "/database/test_connection/", trial))
        if problem:
            warnings.append("%s does not answer, so it is not known whether its password is right: %s" % (name, problem))
        elif found and "sqlalchemy_uri" not in changes:
            changes["sqlalchemy_uri"] = masked
            before["password"], after["password"] = "another than the one given", "the one given"
    if not module.check_mode and changes:
        body = body_of(changes)
        if "sqlalchemy_uri" in body:
            body["sqlalchemy_uri"] = uri
        if not found:
            found = connection.call("POST", "/database/", dict(body, **plans.given(params, "uuid")))
        else:
            connection.call("PUT", "/database/%d" % found["id"], dict(body, database_name=name))
    for warning in warnings:
        module.warn(warning)
    result = changed(name, before, after)
    return dict(result, id=found["id"]) if found else result


def main():
    run(
        manage,
        name={"type": "str", "required": True},
        uuid={"type": "str"},
        uri={"type": "str", "required": True},
        database_password={"type": "str", "required": True, "no_log": True},
        impersonate_user={"type": "bool", "default": False},
        expose_in_sqllab={"type": "bool", "default": True},
        allow_dml={"type": "bool", "default": False},
        allow_run_async={"type": "bool", "default": False},
        cache_timeout={"type": "int", "default": 300},
        extra={"type": "dict", "default": {}},
    )


if __name__ == "__main__":
    main()
