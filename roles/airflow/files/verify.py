# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays people at Airflow: strangers, one who may only look, and one who runs a DAG.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...]}; ends with 1 when something is broken.
"""

from __future__ import annotations

import json
import re
import sys
import time
from urllib.parse import quote

from proof import Server, run, speaks_plainly

UNKNOWN = "verify_no_such_thing"


class Airflow(Server):
    def ask(self, method, path, *words, **more):
        """Only who accepts HTML is led to the page for signing in."""
        self.headers["Accept"] = "text/html" if path.startswith(("/home", "/static")) else "application/json"
        return super().ask(method, path, *words, **more)


def prove_health(server, proof):
    health = json.loads(server.ask("GET", "/health").text)
    for name in ("metadatabase", "scheduler", "triggerer"):
        proof.that(health[name]["status"] == "healthy", "its %s is healthy" % name)


def prove_strangers(server, wish, proof):
    page = server.ask("GET", "/home")
    proof.that("/login/" in page.url, "an anonymous request is redirected to the login page")
    styles = [style for style in re.findall(r'href="([^"]+[.]css[^"]*)"', page.text) if style.startswith("/")]
    proof.that(sum(len(server.ask("GET", style).text) for style in styles) > 50000, "its pages have their styles")
    proof.that("/register" not in page.text, "nobody registers")
    proof.that(not speaks_plainly(server.url), "there is no answer without TLS")
    admin = wish["admin"][0]
    for who, what in [
        (None, "without credentials"),
        ((admin, "wrong"), "with a wrong password"),
        (("admin", "admin"), "as the administrator that upstream's quick start makes"),
        (("airflow", "airflow"), "as the user that upstream's containers make"),
    ]:
        proof.that(server.status("GET", "/dags", who) == 401, "the API refuses %s" % what)


def prove_administrator(server, wish, proof):
    admin = wish["admin"]
    proof.that(server.api("GET", "/version", admin)["version"] == wish["version"], "it is the release that it should be")
    proof.that(server.status("GET", "/config", admin) == 403, "nobody reads its settings by the API")
    proof.that(server.api("GET", "/importErrors", admin)["total_entries"] == 0, "every DAG can be read")
    dags = {dag["dag_id"] for dag in server.api("GET", "/dags?limit=1000&only_active=true", admin)["dags"]}
    proof.that(not any(dag.startswith(("example_", "tutorial")) for dag in dags), "it has none of upstream's examples")
    for name in wish["connections"]:
        answer = server.ask("GET", "/api/v1/connections/" + quote(name), admin)
        proof.that(answer.status == 200 and not json.loads(answer.text).get("password"), "connection %s is there, and its password is not told" % name)
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
    proof.that(state == "success", "a run of %s succeeds (it ended as %s)" % (wish["dag"], state))
    for task in server.api("GET", path + "/taskInstances", wish["admin"])["task_instances"]:
        if wish["workers"]:
            proof.that(task["hostname"] in wish["workers"], "a worker ran %s (it was %s)" % (task["task_id"], task["hostname"]))
        proof.that(has_log(server, wish, path, task), "the log of %s can be read" % task["task_id"])
    server.api("DELETE", path, wish["admin"])


def has_log(server, wish, run, task):
    """To its last line, which comes, as the whole of a worker's, a moment after the task's state."""
    path = "/api/v1%s/taskInstances/%s/logs/%d" % (run, quote(task["task_id"]), task["try_number"])
    for attempt in range(20):
        if "Task exited with return code 0" in server.ask("GET", path, wish["admin"]).text:
            return True
        time.sleep(1)
    return False


def prove(wish, proof):
    server = Airflow(wish["url"], wish["ca_path"])
    prove_health(server, proof)
    prove_strangers(server, wish, proof)
    dags = prove_administrator(server, wish, proof)
    prove_observer(server, wish, proof, dags)
    if wish["dag"] in dags:
        prove_run(server, wish, proof)


if __name__ == "__main__":
    sys.exit(run(prove))
