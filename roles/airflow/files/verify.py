# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays people at Airflow: strangers, one who may only look, and one who runs a DAG.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...]}; ends with 1 when something is broken.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from urllib.parse import quote, urlsplit

UNKNOWN = "verify_no_such_thing"


class Proof:
    def __init__(self):
        self.held, self.broken = [], []

    def that(self, holds, what):
        (self.held if holds else self.broken).append(what)


class AtHome(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere: other places of the same server are as far as it is led."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        there, here = urlsplit(newurl), urlsplit(req.full_url)
        same = (there.scheme, there.netloc) == (here.scheme, here.netloc)
        return super().redirect_request(req, fp, code, msg, headers, newurl) if same else None


class Server:
    def __init__(self, wish):
        self.url = wish["url"].rstrip("/")
        trust = ssl.create_default_context(cafile=wish["ca_path"])
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), AtHome, urllib.request.HTTPSHandler(context=trust))

    def ask(self, method, path, who=None, body=None):
        """Status, address after redirections and text of an answer."""
        headers, data = {"Accept": "text/html" if path.startswith(("/home", "/static")) else "application/json"}, None
        if who:
            headers["Authorization"] = "Basic " + b64encode(":".join(who).encode()).decode()
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.url, error.read().decode(errors="replace")

    def status(self, method, path, who=None, body=None):
        return self.ask(method, "/api/v1" + path, who, body)[0]

    def api(self, method, path, who, body=None):
        """The answer's content; anything but success ends the proof."""
        status, dummy, text = self.ask(method, "/api/v1" + path, who, body)
        if status >= 300:
            raise RuntimeError("%s %s: %d %s" % (method, path, status, text[:300]))
        return json.loads(text) if text else None


def prove_health(server, proof):
    health = json.loads(server.ask("GET", "/health")[2])
    for name in ("metadatabase", "scheduler", "triggerer"):
        proof.that(health[name]["status"] == "healthy", "its %s is well" % name)


def prove_strangers(server, wish, proof):
    dummy, address, page = server.ask("GET", "/home")
    proof.that("/login/" in address, "a stranger is asked to sign in")
    styles = [style for style in re.findall(r'href="([^"]+[.]css[^"]*)"', page) if style.startswith("/")]
    proof.that(sum(len(server.ask("GET", style)[2]) for style in styles) > 50000, "its pages have their styles")
    proof.that("/register" not in page, "nobody registers")
    proof.that(speaks_plainly(wish["url"]) is False, "nothing is said without TLS")
    admin = wish["admin"][0]
    for who, what in [
        (None, "without credentials"),
        ((admin, "wrong"), "with a wrong password"),
        (("admin", "admin"), "as the administrator that upstream's quick start makes"),
        (("airflow", "airflow"), "as the user that upstream's containers make"),
    ]:
        proof.that(server.status("GET", "/dags", who) == 401, "the API refuses %s" % what)


def speaks_plainly(url):
    """Whether something answers to HTTP without TLS."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as line:
            line.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return line.recv(100).startswith(b"HTTP/")
    except OSError:
        return False


def prove_administrator(server, wish, proof):
    admin = wish["admin"]
    proof.that(server.api("GET", "/version", admin)["version"] == wish["version"], "it is the release that it should be")
    proof.that(server.status("GET", "/config", admin) == 403, "nobody reads its settings by the API")
    proof.that(server.api("GET", "/importErrors", admin)["total_entries"] == 0, "every DAG can be read")
    dags = {dag["dag_id"] for dag in server.api("GET", "/dags?limit=1000&only_active=true", admin)["dags"]}
    proof.that(not any(dag.startswith(("example_", "tutorial")) for dag in dags), "it has none of upstream's examples")
    for name in wish["connections"]:
        status, dummy, text = server.ask("GET", "/api/v1/connections/" + quote(name), admin)
        proof.that(status == 200 and not json.loads(text).get("password"), "connection %s is there, and its password is not told" % name)
    pools = {pool["name"]: pool["slots"] for pool in server.api("GET", "/pools?limit=100", admin)["pools"]}
    proof.that(all(pools.get(name) == slots for name, slots in wish["pools"].items()), "the pools are as they should be")
    return dags


def prove_observer(server, wish, proof, dags):
    observer = wish["observer"]
    dag = sorted(dags)[0] if dags else UNKNOWN
    proof.that(server.status("GET", "/dags", observer) == 200, "an observer sees the DAGs")
    for method, path, body, what in [
        ("POST", "/dags/%s/dagRuns" % quote(dag), {}, "run a DAG"),
        ("PATCH", "/dags/%s" % quote(dag), {"is_paused": False}, "switch a DAG on"),
        ("GET", "/connections", None, "read connections"),
        ("GET", "/variables", None, "read variables"),
        ("POST", "/variables", {"key": UNKNOWN, "value": "1"}, "write variables"),
        ("POST", "/pools", {"name": UNKNOWN, "slots": 1}, "make pools"),
        ("GET", "/users", None, "list users"),
    ]:
        proof.that(server.status(method, path, observer, body) == 403, "an observer may not %s" % what)


def prove_run(server, wish, proof):
    """A run through scheduler and executor to its end; it goes again."""
    path = "/dags/%s/dagRuns" % quote(wish["dag"])
    run = server.api("POST", path, wish["admin"], {"note": "verify"})
    path += "/" + quote(run["dag_run_id"])
    # Far more than it takes: after the first deployment every DAG runs at once, and this one waits for its turn.
    state, end = run["state"], time.monotonic() + 420
    while state in ("queued", "running") and time.monotonic() < end:
        time.sleep(1)
        state = server.api("GET", path, wish["admin"])["state"]
    proof.that(state == "success", "a run of %s ends well (it ended as %s)" % (wish["dag"], state))
    for task in server.api("GET", path + "/taskInstances", wish["admin"])["task_instances"]:
        if wish["workers"]:
            proof.that(task["hostname"] in wish["workers"], "a worker ran %s (it was %s)" % (task["task_id"], task["hostname"]))
        proof.that(has_log(server, wish, path, task), "the log of %s can be read" % task["task_id"])
    server.api("DELETE", path, wish["admin"])


def has_log(server, wish, run, task):
    """To its last line, which comes, as the whole of a worker's, a moment after the task's state."""
    path = "/api/v1%s/taskInstances/%s/logs/%d" % (run, quote(task["task_id"]), task["try_number"])
    for attempt in range(20):
        if "Task exited with return code 0" in server.ask("GET", path, wish["admin"])[2]:
            return True
        time.sleep(1)
    return False


def main():
    wish, proof = json.load(sys.stdin), Proof()
    server = Server(wish)
    try:
        prove_health(server, proof)
        prove_strangers(server, wish, proof)
        dags = prove_administrator(server, wish, proof)
        prove_observer(server, wish, proof, dags)
        if wish["dag"] in dags:
            prove_run(server, wish, proof)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        proof.broken.append("the proof itself: %s: %s" % (type(error).__name__, error))
    print(json.dumps({"held": proof.held, "broken": proof.broken}))
    return 1 if proof.broken else 0


if __name__ == "__main__":
    sys.exit(main())
