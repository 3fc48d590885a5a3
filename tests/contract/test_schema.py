# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's routes and parameters say what the official description says."""

from __future__ import annotations

import re

import pytest

from lab.pve.api import ROUTER
from tests.contract import reference

pytestmark = pytest.mark.skipif(not reference.SCHEMA.is_file(), reason="the schema is not there")

# Routes that the extract of the description does not hold.
NOT_IN_EXTRACT = {"/access/password", "/access/users/{userid}", "/cluster/ha", "/nodes/{node}/lxc/{vmid}/firewall"}
# Parameters that the lab does not take, or that the extract does not know, by path.
NOT_TAKEN = {
    ("PUT", "/cluster/options"): None,      # datacenter options: only those that change how guests are handled
    ("POST", "/storage"): None,             # storages: only the kinds that the lab has
    ("GET", "/storage"): None,
    ("POST", "/access/ticket"): None,       # one-time passwords and other realms are not there
    ("GET", "/nodes/{node}/network"): None,
    ("POST", "/nodes/{node}/vzdump"): None,     # whole-node jobs, retention, mails and limits are not there
}
NEWER = {"idmap"}       # of mount points: pve-container 6.1.6
CHECKED = ("kind", "low", "high", "shortest", "longest", "required", "enum", "format")


def offered():
    for route in ROUTER.routes:
        methods = reference.schema()["paths"].get(route.path, {})
        if route.method in methods:
            yield pytest.param(route, methods[route.method], id="%s %s" % (route.method, route.path))


def cases():
    return list(offered()) if reference.SCHEMA.is_file() else []


@pytest.mark.parametrize(("route", "description"), cases())
def test_parameters_agree(route, description):
    theirs = description["parameters"].get("properties", {})
    ignored = NOT_TAKEN.get((route.method, route.path), set())
    ours = route.params
    names = {re.sub(r"^(net|mp|dev|unused)\d+$", r"\1[n]", name) for name in ours}
    if ignored is not None:
        assert names == set(theirs)
    for name, rule in theirs.items():
        param = ours.get(name.replace("[n]", "0"))
        if param is not None and hasattr(param, "kind"):
            found = list(differences(param, rule))
            if name in route.variables:     # part of the path, so it is always there
                found = [text for text in found if not text.startswith("required")]
            assert not found, name


def differences(param, rule):
    """Where our description of a parameter is not theirs."""
    low, high = (float(rule[key]) if key in rule else None for key in ("minimum", "maximum"))
    for what, ours, theirs in (
        ("type", param.kind, rule["type"]),
        ("required", bool(param.required), not rule.get("optional")),
        ("minimum", param.low, low), ("maximum", param.high, high),
        ("minLength", param.shortest, rule.get("minLength")), ("maxLength", param.longest, rule.get("maxLength")),
        ("enum", list(param.enum) if param.enum else None, rule.get("enum")),
    ):
        if ours != theirs:
            yield "%s: %r, not %r" % (what, ours, theirs)
    if isinstance(rule.get("format"), dict):
        if set(param.props.keys) - NEWER != set(rule["format"]):
            yield "keys: %r" % (set(param.props.keys) ^ set(rule["format"]))
        for name, inner in rule["format"].items():
            yield from ("%s.%s" % (name, text) for text in differences(param.props.keys[name], inner))


@pytest.mark.parametrize(("route", "description"), cases())
def test_tokens_and_permissions_agree(route, description):
    assert route.tokens == bool(description.get("allowtoken", 1))
    permissions = description.get("permissions") or {}
    declared = getattr(route.permission, "declared", None)
    check = permissions.get("check")
    if check and check[0] == "perm" and declared and route.path != "/cluster/options":
        assert declared == (check[1], tuple(check[2]), check[3:4] == ["any"])
    if permissions.get("user") == "all" and not check:
        assert declared is None


def test_every_route_is_official():
    """The lab invents no path."""
    paths = reference.schema()["paths"]
    unknown = {route.path for route in ROUTER.routes if route.path not in paths} - NOT_IN_EXTRACT
    assert not unknown
