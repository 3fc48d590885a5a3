# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to Superset's API."""

from __future__ import annotations

from http.cookiejar import CookieJar
from urllib.parse import quote

from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Api, run_module

PAGE = 100  # what Superset gives at most


def run(work, **spec):
    """As C(run_module), with a connection of this application."""
    run_module(Connection, work, spec)


class Connection(Api):
    """Signs in with the first call, and asks for leave to write with the first that writes."""

    example = "https://superset.example.org:8088"

    def __init__(self, params):
        super().__init__(params)
        self._options["cookies"] = CookieJar()
        self._headers["Referer"] = self.url

    @staticmethod
    def words(answer):
        return answer.get("message") or "; ".join(problem["message"] for problem in answer["errors"])

    def signs_in(self):
        """Whether the user is let in with this password."""
        return self._sign_in((401,))

    def get(self, path):
        """The answer, or None where there is nothing."""
        self._signed_in()
        return self._call("GET", path, expected=(404,))

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
            self._headers["X-CSRFToken"] = self._call("GET", "/security/csrf_token/")["result"]
        return self._call(method, path, body)

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
