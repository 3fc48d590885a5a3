# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, tokens, roles and access lists: who may do what on which path."""

import hashlib
import os
import threading
import time
import uuid

from . import privileges
from .errors import Die, Forbidden

ROOT = "root@pam"
FILE = "access.json"


def split_token(authid):
    """('auto@pve', 'full') of auto@pve!full; ('auto@pve', None) of a user."""
    user, mark, token = authid.partition("!")
    return user, token if mark else None


def hash_password(password):
    salt = os.urandom(8).hex()
    return salt + ":" + hashlib.sha256((salt + password).encode()).hexdigest()


def same_password(stored, password):
    salt, _colon, digest = stored.partition(":")
    return digest == hashlib.sha256((salt + password).encode()).hexdigest()


class Access:
    """The state of /access, with the server's rules of inheritance."""

    def __init__(self, files, pool_of, clock=time.time):
        self.files = files
        self.pool_of = pool_of      # vmid or storage path -> pool, for the rights that a pool gives
        self.clock = clock
        self.lock = threading.RLock()
        stored = files.read_json(FILE, {})
        self.users = stored.get("users", {ROOT: {"enable": 1}})
        self.roles = {name: frozenset(privs) for name, privs in stored.get("roles", {}).items()}
        self.acl = stored.get("acl", [])

    def save(self):
        self.files.write_json(FILE, {"users": self.users, "acl": self.acl,
                                     "roles": {name: sorted(privs) for name, privs in self.roles.items()}})

    # ---- users and tokens

    def add_user(self, userid, password=None, enable=1, expire=0, comment=None):
        with self.lock:
            if userid in self.users:
                raise Die("create user failed: user '%s' already exists" % userid)     # access-006
            self.users[userid] = {"enable": enable, "expire": expire, "tokens": {}}
            if password:
                self.users[userid]["password"] = hash_password(password)
            if comment:
                self.users[userid]["comment"] = comment
            self.save()

    def set_password(self, userid, password):
        self.users[userid]["password"] = hash_password(password)
        self.save()

    def tokens(self, userid):
        return self.users[userid].setdefault("tokens", {})

    def add_token(self, userid, name, privsep=True, secret=None, expire=0, comment=None):
        """Make (or replace) a token; returns its secret."""
        secret = secret or str(uuid.uuid4())
        with self.lock:
            token = {"privsep": int(privsep), "expire": expire, "secret": secret}
            if comment:
                token["comment"] = comment
            self.tokens(userid)[name] = token
            self.save()
        return secret

    def _alive(self, entry):
        return not entry.get("expire") or entry["expire"] > self.clock()

    def usable(self, userid):
        user = self.users.get(userid)
        return bool(user) and bool(user.get("enable", 1)) and self._alive(user)

    def password_fits(self, userid, password):
        user = self.users.get(userid, {})
        return self.usable(userid) and bool(user.get("password")) and same_password(user["password"], password)

    def token_fits(self, authid, secret):
        userid, name = split_token(authid)
        token = self.users.get(userid, {}).get("tokens", {}).get(name) if name else None
        return bool(token) and self.usable(userid) and self._alive(token) and token["secret"] == secret

    # ---- rights

    def role(self, name):
        return self.roles.get(name, privileges.ROLES.get(name))

    def grant(self, path, ugid, role, kind="user", propagate=1):
        with self.lock:
            self.revoke(path, ugid, role, kind)
            self.acl.append({"path": path, "ugid": ugid, "roleid": role, "type": kind, "propagate": propagate})
            self.save()

    def revoke(self, path, ugid, role, kind="user"):
        with self.lock:
            key = (path, ugid, role, kind)
            self.acl = [entry for entry in self.acl
                        if (entry["path"], entry["ugid"], entry["roleid"], entry["type"]) != key]
            self.save()

    def _own(self, kind, ugid, path):
        """Rights by the access list alone: the deepest path that names the identity wins."""
        steps = [""] if path == "/" else path.split("/")
        found = []
        for depth in range(len(steps)):
            here = "/".join(steps[:depth + 1]) or "/"
            entries = [entry for entry in self.acl
                       if entry["path"] == here and entry["ugid"] == ugid and entry["type"] == kind
                       and (entry["propagate"] or here == path)]
            if entries:
                found = [entry["roleid"] for entry in entries]
        if "NoAccess" in found:
            return frozenset()
        return frozenset().union(*(self.role(name) or () for name in found))

    def _with_pool(self, kind, ugid, path):
        rights = self._own(kind, ugid, path)
        pool = self.pool_of(path)
        return rights | self._own(kind, ugid, "/pool/" + pool) if pool else rights

    def rights(self, authid, path):
        """All privileges of a user or token on a path (access-024 ... access-032)."""
        userid, name = split_token(authid)
        of_user = privileges.ALL if userid == ROOT else self._with_pool("user", userid, path)
        if name is None:
            return of_user
        token = self.users.get(userid, {}).get("tokens", {}).get(name)
        if not token:
            return frozenset()
        if not token["privsep"]:
            return of_user
        return of_user & self._with_pool("token", authid, path)

    def allowed(self, authid, path, *wanted, any_of=False):
        rights = self.rights(authid, path)
        held = [name in rights for name in wanted]
        return any(held) if any_of else all(held)

    def require(self, authid, path, *wanted, any_of=False):
        """Raise 403 naming path and privilege; alternatives are joined by |."""
        if not self.allowed(authid, path, *wanted, any_of=any_of):
            missing = wanted if any_of else [name for name in wanted if name not in self.rights(authid, path)]
            raise Forbidden("%s, %s" % (path, "|".join(missing)))

    def known_paths(self):
        return sorted({entry["path"] for entry in self.acl})
