# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's own description of its API, and what it says about an answer."""

from __future__ import annotations

import functools
import re

from tests.contract import reference

# The description is of one kind where the server answers another: the recordings show which is true.
LOOSE = {
    "boolean": (bool, int, str),    # 0 and 1, sometimes as text (firewall, token info)
    "integer": (int, float, str),   # counters with fractions; `pos` of one rule is text
    "number": (int, float, str),    # cpulimit is text
    "string": (str, int, float),    # versions and sizes
}


@functools.cache
def routes():
    """[(pattern, path, methods)], literal paths before those with variables."""
    found = []
    for path, methods in sorted(reference.schema()["paths"].items(), key=lambda item: item[0].count("{")):
        pattern = re.sub(r"\{(\w+)\}", lambda match: "(?P<%s>%s)" % (
            match[1], ".+" if match[1] in ("volume", "poolid") else "[^/]+"), path)
        found.append((re.compile(pattern), path, methods))
    return found


def find(method, path):
    """(path with variables, description), or (None, None) when the description does not have it."""
    for pattern, template, methods in routes():
        if method in methods and pattern.fullmatch(path):
            return template, methods[method]
    return None, None


def problems_of_answer(method, path, data):
    """What the description says against the `data` of an answer. More keys are allowed: real ones have them."""
    _template, description = find(method, path)
    if description is None:
        return []
    found = []
    _check("data", description.get("returns", {}), data, found)
    return found


def _check(where, rule, value, found):
    kind = rule.get("type")
    if value is None:
        if kind not in (None, "null", "any") and not rule.get("optional"):
            found.append("%s is null, not %s" % (where, kind))
    elif kind == "null":
        found.append("%s is %r, not null" % (where, value))
    elif kind == "array":
        if not isinstance(value, list):
            found.append("%s is no list" % where)
        else:
            for index, item in enumerate(value):
                _check("%s[%d]" % (where, index), rule.get("items", {}), item, found)
    elif kind == "object":
        _check_object(where, rule, value, found)
    elif kind in LOOSE and not isinstance(value, LOOSE[kind]):
        found.append("%s is %r, not %s" % (where, value, kind))
    elif rule.get("enum") and value not in rule["enum"]:
        found.append("%s is %r, not one of %s" % (where, value, rule["enum"]))


def _check_object(where, rule, value, found):
    if not isinstance(value, dict):
        found.append("%s is no object" % where)
        return
    for name, inner in rule.get("properties", {}).items():
        if name in value:
            _check("%s.%s" % (where, name), inner, value[name], found)
        elif not inner.get("optional") and "[n]" not in name:
            found.append("%s.%s is missing" % (where, name))
