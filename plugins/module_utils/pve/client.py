# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of Proxmox VE's API over proxmoxer: exact errors, safe retries, tasks.

Retried is only what is known to be safe: reads whenever the server could not be reached, and writes that the server refused
because of a lock (it did nothing). A write whose outcome is unknown raises ``UncertainError``; the caller reads the state
again and decides.
"""

from __future__ import annotations

import random
import re
import time
import traceback

from dataclasses import dataclass
from typing import Any, Callable

try:
    import proxmoxer
    import requests
    from proxmoxer.core import AuthenticationError, ResourceException
    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

_LOCKED = re.compile(r"is locked \(|got timeout|got lock request timeout")
_DIGEST = "detected modified configuration"
_GATEWAY = (595, 596, 599)
_READ_ATTEMPTS = 6
LOG_LINES = 50

_HINTS = (
    (r"pool '(?P<pool>[^']*)' does not exist", "make the pool {pool} (pveum pool add {pool}), or correct pool"),
    (r"Sys.Modify for modifying tag '(?P<tag>[^']*)'",
     "the datacenter's options reserve the tag {tag} (registered-tags, or user-tag-access does not allow free tags): leave it out of tags, "
     "allow it there, or grant Sys.Modify on /"),
    (r"storage '(?P<storage>[^']*)' does not exist", "correct the name of the storage, or make it; pvesm status on the node lists what there is"),
    (r"Permission check failed \((?P<path>/[^,)]*), (?P<privilege>[^)]+)\)",
     "grant {privilege} on {path} to the token, and to its user when the token has privilege separation"),
    (r"only allowed for root@pam|Only root may use this option",
     "Proxmox VE keeps this for root@pam with its password; no token may do it, not even root's"),
    (r"Permission check failed", "the token lacks a privilege; a token with privilege separation starts with none"),
    (r"Authentication failed!|invalid token", "check api_user, api_token_id and api_token_secret; Proxmox VE does not say which is wrong"),
    (r"authentication failure|Couldn't authenticate.*code: 401", "check api_user (with its realm, like root@pam) and api_password"),
    (r"is locked \(", "another operation holds the lock; if it is a leftover, run pct unlock on the node"),
    (r"Hostname mismatch|IP address mismatch|doesn't match",
     "api_host is not among the names in the server's certificate; give one that is, like the node's own"),
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", "give the CA of the server in ca_path"),
    (r"no quorum", "the cluster has lost its quorum; see pvecm status on a node"),
)


class PveError(Exception):
    """A failed call or task, with all that the server said about it."""

    def __init__(self, message: str, status: int = 0, errors: dict[str, str] | None = None, call: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.errors = errors or {}
        self.call = call
        self.details = details

    def __str__(self) -> str:
        text = self.message
        if self.errors:
            text += " (%s)" % "; ".join("%s: %s" % (name, str(why).strip()) for name, why in sorted(self.errors.items()))
        return "%s: %s" % (self.call, text) if self.call else text

    def says(self, *texts: str) -> bool:
        """Whether the server's message, or that of one parameter, holds one of the texts."""
        told = " ".join([self.message] + [str(why) for why in self.errors.values()])
        return any(text in told for text in texts)

    def as_result(self) -> dict[str, Any]:
        """The fields for fail_json."""
        result = dict(self.details, status=self.status, errors=self.errors)
        hint = find_hint(str(self))
        if hint:
            result["hint"] = hint
        return result


class LockedError(PveError):
    """The container or storage is locked; nothing was done."""


class DigestError(PveError):
    """Somebody else changed the configuration after it was read; nothing was done."""


class UncertainError(PveError):
    """The connection broke or a proxy gave up: the write may or may not have happened, or may still be going on."""


class TaskError(PveError):
    """A task ended badly; ``details`` has its upid, exitstatus and log."""


class TaskTimeout(PveError):
    """A task was still running at its deadline."""


def find_hint(text: str) -> str:
    """What a person can do about a known error."""
    for pattern, hint in _HINTS:
        match = re.search(pattern, text)
        if match:
            return hint.format(**match.groupdict())
    return ""


