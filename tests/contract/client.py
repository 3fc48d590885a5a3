# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client of the API, which sees status, reason phrase and body as they come."""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import quote, urlencode


class Answer:
    def __init__(self, status, reason, body):
        self.status, self.reason, self.body = status, reason, body

    @property
    def data(self):
        return self.body["data"]


class Client:
    """Keeps its connection; opens another when the server has closed it, as it does after every error."""

    def __init__(self, pve):
        self.address = (pve.host, pve.port)
        self.context = ssl.create_default_context(cafile=pve.ca_path)
        self.connection = None

    def call(self, method, path, params=(), headers=None, rawbody=None):
        """Parameters go as proxmoxer sends them: in the query of GET and DELETE, else as a form."""
        pairs = list(params.items()) if isinstance(params, dict) else [tuple(pair) for pair in params]
        url = "/api2/json" + quote(path, safe="/:!@,+=")
        headers = dict(headers or {})
        body = None
        if rawbody is not None:
            body = rawbody.encode()
        elif method in ("GET", "DELETE"):
            url += "?" + urlencode(pairs) if pairs else ""
        elif pairs:
            body = urlencode(pairs).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self._send(method, url, body, headers)

    def _send(self, method, url, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(*self.address, context=self.context, timeout=20)
        self.connection.request(method, url, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.will_close:
            self.close()
        kind = response.headers.get("Content-Type", "")
        return Answer(response.status, response.reason,
                      json.loads(text) if text and kind.startswith("application/json") else text or None)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def ticket_headers(node, user="root@pam", csrf=True, age=0):
    headers = {"Cookie": "PVEAuthCookie=" + quote(node.tickets.make(user, age), safe=":")}
    if csrf:
        headers["CSRFPreventionToken"] = node.tickets.csrf(user)
    return headers


def token_headers(authid, secret):
    return {"Authorization": "PVEAPIToken=%s=%s" % (authid, secret)}
