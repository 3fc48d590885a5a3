#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_content
short_description: Have connections, variables, pools, roles and users in Airflow
version_added: 0.2.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Brings what Airflow keeps in its database to what is given, all of it in one transaction.
  - What is not named is left alone. What is named gets exactly what is given; drift is corrected.
  - Secrets are encrypted with Airflow's first Fernet key. Whatever an older one of its keys encrypted, named here or not, is encrypted
    anew, so that the older key may then be taken away.
  - Needs neither the webserver nor its API, which never gives a secret back to compare with. The roles and permissions that come with
    Airflow are there once its webserver has started.
  - Ansible writes a module's arguments to the host's journal, and does not recognize a secret with a line break there, such as a private key.
    Set C(ansible_no_target_syslog=true) for the task, as in the example, or C(no_log).
requirements:
  - Airflow 2.9 with its FAB provider, in the Python that runs the module, as the account and with the settings of Airflow
options:
  connections:
    description: Connections.
    type: list
    elements: dict
    default: []
    suboptions:
      name: &name
        description: Its name.
        type: str
        required: true
      state: &state
        description: Whether there is to be one of this name.
        type: str
        choices: [absent, present]
        default: present
      conn_type:
        description: Its type, such as V(trino). Required unless it is to be absent.
        type: str
      description: &description
        description: What it is for.
        type: str
      host:
        description: Host or address.
        type: str
      port:
        description: Port.
        type: int
      schema:
        description: Schema or database.
        type: str
      login:
        description: Account.
        type: str
      password:
        description: The account's password.
        type: str
      extra:
        description: Further settings of the type. Taken as a secret as a whole.
        type: dict
  variables:
    description: Variables.
    type: list
    elements: dict
    default: []
    suboptions:
      name: *name
      state: *state
      value:
        description: Its value, always taken as a secret. Required unless it is to be absent.
        type: str
      description: *description
  pools:
    description: Pools.
    type: list
    elements: dict
    default: []
    suboptions:
      name: *name
      state: *state
      slots:
        description: How many tasks of it run at the same time. Required unless it is to be absent.
        type: int
      description: *description
      include_deferred:
        description: Whether tasks that wait in the triggerer count.
        type: bool
        default: false
  roles:
    description: Roles beside Airflow's own.
    type: list
    elements: dict
    default: []
    suboptions:
      name: *name
      like:
        description: One of Airflow's own roles, all of whose permissions it has.
        type: str
      permissions:
        description: Further permissions, each a list of an action and what it is on, as in C([can_read, Connections]).
        type: list
        elements: list
        default: []
  users:
    description: Users.
    type: list
    elements: dict
    default: []
    suboptions:
      name: *name
      email:
        description: Address, which no other user has.
        type: str
        required: true
      first_name:
        description: First name; the user's name when left out.
        type: str
      last_name:
        description: Last name.
        type: str
        default: "-"
      password:
        description: Password. Required for a user that is not there yet.
        type: str
      roles:
        description: The roles that the user has, and no other.
        type: list
        elements: str
        default: []
      active:
        description: Whether the user may sign in.
        type: bool
        default: true
  other_users:
    description:
      - What becomes of the users that O(users) does not name. V(lock) lets them sign in no more; what they own stays.
    type: str
    choices: [keep, lock]
    default: keep
extends_documentation_fragment:
  - gti.lakehouse.attributes
"""

EXAMPLES = r"""
- name: Let DAGs speak to Trino, and analysts look at them
  gti.lakehouse.airflow_content:
    connections:
      - name: trino_default
        conn_type: trino
        host: trino.example.org
        port: 8443
        login: airflow
        password: "{{ trino_password }}"
        extra: {protocol: https, catalog: lakehouse}
    pools:
      - {name: trino, slots: 4}
    roles:
      - {name: Observer, like: Viewer}
    users:
      - {name: ana, email: ana@example.org, password: "{{ ana_password }}", roles: [Observer]}
  become: true
  become_user: airflow
  vars:
    ansible_python_interpreter: /opt/datalake/airflow/bin/python3
    ansible_no_target_syslog: true
  environment:
    AIRFLOW_HOME: /var/lib/datalake/airflow
    AIRFLOW_CONFIG: /etc/datalake/airflow/airflow.cfg
