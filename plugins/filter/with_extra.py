# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import difflib
import ipaddress

from ansible.errors import AnsibleFilterError

STATES = ("present", "absent")
FLOW = {"to", "port", "from", "what", "tls"}
OUTGOING = {"to", "port", "from", "what", "protocols"}
BESIDE = ["lakehouse_outgoing"]  # one target may be listed for several groups
PROTOCOLS = ["tcp", "udp"]


def with_extra(default, extra, keep_absent=False, beside=False):
    """Add what a site says to a default list or dict, by name.

    :param default: list of dicts, each known by its ``name`` (and ``organization``), or by ``to`` and ``port``; or a dict of names.
    :param extra: of the same form. An element replaces the default's of its name, in its place; with ``state: absent`` it takes it out. A list
        that is the value of a dict is added to likewise.
    :param keep_absent: keep elements with ``state: absent``, for who reads the list removes them.
    :param beside: keep the list's element of the same name beside what is added; only ``state: absent`` takes it out.
    :returns: a new list or dict.
    :raises AnsibleFilterError: an element has no name, or the two are not of one form.
    """
    if isinstance(default, dict) != isinstance(extra, dict):
        raise AnsibleFilterError("with_extra: a list is added to a list, and a table of names to a table of names")
    if isinstance(default, dict):
        return _table(default, extra)
    if beside:
        gone = [_identity(element) for element in extra if _is_absent(element)]
        return ([element for element in default if _identity(element) not in gone]
                + [{key: value for key, value in element.items() if key != "state"} for element in extra if not _is_absent(element)])
    merged = {_identity(element): element for element in default}
    for element in extra:
        name = _identity(element)
        if _is_absent(element) and not keep_absent:
            merged.pop(name, None)
        else:
            merged[name] = {key: value for key, value in element.items() if key != "state" or value != "present"}
    return list(merged.values())


def _table(default, extra):
    merged = dict(default)
    for name, value in extra.items():
        if _is_absent(value):
            merged.pop(name, None)
        elif isinstance(value, list) and isinstance(merged.get(name), list):
            merged[name] = with_extra(merged[name], value)
        else:
            merged[name] = value
    return merged


def _identity(element):
    """What an element is known by: a tuple of texts, which says itself when joined by a slash."""
    if isinstance(element, dict):
        if "name" in element:
            return tuple(str(element[key]) for key in ("organization", "name") if key in element)
        if "to" in element and "port" in element:
            return (str(element["to"]), str(element["port"]))
    raise AnsibleFilterError("with_extra: an element has no name")


def _is_absent(value):
    return isinstance(value, dict) and value.get("state") == "absent"


def extra_problems(extras, groups, keep_absent=()):
    """Say what is wrong with the additions of a site, each time with the variable and the remedy.

    :param extras: dict of a list's name to its default and what is added, as for :func:`with_extra`.
    :param groups: names of the inventory's groups, by which flows are held.
    :param keep_absent: names of the lists that keep elements with ``state: absent``.
    :returns: list of sentences, empty where all is well. They hold names and keys and no other value.
    """
    said = []
    for name, (default, extra) in extras.items():
        variable = name + "_extra"
        if isinstance(default, list):
            said += _list_problems(variable, default, extra, name in keep_absent, name in BESIDE)
            continue
        for key, value in extra.items():
            if isinstance(value, list) and isinstance(default.get(key), list):
                said += _list_problems("%s, %s" % (variable, key), default[key], value)
            elif _is_absent(value) and key not in default:
                said.append(_nothing_there(variable, key, default))
    default, extra = extras.get("lakehouse_flows", ([], []))
    known = {"admin", *groups, *(group for flow in default for group in [flow["to"], *flow["from"]])}
    said += [problem for flow in extra for problem in _flow_problems("lakehouse_flows_extra", flow, FLOW, known)]
    extra = extras.get("lakehouse_outgoing", ([], []))[1]
    return said + [problem for other in extra for check in (_flow_problems("lakehouse_outgoing_extra", other, OUTGOING, groups), _outside_problems(other))
                   for problem in check]


def _list_problems(variable, default, extra, kept=False, beside=False):
    known = {"/".join(_identity(element)) for element in default}
    seen = set()
    for place, element in enumerate(extra, 1):
        try:
            name = "/".join(_identity(element))
        except AnsibleFilterError:
            yield "%s, element %d, has no name: give it what the elements of the default are known by." % (variable, place)
            continue
        if name in seen and not beside:
            yield "%s has %s twice: keep one." % (variable, name)
        seen.add(name)
        if element.get("state", "present") not in STATES:
            yield "%s, %s: state is %s. There are %s." % (variable, name, element["state"], ", ".join(STATES))
        elif _is_absent(element) and not kept and name not in known:
            yield _nothing_there(variable, name, known)


def _nothing_there(variable, name, known):
    near = difflib.get_close_matches(name, sorted(known), 1)
    return "%s takes out %s, which the default does not have%s: correct the name, or take the line out." % (
        variable, name, " (did you mean %s?)" % near[0] if near else "")


def _flow_problems(variable, flow, keys, groups):
    if not _is_flow(flow):
        return
    name = "%s, %s/%s" % (variable, flow["to"], flow["port"])
    for key in sorted(set(flow) - keys - {"state"}):
        yield "%s: it has %s. There are %s." % (name, key, ", ".join(sorted(keys)))
    for key in sorted({"from", "what"} - set(flow)):
        yield "%s: it has no %s. Add it." % (name, key)
    told = flow.get("from", [])
    if not isinstance(told, list):
        yield "%s: from is no list of groups. Make it one." % name
        told = []
    for group in [flow["to"], *told] if keys is FLOW else told:
        if group not in groups:
            near = difflib.get_close_matches(group, sorted(groups), 1)
            yield "%s: there is no group %s%s. Name one of the inventory%s." % (
                name, group, " (did you mean %s?)" % near[0] if near else "", ", or admin" if "admin" in groups else "")


def _outside_problems(other):
    """What is wrong with where an element of lakehouse_outgoing_extra leads to."""
    if not _is_flow(other):
        return
    name = "lakehouse_outgoing_extra, %s/%s" % (other["to"], other["port"])
    try:
        ipaddress.ip_network(other["to"])
    except ValueError:
        yield "%s: %s is no address and no network, and a firewall knows no names. Write it as in 198.51.100.7 or 198.51.100.0/24." % (name, other["to"])
    told = other.get("protocols", PROTOCOLS)
    if not isinstance(told, list) or not told or set(told) - set(PROTOCOLS):
        yield "%s: protocols is %s. Make it a list of %s." % (name, told, ", ".join(PROTOCOLS))


def _is_flow(flow):
    return isinstance(flow, dict) and {"to", "port"} <= set(flow) and not _is_absent(flow)


class FilterModule:
    """Filters by which a site adds to the collection's lists."""

    def filters(self):
        return {"with_extra": with_extra, "extra_problems": extra_problems}
