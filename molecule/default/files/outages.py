# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works as a client of each service while the site is changed, and counts how often it was refused.

Reads {"trusts": [files, the first that is there], "seconds": between two tries, "clients": {name: client}} as JSON from standard input, and tries until
the file `stop` of the argument's folder is there. Then `outages.json` is in that folder: for each client its tries, its failures by their kind,
and when and for how many seconds it got nothing. A client is {"url": URL} of a page, with {"sql": STATEMENT, "user": USER, "password": PASSWORD}
beside it for one of Trino, or {"host": HOST, "port": PORT} for TLS alone.
"""
from __future__ import annotations

import base64
import json
import pathlib
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 5


def context(trusts):
    """Read anew for each try, as people's programs do when they start."""
    return ssl.create_default_context(cafile=next(name for name in trusts if pathlib.Path(name).exists()))


class QueryError(OSError):
    """Trino has answered, and not with rows."""


def ask_page(client, trusts):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context(trusts)))
    headers = {}
    if "sql" in client:
        headers["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (client["user"], client["password"])).encode()).decode()

    def ask(url, data=None):
        return opener.open(urllib.request.Request(url, data, headers), timeout=PATIENCE).read()
    answer = ask(client["url"], client["sql"].encode() if "sql" in client else None)
    while "sql" in client:
        answer = json.loads(answer)
        if "error" in answer:
            raise QueryError(answer["error"]["errorName"])
        if "nextUri" not in answer:
            break
        answer = ask(answer["nextUri"])


def shake_hands(client, trusts):
    with socket.create_connection((client["host"], client["port"]), timeout=PATIENCE) as plain:
        with context(trusts).wrap_socket(plain, server_hostname=client["host"]):
            pass


def kind_of(error):
    error = getattr(error, "reason", None) if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError) else error
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate: %s" % error.verify_message
    if isinstance(error, urllib.error.HTTPError):
        return "HTTP %d" % error.code
    if isinstance(error, QueryError):
        return "query: %s" % error
    return type(error).__name__


class Client(threading.Thread):
    def __init__(self, name, client, asked, stop):
        super().__init__(name=name, daemon=True)
        self.client, self.asked, self.stop = client, asked, stop
        self.tries, self.failures, self.without, self.longest, self.since = 0, {}, 0.0, 0.0, None
        self.stretches = []

    def run(self):
        while not self.stop.exists():
            began = time.time()
            self.tries += 1
            try:
                (ask_page if "url" in self.client else shake_hands)(self.client, self.asked["trusts"])
            except OSError as error:
                kind = kind_of(error)
                self.failures[kind] = self.failures.get(kind, 0) + 1
                self.since = self.since or began
            else:
                self.over(time.time())
            time.sleep(max(0.0, self.asked["seconds"] - (time.time() - began)))
        self.over(time.time())

    def over(self, now):
        if self.since:
            self.stretches.append([time.strftime("%H:%M:%S", time.gmtime(self.since)), round(now - self.since, 1)])
            self.since = None

    def said(self):
        lasted = [seconds for dummy, seconds in self.stretches]
        return {"tries": self.tries, "failures": self.failures, "stretches": self.stretches, "longest": max(lasted, default=0)}


def main(folder):
    folder = pathlib.Path(folder)
    asked = json.load(sys.stdin)
    clients = [Client(name, client, asked, folder / "stop") for name, client in asked["clients"].items()]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    (folder / "outages.json").write_text(json.dumps({client.name: client.said() for client in clients}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
