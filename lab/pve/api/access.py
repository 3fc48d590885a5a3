# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/access: login, permissions, users, tokens, roles, access lists."""

import re

from .. import formats, privileges
from ..access import ROOT, split_token
from ..errors import Die, Forbidden, ParameterError, Unauthorized
from ..router import any_of, everyone, may, route, world
from ..schema import boolean, integer, string

USERID = string("pve-userid", longest=64, required=True)


def _userid(value):
    if not re.fullmatch(r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+", value):
        raise formats.Invalid("value '%s' does not look like a valid user name" % value)


def _privileges(value):
    for name in formats.split_list(value):
        if name not in privileges.ALL:
            raise formats.Invalid("invalid privilege '%s'" % name)


formats.FORMATS["pve-userid"] = _userid
formats.FORMATS["pve-privs"] = _privileges


@route("GET", "/access/ticket", permission=world)
def no_login(call):
    """For the web interface: open to everybody, and says nothing."""


@route("POST", "/access/ticket", {
    "username": string(longest=64, required=True), "password": string(required=True), "otp": string(),
    "realm": string(longest=32), "new-format": boolean(), "path": string(longest=64), "privs": string(longest=64),
    "tfa-challenge": string(),
}, permission=world, tokens=False)
def login(call):
    user = call["username"] + ("@" + call["realm"] if call.get("realm") else "")
    node, password = call.node, call["password"]
    if not node.access.password_fits(user, password) and node.tickets.user_of(password) != user:
        raise Unauthorized("authentication failure", body=True)         # auth-002, auth-005
    return {"username": user, "ticket": node.tickets.make(user), "CSRFPreventionToken": node.tickets.csrf(user),
            "cap": capabilities(node.access, user)}


def capabilities(access, user):
    """What the login shows about the rights of a user, anywhere below the group's path (auth-006, auth-024)."""
    shown = {}
    for group, (path, names) in privileges.CAPABILITIES.items():
        below = [other for other in access.known_paths() if path != "/" and other.startswith(path + "/")]
        held = frozenset().union(*(access.rights(user, other) for other in (path, *below)))
        shown[group] = {name: 1 for name in names if name in held}
    return shown


@route("PUT", "/access/password", {"userid": USERID, "password": string(shortest=5, longest=64, required=True),
                                   "confirmation-password": string()}, permission=everyone, tokens=False)
def change_password(call):
    if call["userid"] != call.user and not call.is_root:
        raise Forbidden("/access/groups, User.Modify")
    call.node.access.set_password(call["userid"], call["password"])


@route("GET", "/access/permissions", {"path": string(), "userid": string()}, permission=everyone)
def permissions(call):
    who = call.get("userid", call.user)
    if who != call.user and split_token(who)[0] != call.user:
        call.require("/access", "Sys.Audit")                            # access-033
    access = call.node.access
    if call.get("path"):
        paths, keep_empty = [call["path"]], True                        # access-027: unknown paths too
    else:
        paths, keep_empty = _interesting_paths(call.node, who), False
    shown = {path: {name: 1 for name in sorted(access.rights(who, path))} for path in paths}
    return {path: held for path, held in shown.items() if held or keep_empty}


def _interesting_paths(node, who):
    base = ["/"] + ["/access", "/nodes", "/pool", "/sdn", "/storage", "/vms"]
    everything = split_token(who)[0] == ROOT
    return [path for path in dict.fromkeys(base + node.access.known_paths())
            if everything or path in node.access.known_paths()]


# ---- users and tokens

def _own(call):
    if call["userid"] != call.user:
        raise Forbidden("/access/groups, User.Modify")


OWN_OR_ADMIN = any_of(_own, may("/access/groups", "User.Modify"))


@route("GET", "/access/users", {"full": boolean(), "enabled": boolean()}, permission=everyone)
def list_users(call):
    admin = call.allowed("/access/groups", "User.Modify", "Sys.Audit", any_of=True)
    return [{"userid": userid, "enable": user.get("enable", 1), "expire": user.get("expire", 0),
             "realm-type": "pam" if userid.endswith("@pam") else "pve"}
            for userid, user in sorted(call.node.access.users.items()) if admin or userid == call.user]


@route("POST", "/access/users", {
    "userid": USERID, "password": string(shortest=8, longest=64), "enable": boolean(), "expire": integer(0),
    "comment": string(longest=2048), "email": string(longest=254), "firstname": string(longest=1024),
    "lastname": string(longest=1024), "groups": string(), "keys": string()},
    permission=may("/access/realm/pve", "Realm.AllocateUser"))
def add_user(call):
    call.node.access.add_user(call["userid"], call.get("password"), int(call.get("enable", 1)),
                              int(call.get("expire", 0)), call.get("comment"))


@route("PUT", "/access/users/{userid}", {"enable": boolean(), "expire": integer(0), "comment": string(),
                                         "append": boolean(), "groups": string()},
       permission=may("/access/groups", "User.Modify"))
def change_user(call):
    user = _user(call)
    user.update({name: int(call[name]) for name in ("enable", "expire") if call.get(name)})
    call.node.access.save()


def _user(call):
    user = call.node.access.users.get(call["userid"])
    if not user:
        raise Die("no such user ('%s')" % call["userid"])
    return user


OF_TOKEN = {"userid": USERID, "tokenid": string(pattern=r"[A-Za-z][A-Za-z0-9.\-_]+", required=True)}
TOKEN_OPTIONS = {**OF_TOKEN, "privsep": boolean(), "expire": integer(0), "comment": string()}


@route("GET", "/access/users/{userid}/token", {"userid": USERID}, permission=OWN_OR_ADMIN)
def list_tokens(call):
    _user(call)
    return [{"tokenid": name, **_shown(token)} for name, token in
            sorted(call.node.access.tokens(call["userid"]).items())]


def _shown(token):
    return {name: token[name] for name in ("expire", "privsep", "comment") if name in token}


def _token(call):
    _user(call)
    token = call.node.access.tokens(call["userid"]).get(call["tokenid"])
    if not token:
        raise Die("no such token '%s' for user '%s'" % (call["tokenid"], call["userid"]))
    return token


@route("GET", "/access/users/{userid}/token/{tokenid}", OF_TOKEN, permission=OWN_OR_ADMIN)
def read_token(call):
    return _shown(_token(call))


@route("POST", "/access/users/{userid}/token/{tokenid}", TOKEN_OPTIONS, permission=OWN_OR_ADMIN)
def add_token(call):
    _user(call)
    access, user, name = call.node.access, call["userid"], call["tokenid"]
    if name in access.tokens(user):
        raise ParameterError({"tokenid": "Token already exists."})      # access-018
    info = {key: call[key] for key in ("privsep", "expire", "comment") if key in call.params}
    secret = access.add_token(user, name, call.flag("privsep", True), expire=call.number("expire"),
                              comment=call.get("comment"))
    return {"full-tokenid": "%s!%s" % (user, name), "value": secret, "info": {"privsep": "1", **info}}


@route("PUT", "/access/users/{userid}/token/{tokenid}", {**TOKEN_OPTIONS, "delete": string("pve-configid-list")},
       permission=OWN_OR_ADMIN)
def change_token(call):
    token = _token(call)
    token.update({name: int(call[name]) for name in ("privsep", "expire") if name in call.params})
    for name in formats.split_list(call.get("delete", "")):
        if name == "comment":
            token.pop(name, None)
    call.node.access.save()
    return _shown(token)


@route("DELETE", "/access/users/{userid}/token/{tokenid}", OF_TOKEN, permission=OWN_OR_ADMIN)
def delete_token(call):
    _token(call)
    del call.node.access.tokens(call["userid"])[call["tokenid"]]
    call.node.access.save()


# ---- roles and access lists

@route("GET", "/access/roles", permission=everyone)
def list_roles(call):
    builtin = [{"roleid": name, "special": 1, "privs": ",".join(sorted(held))}
               for name, held in privileges.ROLES.items()]
    own = [{"roleid": name, "special": 0, "privs": ",".join(sorted(held))}
           for name, held in call.node.access.roles.items()]
    return sorted(builtin + own, key=lambda role: role["roleid"])


@route("POST", "/access/roles", {"roleid": string(pattern=r"[A-Za-z0-9._\-]+", required=True),
                                 "privs": string("pve-privs")}, permission=may("/access", "Sys.Modify"))
def add_role(call):
    access = call.node.access
    if access.role(call["roleid"]) is not None:
        raise Die("create role failed: role '%s' already exists" % call["roleid"])
    access.roles[call["roleid"]] = frozenset(formats.split_list(call.get("privs", "")))
    access.save()


@route("GET", "/access/acl", permission=everyone)
def list_acl(call):
    if not call.allowed("/access", "Sys.Audit") and not call.allowed("/access", "Permissions.Modify"):
        return []
    return call.node.access.acl


@route("PUT", "/access/acl", {
    "path": string(required=True), "roles": string(required=True), "users": string(), "tokens": string(),
    "groups": string(), "propagate": boolean(), "delete": boolean()},
    permission=lambda call: call.require(call.get("path", "/"), "Permissions.Modify"))
def change_acl(call):
    access = call.node.access
    for group in formats.split_list(call.get("groups", "")):
        raise Die("ACL update failed: group '%s' does not exist" % group)      # the lab has no groups
    for role in formats.split_list(call["roles"]):
        if access.role(role) is None:
            raise Die("ACL update failed: role '%s' does not exist" % role)
        for kind, names in (("user", call.get("users", "")), ("token", call.get("tokens", ""))):
            for name in formats.split_list(names):
                _change_one(call, access, kind, name, role)


def _change_one(call, access, kind, name, role):
    user, token = split_token(name)
    if user not in access.users:
        raise Die("ACL update failed: user '%s' does not exist" % user)         # access-011
    if kind == "token" and token not in access.tokens(user):
        raise Die("ACL update failed: no such token '%s' for user '%s'" % (token, user))
    if call.flag("delete"):
        access.revoke(call["path"], name, role, kind)
    else:
        access.grant(call["path"], name, role, kind, int(call.get("propagate", 1)))
