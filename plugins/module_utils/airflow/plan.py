# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What things in Airflow should be against what they are. Pure functions over plain dictionaries; nothing here knows a database.

A thing is described by its fields. Of secret ones a diff says only that they differ.
"""

from __future__ import annotations

import json

CONNECTION_FIELDS = ["conn_type", "description", "host", "login", "schema", "port", "password", "extra"]
SECRETS = {"connection": ["password", "extra"], "variable": ["value"], "user": ["password"]}


class WishError(ValueError):
    """A wish that cannot be followed; the message names it."""


def connection(options):
    """The fields of a connection, where empty and not given are the same, as they are for Airflow."""
    fields = {name: options.get(name) or None for name in CONNECTION_FIELDS}
    fields["extra"] = canonical(fields["extra"])
    return fields


def canonical(extra):
    """Further settings as one text, whatever the order in which they were written."""
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            return extra
    return json.dumps(extra, sort_keys=True) if extra else None


def permissions(role, builtin):
    """The permissions of a role: those of the role that it is like, and its own.

    builtin maps the names of Airflow's own roles to their permissions.
    """
    found = {permission(*pair) for pair in role["permissions"]}
    like = role["like"]
    if like is not None:
        if like not in builtin:
            raise WishError("role %s is to be like %s, which is none of Airflow's own: %s" % (role["name"], like, ", ".join(sorted(builtin))))
        found |= set(builtin[like])
    if role["name"] in builtin:
        raise WishError("role %s is one of Airflow's own, which it keeps itself" % role["name"])
    return sorted(found)


def permission(action, resource):
    return "%s on %s" % (action, resource)


def user(options):
    """The fields of a user. Without a password the one that there is stays."""
    fields = {name: options[name] for name in ("email", "last_name", "active", "password")}
    return dict(fields, first_name=options["first_name"] or options["name"], roles=sorted(options["roles"]))


def others(names, users):
    """The names that no user has. Airflow takes no notice of a name's case."""
    named = {options["name"].lower() for options in users}
    return sorted(name for name in names if name.lower() not in named)


def change(kind, name, current, wanted):
    """How a thing is to be changed, or None. current and wanted are its fields, or None where it is not, or is not to be."""
    if current == wanted:
        return None
    return {"kind": kind, "name": name, "current": current, "wanted": wanted}


def diff(changes):
    """Before and after of all changes, for people; no secret is in it."""
    sides = {"before": {}, "after": {}}
    for found in changes:
        before, after = _views(found)
        for side, view in (("before", before), ("after", after)):
            if view is not None:
                sides[side]["%s %s" % (found["kind"], found["name"])] = view
    return sides


def _views(found):
    current, wanted = found["current"], found["wanted"]
    names = sorted(name for name in {**(current or {}), **(wanted or {})} if (current or {}).get(name) != (wanted or {}).get(name))
    hidden = SECRETS.get(found["kind"], [])
    before = None if current is None else {name: _shown(name in hidden, "old secret", current.get(name)) for name in names}
    after = None if wanted is None else {name: _shown(name in hidden, "new secret", wanted.get(name)) for name in names}
    return before, after


def _shown(hidden, word, value):
    return word if hidden and value is not None else value
