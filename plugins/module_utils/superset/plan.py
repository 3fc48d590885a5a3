# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What things in Superset should be against what they are. Pure functions over the API's own dictionaries."""

from __future__ import annotations

import json


def drift(current, wanted):
    """The wanted fields that are otherwise now."""
    return {key: value for key, value in wanted.items() if current.get(key) != value}


def view(current, wanted):
    """The current values of the wanted fields, for a diff."""
    return {key: current.get(key) for key in wanted}


def given(params, *names):
    """Those options that were given."""
    return {name: params[name] for name in names if params[name] is not None}


def by_name(items, key="name"):
    return {item[key]: item for item in items}


def forgotten(users, kept, prefixes=()):
    """Number by name of the users who may sign in, are not among the kept ones and do not begin as a prefix says, in any case of letters."""
    names, beginnings = {name.lower() for name in kept}, tuple(prefix.lower() for prefix in prefixes)
    able = {user["username"]: user["id"] for user in users if user["active"]}
    return {name: number for name, number in able.items() if name.lower() not in names and not name.lower().startswith(beginnings)}


def permission(text):
    """C(can_read on Chart) in two. A name may have C( on ) in it, a permission none."""
    action, between, subject = text.partition(" on ")
    if not (action and between and subject) or " " in action:
        raise ValueError("permission %r is not like 'can_read on Chart'" % text)
    return action, subject


def permission_of(answer):
    """A permission of any of the API's answers as text."""
    if "permission_name" in answer:
        return "%s on %s" % (answer["permission_name"], answer["view_menu_name"])
    return "%s on %s" % (answer["permission"]["name"], answer["view_menu"]["name"])


def database(params):
    """A connection in the API's words, without its password."""
    wanted = {
        "database_name": params["name"],
        "impersonate_user": params["impersonate_user"],
        "expose_in_sqllab": params["expose_in_sqllab"],
        "allow_dml": params["allow_dml"],
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_file_upload": False,
        "allow_run_async": params["allow_run_async"],
        "cache_timeout": params["cache_timeout"],
        "extra": params["extra"],
    }
    return wanted


def database_of(answer):
    """A connection of an answer in the same shape."""
    try:
        extra = json.loads(answer.get("extra") or "{}")
    except ValueError:
        extra = answer["extra"]
    return dict(answer, extra=extra)


def masked(uri):
    """An address as the API shows it: with a password, which is not said."""
    scheme, between, rest = uri.partition("://")
    account, at, place = rest.rpartition("@")
    if not (between and at and account) or ":" in account:
        raise ValueError("uri %r is not like trino://user@host:8443/catalog, without a password" % uri)
    return "%s://%s:XXXXXXXXXX@%s" % (scheme, account, place)


def with_password(uri, quoted):
    scheme, dummy, rest = uri.partition("://")
    account, dummy, place = rest.rpartition("@")
    return "%s://%s:%s@%s" % (scheme, account, quoted, place)