@dataclass(frozen=True)
class Task:
    """How a task ended."""

    upid: str
    type: str
    exitstatus: str
    seconds: float
    warnings: tuple[str, ...] = ()

    def as_result(self) -> dict[str, Any]:
        """The fields that a module returns."""
        return {"upid": self.upid, "type": self.type, "exitstatus": self.exitstatus, "seconds": self.seconds}


def split_upid(upid: str) -> tuple[str, str]:
    """Node and type of a task, from its id ``UPID:node:pid:pstart:starttime:type:id:user:``."""
    parts = upid.split(":")
    if len(parts) != 9 or parts[0] != "UPID":
        raise PveError("%r is not the id of a task" % upid)
    return parts[1], parts[5]


def is_upid(value: Any) -> bool:
    """Whether an answer is the id of a task (some calls answer nothing and are done at once)."""
    return isinstance(value, str) and value.startswith("UPID:")


@dataclass(frozen=True)
class Connection:
    """Where and as whom to connect."""

    host: str
    port: int
    user: str
    token_id: str = ""
    token_secret: str = ""
    password: str = ""
    verify: bool | str = True
    proxy: str = ""
    connect_timeout: float = 5
    read_timeout: float = 60

    @property
    def identity(self) -> str:
        """The name that the server checks rights of; a token is never its user."""
        return "%s!%s" % (self.user, self.token_id) if self.token_id else self.user


