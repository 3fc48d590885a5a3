# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

from ansible.errors import AnsibleFilterError

# What may stand in a line of Trino's files of passwords and of groups, where colons, commas and line breaks part the fields.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

WHO = {"user", "role", "group"}
# The keys of a rule, by section of the file. Trino takes no other, and answers nobody while there is one.
SECTIONS = {
    "catalogs": WHO | {"catalog", "allow"},
    "schemas": WHO | {"catalog", "schema", "owner"},
    "tables": WHO | {"catalog", "schema", "table", "privileges", "columns", "filter", "filter_environment"},
    "functions": WHO | {"catalog", "schema", "function", "privileges"},
    "procedures": WHO | {"catalog", "schema", "procedure", "privileges"},
    "queries": WHO | {"queryOwner", "allow"},
    "impersonation": {"original_user", "original_role", "new_user", "allow"},
    "principals": {"principal", "user", "allow"},
    "system_information": {"user", "role", "allow"},
    "system_session_properties": WHO | {"property", "allow"},
    "catalog_session_properties": WHO | {"catalog", "property", "allow"},
    "authorization": {"original_user", "original_group", "original_role", "new_user", "new_role", "allow"},
}
PRIVILEGES = {
    "tables": {"SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"},
    "functions": {"EXECUTE", "GRANT_EXECUTE", "OWNERSHIP"},
    "procedures": {"EXECUTE", "GRANT_EXECUTE"},
}
ALLOWED = {
    "catalogs": ({"all", "read-only", "none", True, False}, None),
    "queries": (None, {"execute", "view", "kill"}),
    "system_information": (None, {"read", "write"}),
}
COLUMN = {"name", "allow", "mask", "mask_environment"}
NO_PATTERNS = {"allow", "owner", "privileges", "columns", "filter", "filter_environment"}


def trino_name(name):
    """Return the name of a user or group as Trino's files take it.

    :param name: the name.
    :returns: the same name.
    :raises AnsibleFilterError: it holds what would part the fields of a line, or lines.
    """
    if not NAME.fullmatch(str(name)):
        raise AnsibleFilterError("%r is no legal name of a user or group of Trino: use letters, digits, dot, hyphen, underscore" % str(name))
    return str(name)


def trino_people(users, through):
    """Make one entry of each person, who may sign in to Trino and come through another user as well.

    :param users: users who sign in, as ``trino_users`` has them.
    :param through: users who come through another one.
    :returns: the users, with the groups of both entries where a name is in both.
    """
    by_name = {user["name"]: user for user in through}
    names = [user["name"] for user in users]
    return [_both(user, by_name[user["name"]]) if user["name"] in by_name else user for user in users] + [
        user for user in through if user["name"] not in names
    ]


def _both(user, coming):
    groups = list(user.get("groups") or [])
    return {**user, "through": coming["through"], "groups": groups + [group for group in coming.get("groups") or [] if group not in groups]}


def trino_rule_problems(rules):
    """Say what Trino would not read in access rules, each time with the section, the rule and the remedy.

    :param rules: the dict ``trino_access_rules``.
    :returns: list of sentences, empty where all is well.
    """
    said = []
    for section, given in rules.items():
        if section not in SECTIONS:
            said.append("trino_access_rules has the section %s. There are %s." % (section, ", ".join(SECTIONS)))
        elif not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
            said.append("trino_access_rules, %s: it is no list of rules. Make it one." % section)
        else:
            said += ["trino_access_rules, %s, rule %d: %s" % (section, place, fault) for place, rule in enumerate(given, 1) for fault in _faults(section, rule)]
    return said


def _faults(section, rule):
    for key in sorted(set(rule) - SECTIONS[section]):
        yield "it has %s. There are %s." % (key, ", ".join(sorted(SECTIONS[section])))
    for key in sorted(set(rule) & SECTIONS[section] - NO_PATTERNS):
        if not _is_pattern(rule[key]):
            yield "%s is %r, which is no regular expression. Write one, as text." % (key, rule[key])
    if section in PRIVILEGES:
        yield from _not_among("privileges", rule.get("privileges"), PRIVILEGES[section])
    single, several = ALLOWED.get(section, ({True, False}, None))
    if several:
        yield from _not_among("allow", rule.get("allow"), several)
    elif "allow" in rule and rule["allow"] not in single:
        yield "allow is %r. There are %s." % (rule["allow"], ", ".join(sorted(map(str, single))))
    for column in rule.get("columns") or []:
        if not isinstance(column, dict) or "name" not in column or set(column) - COLUMN:
            yield "columns has %r. Each has a name, and may have %s." % (column, ", ".join(sorted(COLUMN - {"name"})))


def _not_among(key, given, known):
    if not isinstance(given, list):
        yield "%s is %r. List any of %s." % (key, given, ", ".join(sorted(known)))
        return
    for value in given:
        if value not in known:
            yield "%s has %r. There are %s." % (key, value, ", ".join(sorted(known)))


def _is_pattern(value):
    if not isinstance(value, str):
        return False
    try:
        re.compile(re.sub(r"\\[pP]\{\w+\}", "x", value))  # classes of Unicode, which Java knows and Python does not
    except re.error:
        return False
    return True


class FilterModule:
    """Filters for Trino's users, groups and access rules."""

    def filters(self):
        return {"trino_name": trino_name, "trino_people": trino_people, "trino_rule_problems": trino_rule_problems}
