# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: which function answers which method and path, with its parameters and its declared permission."""

import re

from .errors import ApiError, Die, Forbidden, NotImplementedHere, ParameterError
from .schema import string, integer, verify

# Path variables and what they must look like.
IN_PATH = {
    "node": string("pve-node", required=True),
    "vmid": integer(100, 999999999, format="pve-vmid", required=True),
    "storage": string("pve-storage-id", required=True),
    "snapname": string("pve-configid", longest=40, required=True),
}
GREEDY = {"volume", "poolid"}      # may hold slashes


class Route:
    def __init__(self, method, path, handler, params, permission, tokens):
        self.method = method
        self.path = path
        self.handler = handler
        self.permission = permission
        self.tokens = tokens
        self.variables = re.findall(r"\{(\w+)\}", path)
        self.params = {**params, **{name: IN_PATH.get(name, string(required=True))
                                    for name in self.variables if name not in params}}
        pattern = re.sub(r"\{(\w+)\}", lambda match: "(?P<%s>%s)" % (match[1], ".+" if match[1] in GREEDY else "[^/]+"),
                         path)
        self.regex = re.compile(pattern)


class Router:
    def __init__(self):
        self.routes = []

    def route(self, method, path, params=None, permission=None, tokens=True):
        """Decorator. Without a permission the route is root@pam's alone."""
        def register(handler):
            self.routes.append(Route(method, path, handler, params or {}, permission, tokens))
            return handler
        return register

    def find(self, method, path):
        """(route, path variables); literal paths win over variable ones."""
        hits = [(route, match) for route in self.routes if route.method == method
                for match in [route.regex.fullmatch(path)] if match]
        if not hits:
            raise NotImplementedHere(method, path)
        route, match = min(hits, key=lambda hit: len(hit[0].variables))
        return route, match.groupdict()


ROUTER = Router()
route = ROUTER.route


class Reply:
    """An answer with more in the envelope than `data`."""

    def __init__(self, data, **envelope):
        self.body = {"data": data, **envelope}


class Call:
    """One request on its way: who asks, what for, with which parameters."""

    def __init__(self, node, method, path, authid, by_token, params):
        self.node = node
        self.method = method
        self.path = path
        self.user = authid
        self.by_token = by_token
        self.params = params

    def __getitem__(self, name):
        return self.params[name]

    def get(self, name, default=None):
        return self.params.get(name, default)

    def flag(self, name, default=False):
        return self.params.get(name, "1" if default else "0") == "1"

    def number(self, name, default=0):
        return int(self.params.get(name, default))

    @property
    def is_root(self):
        """True for root@pam by ticket only: a token, even root's own, is never root (rights-008)."""
        return self.user == "root@pam"

    def allowed(self, path, *privileges, any_of=False):
        return self.node.access.allowed(self.user, path, *privileges, any_of=any_of)

    def require(self, path, *privileges, any_of=False):
        self.node.access.require(self.user, path, *privileges, any_of=any_of)

    def task(self, kind, ident, work):
        return self.node.tasks.start(kind, str(ident), self.user, work)


# ---- permissions, as data of a route

def everyone(call):
    """Any caller that is signed in; the handler hides what he may not see."""


def world(call):
    """Not even signed in."""


def may(path, *privileges, any_of=False):
    def check(call):
        filled = re.sub(r"\{(\w+)\}", lambda match: call.get(match[1], ""), path)
        call.require(filled, *privileges, any_of=any_of)
    check.declared = (path, privileges, any_of)
    return check


def all_of(*checks):
    def check(call):
        for part in checks:
            part(call)
    return check


def any_of(*checks):
    """The first that passes; the refusal of the last one otherwise."""
    def check(call):
        refusal = Forbidden()
        for part in checks:
            try:
                return part(call)
            except Forbidden as err:
                refusal = err
        raise refusal
    return check


# ---- from a request to an answer, in the server's order

def dispatch(node, method, path, authid, by_token, sent):
    """Find, permit, check and run. Returns the answer's body; raises ApiError."""
    found, variables = ROUTER.find(method, path)
    clash = {name: "duplicate parameter (already defined in URI) with conflicting values!"
             for name in variables if name in sent and sent[name] != variables[name]}
    if clash:
        raise ParameterError(clash)                                     # protocol-016
    call = Call(node, method, path, authid, by_token, {**sent, **variables})
    if by_token and not found.tokens:
        raise Forbidden("URI '%s' not available with API token, need proper ticket.\n" % path)     # auth-020
    _permit(call, found)
    if variables.get("node", node.name) not in (node.name, "localhost"):
        raise _unknown_node(variables["node"])
    _join_lists(found, call.params)
    verify(found.params, call.params)
    answer = found.handler(call)
    return answer.body if isinstance(answer, Reply) else {"data": answer}


def _permit(call, found):
    if found.permission:
        found.permission(call)
    elif not call.is_root:
        raise Forbidden()


def _unknown_node(name):
    legal = re.fullmatch(r"[A-Za-z0-9.-]+", name)
    cause = "Temporary failure in name resolution" if legal else "Name or service not known"
    return Die("hostname lookup '%s' failed - failed to get address info for: %s: %s" % (name, name, cause))


def _join_lists(found, params):
    """A key sent more than once is a list; only `-list` formats take one (put-stopped-040)."""
    for name, value in params.items():
        if isinstance(value, list) and name in found.params and found.params[name].is_list:
            params[name] = ",".join(str(item) for item in value)


__all__ = ["ApiError", "Call", "Reply", "ROUTER", "all_of", "any_of", "dispatch", "everyone", "may", "route", "world"]
