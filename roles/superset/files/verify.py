# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays people at Superset: a stranger, one of each role, and the account that imports.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...]}; ends with 1 when something is broken.
Superset keeps whoever did something, so the people of this proof stay: locked out, and with a password that nobody knows.
"""

from __future__ import annotations

import contextlib
import datetime
import http.cookiejar
import json
import re
import secrets
import sys
import time
import urllib.request
from urllib.parse import urlsplit

from proof import Server, run, speaks_plainly

# What Trino says of a table that no pipeline has made yet, and of what a user may not see.
NO_TABLE = re.compile(r"does not exist|TABLE_NOT_FOUND|SCHEMA_NOT_FOUND")
DENIED = re.compile(r"Access Denied|PERMISSION_DENIED")
# A proof's data set has in its name when that began. One so old was left by a proof that was killed.
LEFT = re.compile("verify_([0-9a-f]{8})[0-9a-f]{4}")
LEFT_AFTER_SECONDS = 3600


class Person(Server):
    """Somebody with a browser, who may hold a token of the API as well."""

    seconds = 120

    def __init__(self, wish):
        self.jar = http.cookiejar.CookieJar()
        super().__init__(wish["url"], wish["ca_path"], urllib.request.HTTPCookieProcessor(self.jar))
        self.headers["Referer"] = self.url

    def sign_in(self, name, password):
        """By the API; what writes needs its second token too."""
        answer = self.api("POST", "/security/login", body={"username": name, "password": password, "provider": "db"})
        self.headers["Authorization"] = "Bearer " + answer["access_token"]
        self.headers["X-CSRFToken"] = self.api("GET", "/security/csrf_token/")["result"]
        return self

    def sign_in_by_page(self, name, password):
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("GET", "/login/").text)
        self.ask("POST", "/login/", form={"username": name, "password": password, "csrf_token": token.group(1) if token else ""})

    def execute(self, database, sql, background=False):
        body = {"database_id": database, "sql": sql, "schema": "gold", "runAsync": background, "client_id": secrets.token_hex(5), "queryLimit": 10}
        answer = self.ask("POST", "/api/v1/sqllab/execute/", body=body)
        return answer.status, answer.text

    def query(self, database, sql):
        """Whether SQL Lab runs it, and what it says."""
        status, text = self.execute(database, sql)
        return status == 200, text

    def query_in_background(self, database, sql):
        """The rows that a worker found, or what was said instead."""
        status, text = self.execute(database, sql, background=True)
        if status != 202:
            return text
        number = json.loads(text)["query"]["queryId"]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            query = self.api("GET", "/query/%d" % number)["result"]
            if query["status"] == "success":
                return self.api("GET", "/sqllab/results/?q=(key:'%s')" % query["results_key"])["data"]
            if query["status"] in ("failed", "stopped", "timed_out"):
                return query["error_message"]
            time.sleep(1)
        return "no worker ran it in 60 s"

    def chart(self, chart, datasets):
        """Status, rows and text of the figures that a chart asks for."""
        params = json.loads(chart["params"])
        columns = list(params.get("groupby") or []) + list(params.get("all_columns") or [])
        if params.get("x_axis"):
            columns.append(params["x_axis"])
        metrics = params.get("metrics") or ([params["metric"]] if params.get("metric") else [])
        query = {"columns": columns, "metrics": metrics, "row_limit": 5, "filters": [], "orderby": []}
        source = {"id": datasets[chart["datasource_name_text"]], "type": "table"}
        body = {"datasource": source, "queries": [query], "result_format": "json", "result_type": "full", "force": True}
        answer = self.ask("POST", "/api/v1/chart/data", body=body)
        return answer.status, (json.loads(answer.text)["result"][0]["data"] if answer.status == 200 else []), answer.text


def all_of(person, kind):
    return person.api("GET", "/%s/?q=(page_size:100)" % kind)["result"]


def prove_strangers(wish, proof):
    stranger = Person(wish)
    for page in ("/superset/welcome/", "/dashboard/list/", "/superset/sqllab/", "/users/list/"):
        answer = stranger.ask("GET", page)
        proof.that("/login" in answer.url or answer.status in (401, 403, 404), "an anonymous request for %s is redirected to the login page" % page)
    for path in ("/chart/", "/dashboard/", "/database/", "/dataset/", "/security/users/", "/security/roles/", "/assets/export/"):
        status = stranger.status("GET", path)
        proof.that(status == 401, "without a token the API does not answer to %s (%d)" % (path, status))
    proof.that(stranger.ask("GET", "/register/form").status == 404, "nobody can register")
    proof.that(stranger.ask("GET", "/swagger/v1").status == 404, "the API's description is not shown")
    headers = stranger.ask("GET", "/login/").headers
    policy = headers.get("Content-Security-Policy", "")
    proof.that("'nonce-" in policy and "frame-ancestors 'none'" in policy and "http:" not in policy, "pages run no script but their own, in no frame")
    proof.that("max-age" in headers.get("Strict-Transport-Security", ""), "browsers are told to use TLS only (HSTS)")
    cookie = headers.get("Set-Cookie", "")
    proof.that(all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax")), "its cookie is for TLS alone, and no script reads it")
    proof.that(not speaks_plainly(stranger.url), "there is no answer without TLS")


def prove_signing_in(wish, proof):
    name, password = wish["username"], wish["password"]
    body = {"username": name, "password": secrets.token_urlsafe(8), "provider": "db"}
    proof.that(Person(wish).status("POST", "/security/login", body=body) == 401, "the API refuses a wrong password")
    person = Person(wish)
    person.sign_in_by_page(name, secrets.token_urlsafe(8))
    proof.that("/login" in person.ask("GET", "/superset/welcome/").url, "the page refuses a wrong password")
    person = Person(wish)
    person.ask("GET", "/login/")
    person.ask("POST", "/login/", form={"username": name, "password": password})
    proof.that(person.status("GET", "/me/") == 401, "a login form without its CSRF token is refused")
    person = Person(wish)
    person.sign_in_by_page(name, password)
    proof.that(person.status("GET", "/me/") == 200, "the login page accepts the right password")
    proof.that(wish["version"] in person.ask("GET", "/superset/welcome/").text, "the version is %s" % wish["version"])
    status = person.status("POST", "/dashboard/", body={"dashboard_title": "verify"})
    proof.that(status == 400, "who is signed in by the page writes nothing without a token of that page (%d)" % status)
    kept = [(cookie.name, cookie.value) for cookie in person.jar]
    person.ask("GET", "/logout/")
    thief = Person(wish)
    thief.headers["Cookie"] = "; ".join("%s=%s" % pair for pair in kept)
    proof.that(thief.status("GET", "/me/") == 401, "the session's cookie is invalid after signing out")


@contextlib.contextmanager
def somebody(wish, admin, role, name=None):
    """One of the role, for as long as it takes."""
    name, password = "verify-" + (name or role).lower().replace(" ", "-"), secrets.token_urlsafe(24)
    roles = {item["name"]: number for number, item in zip(*[admin.api("GET", "/security/roles/?q=(page_size:100)")[key] for key in ("ids", "result")])}
    if role not in roles:
        raise RuntimeError("there is no role %s" % role)
    fields = {"email": name + "@verify.invalid", "first_name": "Verify", "last_name": role, "roles": [roles[role]], "active": True, "password": password}
    answer = admin.api("GET", "/security/users/?q=(page_size:100,filters:!((col:username,opr:eq,value:%s)))" % name)
    if answer["ids"]:
        number = answer["ids"][0]
        admin.api("PUT", "/security/users/%d" % number, body=fields)
    else:
        number = admin.api("POST", "/security/users/", body=dict(fields, username=name))["id"]
    try:
        person = Person(wish)
        person.credentials = (name, password)
        person.sign_in_by_page(name, password)
        yield person.sign_in(name, password)
    finally:
        admin.api("PUT", "/security/users/%d" % number, body={"active": False, "password": secrets.token_urlsafe(32)})


def prove_no_power(person, who, database, proof):
    user = {"username": "verify-x", "email": "x@verify.invalid", "first_name": "x", "last_name": "x", "roles": [1], "active": True, "password": "x" * 16}
    tried = {
        "make users": ("POST", "/security/users/", user),
        "change a role": ("POST", "/security/roles/1/permissions", {"permission_view_menu_ids": [1]}),
        "make a role": ("POST", "/security/roles/", {"name": "verify-x"}),
        "change the connection": ("PUT", "/database/%d" % database, {"allow_dml": True}),
        "make a connection": ("POST", "/database/", {"database_name": "verify-x", "sqlalchemy_uri": "trino://x@localhost/x"}),
    }
    for what, (method, path, body) in tried.items():
        status = person.status(method, path, body=body)
        proof.that(status in (403, 404), "%s cannot %s (%d)" % (who, what, status))


def prove_viewer(person, admin, database, proof):
    prove_no_power(person, "BI Viewer", database, proof)
    proof.that(not person.query(database, "select 1")[0], "BI Viewer cannot use SQL Lab")
    address = urlsplit(person.ask("GET", "/superset/welcome/").url).path
    proof.that(address == "/superset/welcome/", "BI Viewer sees the first page (%s)" % address)
    for page in ("/superset/sqllab/", "/sqllab/", "/users/list/", "/databaseview/list/"):
        answer = person.ask("GET", page)
        proof.that(answer.status in (403, 404) or urlsplit(answer.url).path != page, "BI Viewer cannot open %s (%d)" % (page, answer.status))
    seen = {item["id"]: item["dashboard_title"] for item in all_of(person, "dashboard")}
    there = all_of(admin, "dashboard")
    if there:
        proof.that(seen, "BI Viewer sees dashboards: %s" % ", ".join(sorted(seen.values())))
        for number in [item["id"] for item in there][:1]:
            for method, body in (("PUT", {"dashboard_title": "verify"}), ("DELETE", None)):
                status = person.status(method, "/dashboard/%d" % number, body=body)
                proof.that(status in (403, 404), "BI Viewer cannot %s a dashboard (%d)" % (method, status))
    status = person.status("POST", "/chart/", body={"slice_name": "verify", "datasource_id": 1, "datasource_type": "table"})
    proof.that(status == 403, "BI Viewer cannot create charts (%d)" % status)
    proof.that(person.status("GET", "/database/%d/connection" % database) in (403, 404), "BI Viewer does not see the connection")


def prove_whom_trino_sees(person, wish, database, proof):
    sql = "select current_user as who"
    who = person.credentials[0] if wish["impersonate"] else wish["trino_user"]
    ran, said = person.query(database, sql)
    proof.that(ran and json.loads(said)["data"] == [{"who": who}], "queries of %s run in Trino as %s" % (person.credentials[0], who))
    if wish["celery"]:
        found = person.query_in_background(database, sql)
        proof.that(found == [{"who": who}], "in the background too (%s)" % found)


def prove_unknown_to_trino(person, database, proof):
    ran, said = person.query(database, "select 1")
    proof.that(not ran and "impersonate" in said, "Superset cannot impersonate a user that Trino does not know (%s)" % said[:200])


def prove_analyst(person, database, proof):
    prove_no_power(person, "Data Analyst", database, proof)
    ran, said = person.query(database, "select count(*) from gold.revenue_monthly")
    proof.that(ran or NO_TABLE.search(said), "Data Analyst can query the layer gold in SQL Lab (%s)" % said[:200])
    ran, said = person.query(database, "select * from raw.billing")
    proof.that(not ran and ("access" in said or NO_TABLE.search(said)), "Data Analyst does not see raw events")
    ran, said = person.query(database, "create table gold.verify_x (a integer)")
    proof.that(not ran, "Data Analyst changes nothing in SQL Lab")


def prove_engineer(person, wish, database, proof):
    prove_no_power(person, "Data Engineer", database, proof)
    ran, said = person.query(database, "select tax_id, email from raw.billing limit 1")
    proof.that(not ran and (DENIED.search(said) or NO_TABLE.search(said)), "not even Data Engineer can read personal data through Superset (%s)" % said[:200])
    ran, said = person.query(database, "delete from gold.revenue_monthly")
    proof.that(not ran, "Data Engineer changes nothing in SQL Lab")
    prove_whom_trino_sees(person, wish, database, proof)


def prove_importer(wish, database, proof):
    person = Person(wish).sign_in(wish["import_username"], wish["import_password"])
    prove_no_power(person, wish["import_username"], database, proof)
    proof.that(not person.query(database, "select 1")[0], "%s cannot use SQL Lab" % wish["import_username"])


def prove_charts(person, proof):
    datasets = {item["table_name"]: item["id"] for item in all_of(person, "dataset")}
    charts = [chart for chart in all_of(person, "chart") if (chart["datasource_name_text"] or "").split(".")[-1] in datasets]
    with_rows, without_table = 0, 0
    for chart in charts:
        chart["datasource_name_text"] = chart["datasource_name_text"].split(".")[-1]
        status, rows, text = person.chart(chart, datasets)
        if status != 200 and NO_TABLE.search(text):
            without_table += 1
            continue
        proof.that(status == 200, "the chart %s has an answer%s" % (chart["slice_name"], "" if status == 200 else ": " + text[:300]))
        with_rows += bool(rows)
    if charts:
        proof.that(True, "%d of %d charts have rows, %d wait for their tables" % (with_rows, len(charts), without_table))


def prove_days(admin, database, proof):
    """The bar of a day has the rows that the filter of that day finds, although midnight is another moment in UTC."""
    for left in [item for item in all_of(admin, "dataset") if LEFT.fullmatch(item["table_name"])]:
        if int(LEFT.fullmatch(left["table_name"])[1], 16) < time.time() - LEFT_AFTER_SECONDS:
            admin.api("DELETE", "/dataset/%d" % left["id"])
    name = "verify_%08x%s" % (int(time.time()), secrets.token_hex(2))
    rows = ", ".join("timestamp '2026-03-%s UTC'" % moment for moment in ("03 01:00", "03 12:00", "04 02:00"))
    sql = "select * from (values %s) as moments (at)" % rows
    number = admin.api("POST", "/dataset/", body={"database": database, "schema": "gold", "sql": sql, "table_name": name})["id"]
    try:
        count = {"expressionType": "SQL", "sqlExpression": "count(*)", "label": "count"}
        day = {"expressionType": "SQL", "sqlExpression": "at", "label": "at", "columnType": "BASE_AXIS", "timeGrain": "P1D"}

        def asked(**query):
            body = {"datasource": {"id": number, "type": "table"}, "queries": [{"metrics": [count], **query}], "result_format": "json", "result_type": "full"}
            return admin.api("POST", "/chart/data", body=body)["result"][0]["data"]

        bars = {datetime.date(1970, 1, 1) + datetime.timedelta(milliseconds=row["at"]): row["count"] for row in asked(columns=[day])}
        found = {first: asked(columns=[], filters=[{"col": "at", "op": "TEMPORAL_RANGE", "val": "%s : %s" % (first, first + datetime.timedelta(days=1))}])
                 for first in bars}
        told = {str(first): [bars[first], rows[0]["count"]] for first, rows in found.items()}
        proof.that(sum(bars.values()) == 3 and all(shown == kept for shown, kept in told.values()), "a day's bar has the rows of the day's filter (%s)" % told)
    finally:
        admin.api("DELETE", "/dataset/%d" % number)


def prove(wish, proof):
    prove_strangers(wish, proof)
    prove_signing_in(wish, proof)
    admin = Person(wish).sign_in(wish["username"], wish["password"])
    database = {item["database_name"]: item["id"] for item in all_of(admin, "database")}[wish["database"]]
    prove_importer(wish, database, proof)
    people = {
        "BI Viewer": lambda person: prove_viewer(person, admin, database, proof),
        "Data Analyst": lambda person: prove_analyst(person, database, proof),
        "Data Engineer": lambda person: prove_engineer(person, wish, database, proof),
    }
    for role in [role for role in people if role in wish["roles"]]:
        with somebody(wish, admin, role) as person:
            people[role](person)
    if wish["impersonate"] and "Data Engineer" in wish["roles"]:
        with somebody(wish, admin, "Data Engineer", "unknown") as person:
            prove_unknown_to_trino(person, database, proof)
    prove_charts(admin, proof)
    prove_days(admin, database, proof)


if __name__ == "__main__":
    sys.exit(run(prove))
