#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hive_schema
short_description: Create or upgrade the schema of a Hive Metastore
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Brings the database of a Hive Metastore to the schema that an installed metastore wants.
  - Looks first, by asking the database for its tables and for the rows of the table C(VERSION), and names what it finds, V(empty),
    V(current), V(older), V(newer), V(half_made) or V(foreign). Only an empty database is filled; only an older one is upgraded, when told
    so and after a dump; everything else is refused with the reason and the remedy.
  - On MariaDB it widens the columns of comments, properties, types and views from latin1 to utf8mb4, which the scripts do not, so that
    every letter comes back as it was written. PostgreSQL needs none of it.
  - Runs the SQL scripts that come with the metastore over its own connection, so no password is on a command line and no tool's text is read.
  - Safe to run from several hosts at once. Everything, the look included, is done under an advisory lock of the database server.
requirements:
  - PyMySQL for MariaDB, psycopg2 for PostgreSQL, on the host that runs the module
  - C(mariadb-dump) or C(pg_dump) on that host, for an upgrade
options:
  backend:
    description: The database server that holds the schema.
    type: str
    required: true
    choices: [mariadb, postgresql]
  metastore_home:
    description: Folder of the installed metastore, the one that holds C(scripts/metastore/upgrade).
    type: path
    required: true
  database:
    description: Name of the database. It has to exist, with O(login_user) allowed to create tables in it.
    type: str
    default: metastore
  login_host:
    description: Name or address of the database server.
    type: str
    default: 127.0.0.1
  login_port:
    description: Port of the database server; V(3306) for MariaDB and V(5432) for PostgreSQL when not given.
    type: int
  login_unix_socket:
    description: Socket of MariaDB, or folder of the socket of PostgreSQL, to use instead of O(login_host).
    type: path
  login_user:
    description: The user that the metastore signs in as; it is to own the tables.
    type: str
    default: hive
  login_password:
    description: Password of O(login_user).
    type: str
  ca_cert:
    description: CA certificates in PEM. When given, the connection must be TLS, with a certificate of that CA for O(login_host).
    type: path
  schema_version:
    description: Version of the schema to reach; the newest one that the metastore brings a script for when not given.
    type: str
  upgrade:
    description: Upgrade an older schema. It is dumped to O(dump_dir) first. Stop the metastore before.
    type: bool
    default: false
  dump_dir:
    description: Folder on the host that the dump before an upgrade is written to, readable by its owner alone. It has to exist.
    type: path
  lock_timeout:
    description: How many seconds to wait for another run that is at work on the same database.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode and say what it would do without changing the database. It takes the lock then too.
    support: full
  diff_mode:
    description: Shows the version and the number of tables before and after.
    support: full
  platform:
    description: Target OS.
    support: full
    platforms: posix
notes:
  - A run that is cut short leaves nothing behind on PostgreSQL, where a script is one transaction. On MariaDB it leaves a half-made schema,
    which the next run refuses and describes.
seealso:
  - module: community.mysql.mysql_db
  - module: community.postgresql.postgresql_db
"""

EXAMPLES = r"""
- name: Create the schema once
  gti.lakehouse.hive_schema:
    backend: mariadb
    metastore_home: /opt/datalake/hive-metastore
    database: metastore
    login_user: hive
    login_password: "{{ metastore_password }}"

- name: Upgrade the schema after a dump
  gti.lakehouse.hive_schema:
    backend: postgresql
    metastore_home: /opt/datalake/hive-metastore
    login_password: "{{ metastore_password }}"
    upgrade: true
    dump_dir: /var/backups

- name: See from another host, over TLS, what a database holds
  gti.lakehouse.hive_schema:
    backend: mariadb
    metastore_home: /opt/datalake/hive-metastore
    login_host: db-hive.example.org
    login_password: "{{ metastore_password }}"
    ca_cert: /etc/ssl/certs/ca-certificates.crt
  check_mode: true
"""

RETURN = r"""
state:
  description: What the database held when the module looked, before it did anything.
  returned: once the database has been reached, or is known to be absent; on refusal too
  type: str
  choices: [absent, empty, current, older, newer, half_made, foreign]
  sample: empty
found_version:
  description: Version of the schema that was found; null when there was none to read.
  returned: with RV(state)
  type: str
  sample: 3.0.0
schema_version:
  description: Version of the schema that was wanted.
  returned: with RV(state)
  type: str
  sample: 3.1.0
missing_tables:
  description: Tables that a half-made schema lacks.
  returned: with RV(state)
  type: list
  elements: str
  sample: [VERSION, TBLS]
foreign_tables:
  description: Tables that are not Hive's. Beside a current schema they are left alone, with a warning.
  returned: with RV(state)
  type: list
  elements: str
  sample: [INVOICES]
scripts:
  description: Scripts that were run, or would be in check mode, in order.
  returned: success
  type: list
  elements: str
  sample: [/opt/datalake/hive-metastore/scripts/metastore/upgrade/mysql/hive-schema-3.1.0.mysql.sql]
