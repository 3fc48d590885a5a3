# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to Gitea's API."""

from __future__ import annotations

from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Api, run_module

PAGE = 50  # what Gitea gives at most, unless its configuration says otherwise


def run(work, **spec):
    """As C(run_module), with a connection of this application."""
    run_module(Connection, work, spec)


class Connection(Api):
    """Signs in with each call; Gitea keeps no session for it."""

    example = "https://gitea.example.org:3000"

    def __init__(self, params, token=None):
        super().__init__(params)
        if token:
            self._headers["Authorization"] = "token " + token
        else:
            self._options.update(url_username=self.username, url_password=self._password, force_basic_auth=True)

    def get(self, path):
        """The answer, or None where there is nothing."""
        return self._call("GET", path, expected=(404,))

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
        return self._call(method, path, body)

    def signs_in(self):
        """Whether the user is let in with this password."""
        return self._call("GET", "/user", expected=(401,)) is not None
