# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to Gitea's API, and plain words for what it refuses."""

from __future__ import annotations

import json
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url

from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, address, run_module

PAGE = 50  # what Gitea gives at most, unless its configuration says otherwise


def run(work, **spec):
    """As C(run_module), with a connection of this application."""
    run_module(Connection, work, 30, spec)


class Connection:
    """Signs in with each call; Gitea keeps no session for it."""

    def __init__(self, params, token=None):
        self.url = address(params["url"], "https://gitea.example.org:3000")
        self.username = params["username"]
        self._options = {"timeout": params["timeout"], "ca_path": params["ca_path"], "use_proxy": False}
        if token:
            self._headers = {"Authorization": "token " + token}
        else:
            self._headers = {}
            self._options.update(url_username=self.username, url_password=params["password"], force_basic_auth=True)

    def get(self, path):
        """The answer, or None where there is nothing."""
        return self._call("GET", path, None, (404,))

    def get_all(self, path):
        """All pages of a list; None where there is nothing."""
        items, page = [], 1
        while True:
            answer = self.get("%s?limit=%d&page=%d" % (path, PAGE, page))
            if answer is None:
                return None
            items += answer
            if len(answer) < PAGE:
                return items
            page += 1

    def call(self, method, path, body=None):
        return self._call(method, path, body, ())

    def signs_in(self):
        """Whether the user is let in with this password."""
        return self._call("GET", "/user", None, (401,)) is not None

    def _call(self, method, path, body, expected):
        data = None if body is None else json.dumps(body)
        headers = dict(self._headers, **{"Content-Type": "application/json", "Accept": "application/json"})
        try:
            answer = open_url(self.url + "/api/v1" + path, method=method, data=data, headers=headers, **self._options)
            text = answer.read()
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
            words = json.loads(error.read())["message"]
        except (ValueError, KeyError, TypeError):
            words = error.reason
        return "%s answers %d to %s %s: %s" % (self.url, error.code, method, path, words)
