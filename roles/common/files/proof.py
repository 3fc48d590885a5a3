# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proofs on the controller share: what held and what did not, and a client that takes a password to no other server.

A role's proof has it as a link beside itself, since it runs with the role's files alone.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit


class Proof:
    def __init__(self):
        self.held, self.broken = [], []
        self.figures = {}  # what was counted on the way, for whoever asked for the proof

    def that(self, holds, what):
        (self.held if holds else self.broken).append(what)


def run(prove, *faults, expected=sys.stdin):
    """Proves what is expected, which is read as JSON, so that no secret is on a command line. Prints what held and what did not as JSON,
    and returns the status to end with.

    :param prove: takes what is expected and a Proof.
    :param faults: exceptions, beside the usual ones, by which a proof may end early.
    """
    proof = Proof()
    wish = json.load(expected)
    try:
        prove(wish, proof)
    except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError, *faults) as error:
        proof.that(False, "the verification ended early: %s: %s" % (type(error).__name__, error))
    json.dump({"held": proof.held, "broken": proof.broken, **proof.figures}, sys.stdout, indent=1)
    return 1 if proof.broken else 0


class SameServer(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere: other places of the same server are as far as it is led."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        there, here = urlsplit(newurl), urlsplit(req.full_url)
        same = (there.scheme, there.netloc) == (here.scheme, here.netloc)
        return super().redirect_request(req, fp, code, msg, headers, newurl) if same else None


class Answer(NamedTuple):
    status: int
    url: str  # after redirections
    headers: http.client.HTTPMessage
    text: str


class Server:
    """A server by its pages and its API, asked by somebody who trusts the site's authority alone."""

    seconds = 60

    def __init__(self, url, ca_path, *handlers):
        self.url = url.rstrip("/")
        self.headers = {}
        trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_path))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), SameServer, trust, *handlers)

    def ask(self, method, path, who=None, body=None, form=None):
        """The answer, whatever its status. Who asks is a name and a password."""
        headers, data = dict(self.headers), None
        if who:
            headers["Authorization"] = "Basic " + b64encode(":".join(who).encode()).decode()
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        if form is not None:
            data = urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=self.seconds) as answer:
                return Answer(answer.status, answer.url, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.url, error.headers, error.read().decode(errors="replace"))

    def status(self, method, path, who=None, body=None):
        return self.ask(method, "/api/v1" + path, who, body).status

    def api(self, method, path, who=None, body=None):
        """The content of the API's answer; anything but success ends the proof."""
        answer = self.ask(method, "/api/v1" + path, who, body)
        if answer.status >= 300:
            raise RuntimeError("%s %s: %d %s" % (method, path, answer.status, answer.text[:300]))
        return json.loads(answer.text) if answer.text else None


def speaks_plainly(url):
    """Whether something answers there without TLS, other than that this is no way to ask (400)."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port or 443), timeout=10) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            said = line.recv(100)
    except OSError:
        return False
    return said.startswith(b"HTTP/") and said.split()[1:2] != [b"400"]
