# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proofs on the controller share: HTTP with the site's CA, Trino, patience, and what they say in the end."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode

# Far more than it takes: figures are printed, and nobody fails for being slow.
PATIENCE = 420


class Straight(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


class Http:
    def __init__(self, url, ca_path):
        self.url = url.rstrip("/")
        context = ssl.create_default_context(cafile=ca_path)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=context))

    def ask(self, method, path, who, body=None, **headers):
        """Status and content. Who asks is a name and a password, or a token."""
        headers["Authorization"] = "Bearer " + who if isinstance(who, str) else "Basic " + b64encode(":".join(who).encode()).decode()
        data = body
        if body is not None and not isinstance(body, bytes):
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")

    def must(self, method, path, who, body=None, **headers):
        status, answer = self.ask(method, path, who, body, **headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {str(answer)[:300]}")
        return answer


class Trino:
    def __init__(self, site):
        self.http, self.who = Http(site["trino_url"], site["ca_path"]), tuple(site["trino"])

    def query(self, sql):
        answer = self.http.must("POST", "/v1/statement", self.who, sql.encode(), **{"X-Trino-User": self.who[0]})
        rows = []
        while True:
            rows += answer.get("data", [])
            if "error" in answer:
                raise RuntimeError(answer["error"]["message"])
            if "nextUri" not in answer:
                return rows
            # Its own name, which the controller need not know.
            path = urllib.parse.urlsplit(answer["nextUri"]).path
            answer = self.http.must("GET", path, self.who)


def until(what, ask, seconds=PATIENCE, pause=0.5):
    """What is asked for, once it is there."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"not after {seconds} s: {what}")
        time.sleep(pause)


class Proof:
    def __init__(self):
        self.held, self.broken, self.seconds = [], [], {}

    def that(self, holds, what):
        (self.held if holds else self.broken).append(what)

    @contextlib.contextmanager
    def timed(self, what):
        start = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - start, 1)

    def said(self):
        return json.dumps({"held": self.held, "broken": self.broken, "seconds": self.seconds})
