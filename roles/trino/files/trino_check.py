# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Trino over its own protocol, with Python's standard library alone.

  trino_check.py wait SECONDS [SQL]   asks until the server has started and the query succeeds, and prints its rows.
                                      Signs in as the command line does.
  trino_check.py verify               tries what Trino must do and what it must refuse; takes what to expect as JSON on
                                      standard input (passwords never on the command line) and prints one JSON report.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

CLI_FILES = "/etc/datalake/trino-cli"
ANSWER_SECONDS = 30
QUERY_SECONDS = 120
REFUSED = (401, 403)
# Schemas of proofs have in their names when these began. What is so old was left by one that was killed.
LEFT = re.compile("(?:trino_verify|verify|verify_spark)_([0-9a-f]{8})[0-9a-f]{4}")
LEFT_AFTER_SECONDS = 3600
PLAIN_PORT = 8080  # where Trino listens without TLS, if it does


class QueryFailed(Exception):
    """Trino took the query and said that it failed."""

    def __init__(self, error):
        super().__init__(error.get("message", "no reason given"))
        self.name = error.get("errorName")


class Straight(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


class Trino:
    """One server, one account (or none) and the authorities that are trusted (or none)."""

    def __init__(self, url, ca_file, user=None, password=None):
        self.url = url.rstrip("/")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if ca_file:
            context.load_verify_locations(ca_file)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=context))
        self.headers = {}
        if user is not None:
            self.headers["X-Trino-User"] = user
        if password is not None:
            self.headers["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()

    def ask(self, path, body=None, headers=None, method=None):
        """Return the status and the body of an answer, whatever the status is."""
        url = path if path.startswith("https://") else self.url + path
        request = urllib.request.Request(url, data=body, headers={**self.headers, **(headers or {})}, method=method)
        try:
            with self.opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def status(self, sql="select 1", headers=None):
        """Return the status of the first answer to a query; what it started is left to end by itself."""
        return self.ask("/v1/statement", sql.encode(), headers)[0]

    def rows(self, sql):
        """Run a query to its end and return its rows."""
        deadline = time.monotonic() + QUERY_SECONDS
        status, body = self.ask("/v1/statement", sql.encode())
        rows = []
        while True:
            if status != 200:
                raise QueryFailed({"message": "status %d: %s" % (status, body[:200].decode(errors="replace")), "errorName": str(status)})
            page = json.loads(body)
            if "error" in page:
                raise QueryFailed(page["error"])
            rows += page.get("data", [])
            if "nextUri" not in page:
                return rows
            if time.monotonic() > deadline:
                raise QueryFailed({"message": "no end after %d s" % QUERY_SECONDS, "errorName": "TIMEOUT"})
            status, body = self.ask(page["nextUri"])


def expect(found, wanted, what):
    if found != wanted:
        raise AssertionError("%s: expected %s, found %s" % (what, wanted, found))


def refused(status, what):
    if status not in REFUSED:
        raise AssertionError("%s was answered with %s, not refused" % (what, status))


def denied(client, sql, who):
    try:
        client.rows(sql)
    except QueryFailed as error:
        expect(error.name, "PERMISSION_DENIED", "%s: %s" % (who, sql))
    else:
        raise AssertionError("%s may: %s" % (who, sql))


def internal_token(secret, node):
    """Make the token by which a node knows another."""

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    claims = {"sub": node, "exp": int(time.time()) + 60}
    text = b".".join(part(json.dumps(piece).encode()) for piece in ({"alg": "HS256"}, claims))
    key = hashlib.sha256(secret.encode()).digest()
    return (text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode()


class Checks:
    """What is tried; each method is one line of the report."""

    def __init__(self, spec):
        self.spec = spec
        self.passwords = {user["name"]: user["password"] for user in spec["users"] if "password" in user}
        self.through = {user["name"]: user["through"] for user in spec["users"] if "through" in user}
        self.operator = self.as_user(spec["operator"])

    def as_user(self, name, through=None):
        """A user, who signs in with their own password, or another user who acts as them."""
        signed_in = through or (name if name in self.passwords else self.through[name])
        client = Trino(self.spec["coordinator_url"], self.spec["ca_file"], signed_in, self.passwords[signed_in])
        client.headers["X-Trino-User"] = name
        return client

    def nobody(self, user=None, password=None):
        return Trino(self.spec["own_url"], self.spec["ca_file"], user, password)

    def check_certificate_is_of_the_authority(self):
        expect(self.nobody().ask("/v1/info")[0], 200, "the node's own address")
        try:
            Trino(self.spec["own_url"], None).ask("/v1/info")
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                return
            raise
        raise AssertionError("a client that trusts nobody was satisfied by the certificate")

    def check_plain_http_is_closed(self):
        own = urllib.parse.urlsplit(self.spec["own_url"])
        with socket.socket() as plain:
            plain.settimeout(ANSWER_SECONDS)
            if plain.connect_ex((own.hostname, PLAIN_PORT)) == 0:
                raise AssertionError("port %d of %s is open" % (PLAIN_PORT, own.hostname))
        with socket.create_connection((own.hostname, own.port), timeout=ANSWER_SECONDS) as speech:
            speech.sendall(b"GET /v1/info HTTP/1.0\r\n\r\n")
            try:
                said = speech.recv(64)
            except ConnectionError:
                said = b""
        if said.startswith(b"HTTP/1.1 2"):
            raise AssertionError("port %d answers without TLS" % own.port)

    def check_nodes_know_one_another_by_the_secret_alone(self):
        def memory(**headers):
            return self.nobody().ask("/v1/memory", headers=headers)[0]

        refused(memory(), "an internal request of nobody")
        refused(memory(Authorization=self.operator.headers["Authorization"]), "an internal request of the operator")
        token = internal_token(uuid.uuid4().hex, "verify")
        refused(memory(**{"X-Trino-Internal-Bearer": token}), "an internal request with a wrong secret")
        # The same request with the right secret passes, so that the refusals above are of the secret.
        token = internal_token(self.spec["internal_secret"], "verify")
        if memory(**{"X-Trino-Internal-Bearer": token}) in REFUSED:
            raise AssertionError("an internal request with the right secret was refused too, so the others say nothing")

    def check_every_node_is_active(self):
        nodes = self.operator.rows("select node_id, coordinator from system.runtime.nodes where state = 'active'")
        expect(len(nodes), self.spec["nodes"], "active nodes")
        expect(sum(1 for node in nodes if node[1]), 1, "coordinators")
        if self.spec["node_id"] not in [node[0] for node in nodes]:
            raise AssertionError("this node, %s, is not among them" % self.spec["node_id"])


class CoordinatorChecks(Checks):
    """What only the coordinator answers."""

    def check_nobody_is_let_in_without_a_password(self):
        refused(self.nobody().status(), "a query without a name")
        refused(self.nobody(user=self.spec["operator"]).status(), "a query with a name alone")

    def check_a_wrong_password_is_refused(self):
        refused(self.nobody(self.spec["operator"], uuid.uuid4().hex).status(), "a wrong password")
        refused(self.nobody(uuid.uuid4().hex, self.passwords[self.spec["operator"]]).status(), "an unknown user")

    def check_every_user_signs_in(self):
        for name in self.passwords:
            expect(self.as_user(name).rows("select current_user"), [[name]], "current user")

    def check_every_user_has_the_limits_of_the_site(self):
        for name in self.passwords:
            client = self.as_user(name)
            client.headers["X-Trino-Source"] = "verify"
            found = {row[0]: row[1] for row in client.rows("show session like 'query_max_%'")}
            expect(found.get("query_max_run_time"), self.spec["run_times"][name], "run time of %s's queries" % name)

    def check_people_come_through_those_whom_the_site_names(self):
        for name, through in self.through.items():
            expect(self.as_user(name, through).rows("select current_user"), [[name]], "current user")

    def check_answers_are_right(self):
        sql = "select count(*), count(distinct l_orderkey) from tpch.tiny.lineitem"
        expect(self.operator.rows(sql)[0], [60175, 15000], "lines and orders of tpch.tiny")

    def check_every_catalog_is_there(self):
        found = {row[0] for row in self.operator.rows("show catalogs")}
        expect(sorted(set(self.spec["catalogs"]) - found), [], "catalogs that are missing")

    def check_tables_are_written_and_read(self):
        self.remove_leftovers()
        schema = "lakehouse.trino_verify_%08x%s" % (int(time.time()), uuid.uuid4().hex[:4])
        self.operator.rows("create schema " + schema)
        try:
            self.operator.rows("create table %s.nation as select * from tpch.tiny.nation" % schema)
            self.operator.rows("delete from %s.nation where n_regionkey = 0" % schema)
            expect(self.operator.rows("select count(*) from %s.nation" % schema), [[20]], "rows left")
        finally:
            self.operator.rows("drop table if exists %s.nation" % schema)
            self.operator.rows("drop schema " + schema)

    def remove_leftovers(self):
        for schema in [row[0] for row in self.operator.rows("show schemas from lakehouse")]:
            began = LEFT.fullmatch(schema)
            if began and int(began[1], 16) < time.time() - LEFT_AFTER_SECONDS:
                for row in self.operator.rows("show tables from lakehouse.%s" % schema):
                    self.operator.rows('drop table lakehouse.%s."%s"' % (schema, row[0]))
                self.operator.rows("drop schema lakehouse.%s" % schema)

    def check_every_topic_is_read(self):
        for topic in self.spec["topics"]:
            self.operator.rows("select _partition_offset from kafka.%s limit 1" % topic)

    def check_limited_users_are_refused(self):
        for user in self.spec["users"]:
            for case in self.spec["refused"]:
                if case["group"] in user.get("groups", []):
                    denied(self.as_user(user["name"]), case["sql"], user["name"])

    def check_nobody_acts_as_another(self):
        for name in self.passwords:
            for other in {"somebody.else", self.spec["operator"], *self.through} - {name}:
                if self.through.get(other) != name:
                    denied(self.as_user(other, name), "select current_user", "%s as %s" % (name, other))


def verify(spec):
    checks = (CoordinatorChecks if spec["coordinator"] else Checks)(spec)
    report = []
    for name in sorted(name for name in dir(checks) if name.startswith("check_")):
        detail = None
        try:
            getattr(checks, name)()
        except Exception as error:  # a check that cannot be made has failed, and the others are still wanted
            detail = "%s: %s" % (type(error).__name__, error)
        report.append({"check": name.removeprefix("check_").replace("_", " "), "ok": detail is None, "detail": detail})
    return report


def signed_in(user=None, password=None):
    """The server that the command line is set up for, as its user or as another."""
    with open(CLI_FILES + "/config.properties", encoding="utf-8") as file:
        pairs = [line.strip().split("=", 1) for line in file if "=" in line and not line.startswith("#")]
    settings = dict(pairs)
    if user is None:
        user = settings["user"]
        with open(CLI_FILES + "/password", encoding="utf-8") as file:
            password = file.read().strip()
    return Trino(settings["server"], settings["truststore-path"], user, password)


def started(client):
    """Tell whether the server says that it is no longer starting; that needs no worker, as any query does."""
    if json.loads(client.ask("/v1/info")[1])["starting"]:
        raise QueryFailed({"message": "the server is still starting"})


def wait(seconds, sql=None):
    """Ask until the server has started and the query, if any, succeeds, or the time is over; the last trouble is said then."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            client = signed_in()
            started(client)
            for row in client.rows(sql) if sql else ():
                print(*row, sep="\t")
            return 0
        except (QueryFailed, OSError, ValueError) as error:
            if time.monotonic() > deadline:
                print("not ready after %d s: %s" % (seconds, error), file=sys.stderr)
                return 1
        time.sleep(1)


def main(arguments):
    if arguments[:1] == ["wait"] and len(arguments) in (2, 3):
        return wait(int(arguments[1]), *arguments[2:])
    if arguments == ["verify"]:
        json.dump(verify(json.load(sys.stdin)), sys.stdout)
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
