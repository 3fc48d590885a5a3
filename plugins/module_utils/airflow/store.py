# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Airflow's database by Airflow's own tables and keys. Runs in Airflow's virtual environment, as its account."""

from __future__ import annotations

import os
import sys
import traceback

from ansible_collections.gti.lakehouse.plugins.module_utils.airflow import plan as plans

# Airflow looks for its local settings there. An interpreter that ran before the task's environment was set (Mitogen's) does not.
sys.path += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]

MISSING = None
try:
    from airflow.configuration import conf
    from airflow.models import Connection, Pool, Variable
    from airflow.models.trigger import Trigger
    from airflow.providers.fab.auth_manager.models import Permission, Role, User
    from airflow.utils.session import create_session
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet
    from werkzeug.security import check_password_hash, generate_password_hash
except ImportError:
    MISSING = traceback.format_exc()

BUILTIN_ROLES = ["Admin", "Op", "Public", "User", "Viewer"]
# Differs from anything that is wanted.
UNREADABLE = "written with a key that is not known"


class Box:
    """Opens what any of the keys closed, and closes with the first."""

    def __init__(self, keys):
        self.keys = [Fernet(key.strip().encode()) for key in keys.split(",")]
        self.all = MultiFernet(self.keys)

    def open(self, text, closed):
        if not text or not closed:
            return text or None
        try:
            return self.all.decrypt(text.encode()).decode()
        except InvalidToken:
            return UNREADABLE

    def close(self, text):
        return text and self.keys[0].encrypt(text.encode()).decode()

    def closed_with_the_first(self, text):
        try:
            self.keys[0].decrypt(text.encode())
        except InvalidToken:
            return False
        return True


class Store:
    """Reads and writes things as plain dictionaries, within one transaction.

    Connections and variables by their tables: the models open a row's secrets when they load it, and fail where no key does.
    """

    def __init__(self, session):
        self.session = session
        self.box = Box(conf.get_mandatory_value("core", "fernet_key"))

    def connection(self, name):
        row = self._read(Connection, "conn_id", name)
        if row is None:
            return None
        fields = {field: row[field] or None for field in plans.CONNECTION_FIELDS}
        fields["password"] = self.box.open(row["password"], row["is_encrypted"])
        fields["extra"] = plans.canonical(self.box.open(row["extra"], row["is_extra_encrypted"]))
        return fields

    def put_connection(self, name, wanted):
        closed = {field: self.box.close(wanted[field]) for field in ("password", "extra")}
        marks = {"is_encrypted": bool(closed["password"]), "is_extra_encrypted": bool(closed["extra"])}
        self._write(Connection, "conn_id", name, dict(wanted, **closed, **marks))

    def variable(self, name):
        row = self._read(Variable, "key", name)
        return row and {"value": self.box.open(row["val"], row["is_encrypted"]), "description": row["description"] or None}

    def put_variable(self, name, wanted):
        value = {"val": self.box.close(wanted["value"]), "is_encrypted": True}
        self._write(Variable, "key", name, dict(value, description=wanted["description"]))

    def pool(self, name):
        row = self._read(Pool, "pool", name)
        return row and {"slots": row["slots"], "description": row["description"] or None, "include_deferred": row["include_deferred"]}

    def put_pool(self, name, wanted):
        self._write(Pool, "pool", name, wanted)

    def remove(self, kind, name):
        model, key = {"connection": (Connection, "conn_id"), "variable": (Variable, "key"), "pool": (Pool, "pool")}[kind]
        table = model.__table__
        self.session.execute(table.delete().where(table.c[key] == name))

    def role(self, name):
        row = self._row(Role, name=name)
        return row and {"permissions": sorted(text_of(held) for held in row.permissions)}

    def builtin_roles(self):
        found = {name: self.role(name) for name in BUILTIN_ROLES}
        return {name: role["permissions"] for name, role in found.items() if role is not None}

    def put_role(self, name, wanted):
        known = {text_of(held): held for held in self.session.query(Permission)}
        unknown = [permission for permission in wanted["permissions"] if permission not in known]
        if unknown:
            raise plans.WishError("role %s: Airflow knows no permission %s" % (name, unknown[0]))
        self._row_or_new(Role, name=name).permissions = [known[permission] for permission in wanted["permissions"]]

    def user(self, name, password):
        """The user; with the password as it was given where that lets them in, and with none where it does not."""
        row = self._row(User, username=name)
        if row is None:
            return None
        fields = {field: getattr(row, field) for field in ("email", "first_name", "last_name")}
        right = password is not None and check_password_hash(row.password or "", password)
        return dict(fields, active=bool(row.active), roles=sorted(role.name for role in row.roles), password=password if right else None)

    def active_users(self):
        return [row.username for row in self.session.query(User) if row.active]

    def put_user(self, name, wanted):
        roles = {role.name: role for role in self.session.query(Role)}
        unknown = [role for role in wanted["roles"] if role not in roles]
        if unknown:
            raise plans.WishError("user %s: there is no role %s" % (name, unknown[0]))
        row = self._row_or_new(User, username=name)
        for field in ("email", "first_name", "last_name", "active"):
            setattr(row, field, wanted[field])
        if wanted["password"] is not None:
            row.password = generate_password_hash(wanted["password"])
        row.roles = [roles[role] for role in wanted["roles"]]

    def stale(self):
        """What an older key closed, and so would be lost with it: model, id and the secrets by column, closed anew."""
        found = []
        kinds = [
            (Connection, {"password": "is_encrypted", "extra": "is_extra_encrypted"}),
            (Variable, {"val": "is_encrypted"}),
            (Trigger, {"kwargs": None}),  # one that is open begins with a brace
        ]
        for model, columns in kinds:
            for row in self.session.execute(model.__table__.select()).mappings():
                closed = [column for column, mark in columns.items() if row[column] and (row[mark] if mark else row[column][0] != "{")]
                texts = {column: self.box.open(row[column], True) for column in closed if not self.box.closed_with_the_first(row[column])}
                if texts and UNREADABLE not in texts.values():
                    found.append((model, row["id"], {column: self.box.close(text) for column, text in texts.items()}))
        return found

    def renew(self, model, identifier, values):
        table = model.__table__
        self.session.execute(table.update().where(table.c.id == identifier).values(values))

    def _read(self, model, column, value):
        table = model.__table__
        return self.session.execute(table.select().where(table.c[column] == value)).mappings().one_or_none()

    def _write(self, model, column, value, values):
        table = model.__table__
        if self._read(model, column, value) is None:
            self.session.execute(table.insert().values({column: value}).values(values))
        else:
            self.session.execute(table.update().where(table.c[column] == value).values(values))

    def _row(self, model, **key):
        return self.session.query(model).filter_by(**key).one_or_none()

    def _row_or_new(self, model, **key):
        row = self._row(model, **key)
        if row is None:
            row = model(**key)
            self.session.add(row)
        return row


def text_of(held):
    return plans.permission(held.action.name, held.resource.name)


def transaction():
    """A session that is committed at its end, and rolled back by an exception."""
    return create_session()
