# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks requests against Proxmox VE's own description of its API, which lies outside of this repository."""

from __future__ import annotations

import functools
import json
import os
import re

from pathlib import Path

FOLDER = Path(os.environ.get("LAKEHOUSE_PVE_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
SCHEMA = FOLDER / "pve-api.json"
WORDS = r"0|1|on|off|yes|no|true|false"
TYPES = {"boolean": r"0|1", "integer": r"[+-]?\d+", "number": r"[+-]?\d*\.?\d+", "string": r"(?s).*"}


@functools.cache
def routes() -> list[tuple[re.Pattern, dict]]:
    """Each path as a pattern, those without variables first."""
    paths = json.loads(SCHEMA.read_text(encoding="utf-8"))["paths"]
    patterns = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.+)" if "{volume}" in path else r"(?P<\1>[^/]+)", path)), methods)
                for path, methods in sorted(paths.items(), key=lambda item: item[0].count("{"))]
    return patterns


def problems_of_request(method: str, path: str, params: dict) -> list[str]:
    """What the official description says against a request."""
    for pattern, methods in routes():
        match = pattern.fullmatch(path)
        if match and method in methods:
            description = methods[method]["parameters"].get("properties", {})
            return problems_of_values(description, dict({name: str(value) for name, value in params.items()}, **match.groupdict()))
    return ["%s %s: no such route" % (method, path)]


def problems_of_values(description: dict, values: dict[str, str], inside: bool = False) -> list[str]:
    """Missing, unknown and ill-formed values."""
    found = [name + ": missing" for name, rule in description.items() if not rule.get("optional") and name not in values]
    for name, value in values.items():
        rule = description.get(name) or description.get(re.sub(r"\d+$", "[n]", name))
        if rule is None:
            found.append(name + ": unknown")
        else:
            found += ["%s: %s" % (name, problem) for problem in problems_of_value(rule, value, inside)]
    return found


def problems_of_value(rule: dict, value: str, inside: bool) -> list[str]:
    kind = rule.get("type", "string")
    if not re.fullmatch(WORDS if inside and kind == "boolean" else TYPES[kind], value):
        return ["%r is no %s" % (value, kind)]
    found = []
    if isinstance(rule.get("format"), dict):
        found += problems_of_property_string(rule["format"], value)
    if rule.get("enum") and value not in rule["enum"]:
        found.append("%r is not one of %s" % (value, rule["enum"]))
    if rule.get("pattern") and not re.fullmatch(rule["pattern"].replace("(?^:", "(?:"), value):
        found.append("%r does not match %s" % (value, rule["pattern"]))
    if "maxLength" in rule and len(value) > int(rule["maxLength"]):
        found.append("is too long")
    if "minimum" in rule and float(value) < float(rule["minimum"]) or "maximum" in rule and float(value) > float(rule["maximum"]):
        found.append("%s is out of range" % value)
    return found


def problems_of_property_string(description: dict, value: str) -> list[str]:
    default = next((name for name, rule in description.items() if rule.get("default_key")), None)
    values: dict[str, str] = {}
    for part in value.split(","):
        key, equals, text = part.partition("=")
        if not equals:
            key, text = default, part
        if key in values:
            return ["%s is there twice" % key]
        values[key] = text
    return problems_of_values(description, values, inside=True)