widened:
  description: Columns of MariaDB that were widened to utf8mb4, or would be in check mode.
  returned: success
  type: list
  elements: str
  version_added: 0.3.0
  sample: [DBS.DESC]
dump:
  description: The dump that was written before an upgrade.
  returned: when an upgrade was made
  type: str
  sample: /var/backups/metastore-3.0.0-20260102T030405Z.sql
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.gti.lakehouse.plugins.module_utils.hive import database as hive_database, state as hive_state
from ansible_collections.gti.lakehouse.plugins.module_utils.hive.scripts import SchemaScripts, ScriptError, tables_after, version_key


def main():
    module = AnsibleModule(
        argument_spec={
            "backend": {"type": "str", "required": True, "choices": ["mariadb", "postgresql"]},
            "metastore_home": {"type": "path", "required": True},
            "database": {"type": "str", "default": "metastore"},
            "login_host": {"type": "str", "default": "127.0.0.1"},
            "login_port": {"type": "int"},
            "login_unix_socket": {"type": "path"},
            "login_user": {"type": "str", "default": "hive"},
            "login_password": {"type": "str", "no_log": True},
            "ca_cert": {"type": "path"},
            "schema_version": {"type": "str"},
            "upgrade": {"type": "bool", "default": False},
            "dump_dir": {"type": "path"},
            "lock_timeout": {"type": "int", "default": 300},
        },
        required_if=[("upgrade", True, ["dump_dir"])],
        supports_check_mode=True,
    )
    params = module.params
    if params["backend"] in hive_database.DRIVER_ERRORS:
        library, trace = hive_database.DRIVER_ERRORS[params["backend"]]
        module.fail_json(msg=missing_required_lib(library), exception=trace)
    if params["upgrade"] and not os.path.isdir(params["dump_dir"]):
        module.fail_json(msg="dump_dir: %s is not a folder" % params["dump_dir"])

    try:
        scripts = SchemaScripts(params["metastore_home"], params["backend"])
        target = params["schema_version"] or scripts.newest()
        if version_key(target) is None or target not in scripts.schemas:
            known = ", ".join(sorted(scripts.schemas, key=version_key))
            module.fail_json(msg="schema_version: %s is not one that %s can make; it has %s" % (target, params["metastore_home"], known))
        run(module, scripts, target)
    except (ScriptError, hive_database.DatabaseError) as error:
        module.fail_json(msg=str(error))


def run(module, scripts, target):
    database = module.params["database"]
    result = {"changed": False, "schema_version": target}

    def look(state):
        result.update(state=state.name, found_version=state.version, missing_tables=list(state.missing), foreign_tables=list(state.foreign))

    try:
        connection = hive_database.connect(module.params["backend"], module.params)
    except hive_database.DatabaseAbsent as error:
        state = hive_state.State(hive_state.ABSENT, reason=str(error))
        look(state)
        module.fail_json(msg=hive_state.make_plan(state, scripts, target, False).refusal, **result)
    connection.lock()
    facts = connection.facts()
    state = hive_state.judge(facts, scripts, target)
    plan = hive_state.make_plan(state, scripts, target, module.params["upgrade"])
    look(state)
    if plan.refusal:
        module.fail_json(msg="The database %s is left as it is: %s" % (database, plan.refusal), **result)
    if state.foreign:
        module.warn("The database %s holds tables that are not Hive's: %s" % (database, ", ".join(state.foreign)))

    result["scripts"] = [script.path for script in plan.scripts]
    result["changed"] = bool(plan.scripts)
    after = facts.tables
    for script in plan.scripts:
        after = tables_after(script.statements, after)
    result["diff"] = {
        "before": {"version": state.version, "tables": len(facts.tables)},
        "after": {"version": target, "tables": len(after)},
    }
    if plan.scripts and not module.check_mode:
        carry_out(module, connection, plan, state, result)
        made = hive_state.judge(connection.facts(), scripts, target)
        if made.name != hive_state.CURRENT:
            module.fail_json(msg="The scripts ran to their end, yet the schema is not as it should be: %s" % made.reason, **result)
    widen(module, connection, result)
    module.exit_json(**result)


def widen(module, connection, result):
    narrow = connection.narrow_columns()
    result["widened"] = ["%s.%s" % (table, column) for table, column, dummy, dummy in narrow]
    if narrow:
        result["changed"] = True
        if not result["scripts"]:  # else check mode cannot foretell what they will leave
            result["diff"]["before"]["narrow_columns"], result["diff"]["after"]["narrow_columns"] = result["widened"], []
        if not module.check_mode:
            connection.widen(narrow)


def carry_out(module, connection, plan, state, result):
    if plan.dump:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = os.path.join(module.params["dump_dir"], "%s-%s-%s.sql" % (connection.name, state.version, stamp))
        connection.dump(module, path)
        result["dump"] = path
    for script in plan.scripts:
        try:
            connection.run(script)
        except hive_database.DatabaseError as error:
            module.fail_json(msg="%s. %s." % (error, connection.half_made_on_error), **result)


if __name__ == "__main__":
    main()
