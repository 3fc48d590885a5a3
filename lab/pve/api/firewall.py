# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall options and rules of a container: kept and shown, with their own digest. The lab does not enforce them."""

import hashlib
import ipaddress
import json

from .. import formats
from ..errors import Die, ParameterError
from ..formats import Invalid, split_list
from ..router import everyone, may, route
from ..schema import boolean, enum, integer, string

BASE = "/nodes/{node}/lxc/{vmid}/firewall"
AUDIT = may("/vms/{vmid}", "VM.Audit")
CHANGE = may("/vms/{vmid}", "VM.Config.Network")
LEVELS = enum("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog")
POLICY = enum("ACCEPT", "REJECT", "DROP")
FLAGS = ("dhcp", "enable", "ipfilter", "macfilter", "ndp", "radv")
OPTIONS = {**{name: boolean() for name in FLAGS}, "log_level_in": LEVELS, "log_level_out": LEVELS,
           "policy_in": POLICY, "policy_out": POLICY}
CONTROL = {"delete": string("pve-configid-list"), "digest": string(longest=64)}


def _address(value):
    """Addresses and networks by comma; +set and alias names are taken as they are."""
    for part in value.split(","):
        if part.startswith("+") or part[:1].isalpha() and "/" not in part:
            continue
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise Invalid("invalid IP address: Invalid chars in IP %s" % part.partition("/")[0]) from None


formats.FORMATS["pve-fw-addr-spec"] = _address

RULE = {
    "action": string(pattern=r"[A-Za-z][A-Za-z0-9_-]+", shortest=2, longest=20),
    "type": enum("in", "out", "forward", "group"),
    "comment": string(), "dest": string("pve-fw-addr-spec", longest=512), "dport": string(), "enable": integer(0),
    "icmp-type": string(), "iface": string(shortest=2, longest=20), "log": LEVELS, "macro": string(longest=128),
    "proto": string(), "source": string("pve-fw-addr-spec", longest=512), "sport": string(),
}
NEW_RULE = {**RULE, "action": string(pattern=r"[A-Za-z][A-Za-z0-9_-]+", shortest=2, longest=20, required=True),
            "type": enum("in", "out", "forward", "group", required=True)}
NEEDS_PROTO = ("dport", "sport", "icmp-type")


def _name(vmid):
    return "firewall/%s.json" % vmid


def _load(call):
    return call.node.files.read_json(_name(call["vmid"]), {"options": {}, "rules": []})


def _save(call, state):
    call.node.files.write_json(_name(call["vmid"]), state)


def forget(node, vmid):
    node.files.delete(_name(vmid))


def _digest(part):
    return hashlib.sha1(json.dumps(part, sort_keys=True).encode()).hexdigest()


def _check_digest(call, part):
    if call.get("digest") and call["digest"] != _digest(part):
        raise Die("detected modified configuration - file changed by other user? Try again.")


@route("GET", BASE, permission=everyone)
def index(call):
    return [{"name": name} for name in ("options", "rules")]


@route("GET", BASE + "/options", permission=AUDIT)
def read_options(call):
    """Also for a container that does not exist: nothing is set (firewall-022)."""
    options = _load(call)["options"]
    return {**{name: int(value) if name in FLAGS else value for name, value in options.items()},
            "digest": _digest(options)}


@route("PUT", BASE + "/options", {**OPTIONS, **CONTROL}, permission=CHANGE)
def change_options(call):
    state = _load(call)
    _check_digest(call, state["options"])
    for name in split_list(call.get("delete", "")):
        if name not in OPTIONS:
            raise ParameterError({"delete": "no such option '%s'" % name})
        state["options"].pop(name, None)
    state["options"].update({name: call[name] for name in OPTIONS if name in call.params})
    _save(call, state)


def _shown(rule, position):
    shown = {**rule, "pos": position, "enable": int(rule.get("enable", 0))}
    address = (rule.get("source") or rule.get("dest", "")).split(",")[0]
    if address[:1].isdigit():
        shown["ipversion"] = ipaddress.ip_network(address, strict=False).version
    return shown


@route("GET", BASE + "/rules", permission=AUDIT)
def read_rules(call):
    rules = _load(call)["rules"]
    return [{**_shown(rule, position), "digest": _digest(rules)} for position, rule in enumerate(rules)]


def _at(call, rules):
    position = int(call["pos"])
    if position >= len(rules):
        raise Die("no rule at position %d" % position)
    return position


@route("GET", BASE + "/rules/{pos}", {"pos": integer(0)}, permission=AUDIT)
def read_rule(call):
    rules = _load(call)["rules"]
    position = _at(call, rules)
    return {**_shown(rules[position], str(position)), "digest": _digest(rules)}    # pos is text here (firewall-008)


def _check_rule(rule):
    for name in NEEDS_PROTO:
        if rule.get(name) and not rule.get("proto"):
            raise ParameterError({"proto": "missing property - '%s' requires this property" % name})


@route("POST", BASE + "/rules", {**NEW_RULE, "pos": integer(0), "digest": string(longest=64)}, permission=CHANGE)
def add_rule(call):
    """Goes to the top, whatever `pos` says, and is off unless `enable` is sent (firewall-007)."""
    state = _load(call)
    _check_digest(call, state["rules"])
    rule = {name: call[name] for name in RULE if name in call.params}
    _check_rule(rule)
    rule.setdefault("enable", "0")
    state["rules"].insert(0, rule)
    _save(call, state)


@route("PUT", BASE + "/rules/{pos}", {**RULE, **CONTROL, "moveto": integer(0), "pos": integer(0)},
       permission=CHANGE)
def change_rule(call):
    state = _load(call)
    rules = state["rules"]
    _check_digest(call, rules)
    position = _at(call, rules)
    if call.get("moveto"):
        target = int(call["moveto"])
        rule = rules.pop(position)
        rules.insert(target - 1 if target > position else target, rule)
    else:
        changed = {**rules[position], **{name: call[name] for name in RULE if name in call.params}}
        for name in split_list(call.get("delete", "")):
            changed.pop(name, None)
        _check_rule(changed)
        rules[position] = changed
    _save(call, state)


@route("DELETE", BASE + "/rules/{pos}", {"pos": integer(0), "digest": string(longest=64)},
       permission=CHANGE)
def delete_rule(call):
    state = _load(call)
    _check_digest(call, state["rules"])
    del state["rules"][_at(call, state["rules"])]
    _save(call, state)
