# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to Superset's API, and plain words for what it refuses."""

from __future__ import annotations

import json
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from ansible.module_utils.urls import open_url

from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, address, run_module

PAGE = 100  # what Superset gives at most


def run(work, **spec):
    """As C(run_module), with a connection of this application."""
    run_module(Connection, work, 60, spec)


class Connection:
    """Signs in with the first call, and asks for leave to write with the first that writes."""

    def __init__(self, params):
        self.url = address(params["url"], "https://superset.example.org:8088")
        self.username, self._password = params["username"], params["password"]
        self._options = {"timeout": params["timeout"], "ca_path": params["ca_path"], "use_proxy": False, "cookies": CookieJar()}
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "Referer": self.url}

    def signs_in(self):
        """Whether the user is let in with this password."""
        return self._sign_in((401,))

    def get(self, path):
        """The answer, or None where there is nothing."""
        self._signed_in()
        return self._call("GET", path, None, (404,))

    def get_all(self, path):
        """All pages of a list, each item with its id."""
        answer = self.get("%s?q=%s" % (path, quote("(page:0,page_size:%d)" % PAGE)))
        if answer["count"] <= len(answer["ids"]):
            return self._items(answer)
        # Without an order an item may be on two pages, and another on none.
        items, page = [], 0
        while len(items) < answer["count"] and answer["ids"]:
            wanted = "(order_column:id,order_direction:asc,page:%d,page_size:%d)" % (page, PAGE)
            answer = self.get("%s?q=%s" % (path, quote(wanted)))
            items += self._items(answer)
            page += 1
        return items

    @staticmethod
    def _items(answer):
        return [dict(item, id=number) for number, item in zip(answer["ids"], answer["result"])]

    def call(self, method, path, body=None):
        self._signed_in()
        if "X-CSRFToken" not in self._headers:
            self._headers["X-CSRFToken"] = self._call("GET", "/security/csrf_token/", None, ())["result"]
        return self._call(method, path, body, ())

    def _signed_in(self):
        if "Authorization" not in self._headers:
            self._sign_in(())

    def _sign_in(self, expected):
        body = {"username": self.username, "password": self._password, "provider": "db"}
        answer = self._call("POST", "/security/login", body, expected)
        if answer is None:
            return False
        self._headers["Authorization"] = "Bearer " + answer["access_token"]
        return True

    def _call(self, method, path, body, expected):
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
        try:
            answer = json.loads(error.read())
            words = answer.get("message") or "; ".join(problem["message"] for problem in answer["errors"])
        except (ValueError, KeyError, TypeError, AttributeError):
            words = error.reason
        return "%s answers %d to %s %s: %s" % (self.url, error.code, method, path.split("?", 1)[0], words)