"""

RETURN = r"""
diff:
  description: What differs, before and after; of secrets only that they differ.
  returned: when something changes
  type: dict
  sample: {after: {pool trino: {slots: 4}}, before: {pool trino: {slots: 2}}}
renewed:
  description: How many connections, variables and triggers were encrypted anew, or would be in check mode.
  returned: success
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.gti.lakehouse.plugins.module_utils.airflow import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.airflow import store as airflow_store

NAMED = {"name": {"type": "str", "required": True}}
REMOVABLE = dict(NAMED, state={"type": "str", "choices": ["absent", "present"], "default": "present"})
DESCRIBED = {"description": {"type": "str"}}


def named(required, **options):
    """A list of things that may be absent, and what is needed of those that are not."""
    return {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": dict(REMOVABLE, **options),
        "required_if": [("state", "present", [required])],
    }


def changes_of(params, store):
    """Each change that is due, with what makes it; a thing is read when its turn comes, so that users find roles made before."""
    for option in params["connections"]:
        yield change(store, "connection", option, plans.connection(option))
    for option in params["variables"]:
        yield change(store, "variable", option, {"value": option["value"], "description": option["description"]})
    for option in params["pools"]:
        yield change(store, "pool", option, {name: option[name] for name in ("slots", "description", "include_deferred")})
    builtin = store.builtin_roles()
    for option in params["roles"]:
        wanted = {"permissions": plans.permissions(option, builtin)}
        yield plans.change("role", option["name"], store.role(option["name"]), wanted)
    for option in params["users"]:
        current = store.user(option["name"], option["password"])
        if current is None and not option["password"]:
            raise plans.WishError("user %s is not there yet, and needs a password" % option["name"])
        yield plans.change("user", option["name"], current, plans.user(option))
    for name in plans.others(store.active_users(), params["users"]) if params["other_users"] == "lock" else []:
        current = store.user(name, None)
        yield plans.change("user", name, current, dict(current, active=False))


def change(store, kind, option, wanted):
    wanted = wanted if option["state"] == "present" else None
    return plans.change(kind, option["name"], getattr(store, kind)(option["name"]), wanted)


def apply(store, found):
    if found["wanted"] is None:
        store.remove(found["kind"], found["name"])
    else:
        getattr(store, "put_" + found["kind"])(found["name"], found["wanted"])


def main():
    module = AnsibleModule(
        argument_spec={
            "connections": named(
                "conn_type",
                conn_type={"type": "str"},
                host={"type": "str"},
                port={"type": "int"},
                schema={"type": "str"},
                login={"type": "str"},
                password={"type": "str", "no_log": True},
                extra={"type": "dict", "no_log": True},
                **DESCRIBED
            ),
            "variables": named("value", value={"type": "str", "no_log": True}, **DESCRIBED),
            "pools": named("slots", slots={"type": "int"}, include_deferred={"type": "bool", "default": False}, **DESCRIBED),
            "roles": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": dict(NAMED, like={"type": "str"}, permissions={"type": "list", "elements": "list", "default": []}),
            },
            "users": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": dict(
                    NAMED,
                    email={"type": "str", "required": True},
                    first_name={"type": "str"},
                    last_name={"type": "str", "default": "-"},
                    password={"type": "str", "no_log": True},
                    roles={"type": "list", "elements": "str", "default": []},
                    active={"type": "bool", "default": True},
                ),
            },
            "other_users": {"type": "str", "choices": ["keep", "lock"], "default": "keep"},
        },
        supports_check_mode=True,
    )
    if airflow_store.MISSING:
        module.fail_json(msg=missing_required_lib("apache-airflow"), exception=airflow_store.MISSING)
    try:
        changes, renewed = manage(module)
    except plans.WishError as error:
        module.fail_json(msg=str(error))
    result = {"changed": bool(changes or renewed), "renewed": renewed}
    if changes:
        result["diff"] = plans.diff(changes)
    module.exit_json(**result)


def manage(module):
    with airflow_store.transaction() as session:
        store = airflow_store.Store(session)
        changes = []
        for found in changes_of(module.params, store):
            if found is not None:
                changes.append(found)
                apply(store, found)
                session.flush()
        stale = store.stale()
        for row in stale:
            store.renew(*row)
        if module.check_mode:
            # All of it was tried, so that check mode sees what would be refused.
            session.rollback()
    return changes, len(stale)


if __name__ == "__main__":
    main()