class Client:
    """The API, one method per HTTP verb; paths without a leading slash, parameters as text."""

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, connection: Connection, lock_timeout: float = 60) -> None:
        self.connection = connection
        self.lock_timeout = lock_timeout
        self._full_message = ""
        self._renewed = False
        self._api = self._connect()

    def _connect(self) -> Any:
        api = self._retry_reads("POST /access/ticket", self._sign_in)
        session = api._store["session"]
        session.trust_env = False
        session.hooks["response"].append(self._keep_message)
        return api

    def _sign_in(self) -> Any:
        wanted = self.connection
        # Without None here, the requests library would take proxies from the environment.
        proxies = {scheme: wanted.proxy or None for scheme in ("http", "https", "all")}
        auth: dict[str, Any] = {"token_name": wanted.token_id, "token_value": wanted.token_secret}
        if not wanted.token_id:
            auth = {"password": wanted.password}
        try:
            return proxmoxer.ProxmoxAPI(
                wanted.host, port=wanted.port, user=wanted.user, verify_ssl=wanted.verify, proxies=proxies,
                timeout=(wanted.connect_timeout, wanted.read_timeout), **auth)
        except AuthenticationError as error:
            status = re.search(r"code: (\d+)", str(error))
            code = int(status.group(1)) if status else 401
            raise (UncertainError if code in _GATEWAY else PveError)(str(error), code, call="POST /access/ticket") from error

    def _keep_message(self, response: Any, *dummy: Any, **unused: Any) -> None:
        """Keep the whole message of a failed call: proxmoxer has only its first line, from the reason phrase."""
        self._full_message = ""
        if response.status_code >= 400:
            try:
                self._full_message = str(response.json().get("message") or "").strip()
            except (ValueError, AttributeError):
                self._full_message = ""

    def get(self, path: str, /, **params: Any) -> Any:
        """Read; tried again for a while when the server can not be reached."""
        return self._retry_reads("GET /" + path, lambda: self._call("GET", path, params))

    def get_once(self, path: str, /, **params: Any) -> Any:
        """Read what can be done without: a node that is away costs one time limit, not six."""
        return self._call("GET", path, params)

    def write(self, method: str, path: str, params: dict[str, Any] | None = None) -> Any:
        """Change something; tried again only while the server refuses because of a lock."""
        deadline = self.clock() + self.lock_timeout
        pause = 0.5
        while True:
            try:
                return self._call(method, path, params or {})
            except LockedError:
                if self.clock() + pause > deadline:
                    raise
                self._pause(pause)
                pause = min(pause * 1.5, 5)

    def _pause(self, seconds: float) -> None:
        self.sleep(seconds * random.uniform(0.75, 1.25))

    def _retry_reads(self, call: str, read: Callable[[], Any]) -> Any:
        pause = 0.2
        for attempt in range(1, _READ_ATTEMPTS + 1):
            try:
                return self._guard(call, read)
            except UncertainError:
                if attempt == _READ_ATTEMPTS:
                    raise
                self._pause(pause)
                pause *= 2

    def _guard(self, call: str, read: Callable[[], Any]) -> Any:
        """Turn the libraries' connection errors into ours; a broken certificate is no matter of trying again."""
        try:
            return read()
        except requests.exceptions.SSLError as error:
            raise PveError(self.scrub(str(error)), call=call) from error
        except requests.exceptions.RequestException as error:
            raise UncertainError(self.scrub(str(error)), call=call) from error

    def _call(self, method: str, path: str, params: dict[str, Any]) -> Any:
        call = "%s /%s" % (method, path)
        resource = self._api(path)
        verb = {"GET": resource.get, "POST": resource.post, "PUT": resource.put, "DELETE": resource.delete}[method]
        try:
            return self._guard(call, lambda: verb(**params))
        except ResourceException as error:
            if error.status_code == 401 and self._renew_ticket():
                return self._call(method, path, params)
            raise self._translate(error, call) from error

    def _renew_ticket(self) -> bool:
        """Sign in again, once, after a ticket has expired; a token can not be renewed."""
        if self.connection.token_id or self._renewed:
            return False
        self._renewed = True
        self._api = self._connect()
        return True

    def _translate(self, error: Any, call: str) -> PveError:
        message = self.scrub(self._full_message or str(error.content).split(" - {", 1)[0])
        errors = error.errors if isinstance(error.errors, dict) else {}
        if isinstance(errors.get("errors"), bytes):
            errors = {}  # proxmoxer's way to say that the body was no JSON
        kind = PveError
        if error.status_code in _GATEWAY:
            kind = UncertainError
        elif _DIGEST in message:
            kind = DigestError
        elif error.status_code == 500 and _LOCKED.search(message):
            kind = LockedError
        return kind(message, error.status_code, {name: self.scrub(str(why)) for name, why in errors.items()}, call)

    def scrub(self, text: str) -> str:
        """The text without our own secrets."""
        for secret in (self.connection.token_secret, self.connection.password):
            if secret:
                text = text.replace(secret, "********")
        return text

    def wait(self, upid: str, timeout: float, abort: bool = False) -> Task:
        """Wait for a task; only OK and WARNINGS are success. At the deadline it is left running unless ``abort``."""
        node, kind = split_upid(upid)
        begin = self.clock()
        pause = 0.2
        while True:
            status = self.get("nodes/%s/tasks/%s/status" % (node, upid))
            seconds = round(self.clock() - begin, 1)
            if status["status"] == "stopped":
                return self._judge(upid, kind, str(status.get("exitstatus", "")), seconds)
            if seconds + pause > timeout:
                return self._give_up(node, upid, kind, timeout, abort)
            self.sleep(pause)
            pause = min(pause * 1.3, 2)

    def log(self, upid: str) -> list[str]:
        """The last lines of a task's log."""
        lines = self.get("nodes/%s/tasks/%s/log" % (split_upid(upid)[0], upid), limit=0) or []
        return [self.scrub(str(line.get("t", ""))) for line in lines][-LOG_LINES:]

    def _judge(self, upid: str, kind: str, exitstatus: str, seconds: float) -> Task:
        if exitstatus == "OK":
            return Task(upid, kind, exitstatus, seconds)
        if exitstatus.startswith("WARNINGS"):
            warnings = tuple(line for line in self.log(upid) if re.match(r"(?i)warn", line))
            return Task(upid, kind, exitstatus, seconds, warnings or (exitstatus,))
        locked = LockedError if _LOCKED.search(exitstatus) else TaskError
        raise locked("task %s failed: %s" % (kind, self.scrub(exitstatus)), upid=upid, exitstatus=self.scrub(exitstatus), log=self.log(upid))

    def _give_up(self, node: str, upid: str, kind: str, timeout: float, abort: bool) -> Task:
        fate = "is left running"
        if abort:
            self.write("DELETE", "nodes/%s/tasks/%s" % (node, upid))
            fate = "was aborted"
        raise TaskTimeout("task %s did not end within %s seconds and %s" % (kind, timeout, fate), upid=upid, log=self.log(upid))
