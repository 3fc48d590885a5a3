# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that speak to an application's API share: their options, one call, their end, and how they tell of a change."""

from __future__ import annotations

import json
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

# See the doc fragment C(web).
CONNECTION = {
    "url": {"type": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 60},
}
ADMIN = {
    "email": {"type": "str", "required": True},
    "account": {"type": "str", "required": True},
}
USER = {
    "name": {"type": "str", "required": True},
    "user_password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "always", "no_log": False},
    "active": {"type": "bool", "default": True},
}


class Refused(Exception):
    """What is asked for cannot be done; the message says why."""


class Api:
    """One application's API: how it is called, and plain words for what it refuses."""

    example = "https://app.example.org"

    def __init__(self, params):
        self.url = address(params["url"], self.example)
        self.username, self._password = params["username"], params["password"]
        # A password goes to the address that was given, or nowhere.
        self._options = {"timeout": params["timeout"], "ca_path": params["ca_path"], "use_proxy": False, "follow_redirects": "none"}
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}

    @staticmethod
    def words(answer):
        """The sentence in which an answer says why it refuses."""
        return answer["message"]

    def _call(self, method, path, body=None, expected=()):
        """The answer, or None for one of the expected errors."""
        data = None if body is None else json.dumps(body)
        try:
            text = open_url(self.url + "/api/v1" + path, method=method, data=data, headers=self._headers, **self._options).read()
        except HTTPError as error:
            if error.code in expected:
                return None
            raise Refused(self._explain(method, path, error)) from error
        except (URLError, OSError) as error:
            raise Refused("%s cannot be reached: %s" % (self.url, getattr(error, "reason", error))) from error
        return json.loads(text) if text else {}

    def _explain(self, method, path, error):
        if error.code == 401:
            return "%s does not let %r in: check username and password" % (self.url, self.username)
        if 300 <= error.code < 400:
            return "%s redirects to %s, and a password follows nowhere: give url as the application knows itself" % (self.url, error.headers.get("Location"))
        try:
            words = self.words(json.loads(error.read()))
        except (ValueError, KeyError, TypeError, AttributeError):
            words = error.reason
        return "%s answers %d to %s %s: %s" % (self.url, error.code, method, path.split("?", 1)[0], words)


def run_module(connect, work, spec):
    """Make the module, do C(work(module, connect(params))) and leave with its result, or with one exact sentence."""
    module = AnsibleModule(argument_spec=dict(CONNECTION, **spec), supports_check_mode=True)
    try:
        result = work(module, connect(module.params))
    except Refused as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def password_is_wrong(connection, params):
    """Whether the user has another password than the one given. A user that is locked out cannot be tried, and is left as it is."""
    if params["user_password"] is None or params["update_password"] != "always" or not params["active"]:
        return False
    as_user = dict(params, username=params["name"], password=params["user_password"])
    return not type(connection)(as_user).signs_in()


def address(url, example):
    """The address without a slash at its end.

    :raises Refused: it is none.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Refused("url %r is not like %s" % (url, example))
    return url.rstrip("/")


def changed(name, before, after):
    """What a module returns: a change is what the views show, None is a thing that is not there."""
    if before == after:
        return {"changed": False}
    diff = {
        "before_header": name,
        "after_header": name,
        "before": {"state": "absent"} if before is None else before,
        "after": after,
    }
    return {"changed": True, "diff": diff}
