# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds the checks of role trino a server that does all right, and then one fault after the other."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import http.server
import importlib.util
import ipaddress
import json
import pathlib
import secrets
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FILE = pathlib.Path(__file__).resolve().parents[3] / "roles/trino/files/trino_check.py"
spec = importlib.util.spec_from_file_location("trino_check", FILE)
trino_check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trino_check)

USERS = [
    {"name": "operator", "password": secrets.token_urlsafe(), "groups": ["admin"]},
    {"name": "reader", "password": secrets.token_urlsafe(), "groups": ["reader"]},
    {"name": "ana", "through": "reader", "groups": ["reader"]},
]
SECRET = secrets.token_urlsafe()
DENIED = {"errorName": "PERMISSION_DENIED", "message": "Access Denied"}
FORBIDDEN = "create schema lakehouse.more"


class FakeTrino:
    """What the checks see of Trino; `faults` says what is wrong with it."""

    def __init__(self):
        self.faults = set()
        self.nodes = [["here", True], ["there", False]]
        self.schemas, self.tables = set(), set()

    def sign_in(self, headers):
        """Return the name that a request is signed in with, or None."""
        if "let in by name" in self.faults and headers.get("X-Trino-User"):
            return headers["X-Trino-User"]
        kind, unused, code = headers.get("Authorization", "").partition(" ")
        name, unused, password = base64.b64decode(code).decode().partition(":") if kind == "Basic" else ("", "", "")
        if "any password" in self.faults and name:
            return name
        return name if (name, password) in [(user["name"], user.get("password")) for user in USERS] else None

    def memory(self, headers):
        if "open inside" in self.faults:
            return 200
        if "closed inside" in self.faults or not headers.get("X-Trino-Internal-Bearer"):
            return 403
        text, unused, signature = headers["X-Trino-Internal-Bearer"].rpartition(".")
        right = hmac.new(hashlib.sha256(SECRET.encode()).digest(), text.encode(), hashlib.sha256).digest()
        return 200 if base64.urlsafe_b64decode(signature + "==") == right else 401

    def query(self, user, acting, sql):
        """Return the rows of a query, or raise the error that it ends with."""
        allowed = set() if "ana is kept out" in self.faults else {("reader", "ana")}
        allowed |= {("reader", "operator")} if "reader acts as operator" in self.faults else set()
        if acting != user and (user, acting) not in allowed and "anyone acts as another" not in self.faults:
            raise trino_check.QueryFailed(DENIED)
        if sql == FORBIDDEN:
            if "reader may write" in self.faults:
                return []
            raise trino_check.QueryFailed({"errorName": "SYNTAX_ERROR", "message": "typed wrong"} if "other error" in self.faults else DENIED)
        if sql == "select current_user":
            return [[acting]]
        if "system.runtime.nodes" in sql:
            return self.nodes
        if "tpch.tiny.lineitem" in sql:
            return [[60174 if "wrong answer" in self.faults else 60175, 15000]]
        if "from kafka.shop.orders" in sql and "no topic" in self.faults:
            raise trino_check.QueryFailed({"errorName": "KAFKA_SPLIT_ERROR", "message": "Not authorized to access topics"})
        if sql.startswith("show session"):
            return [["query_max_run_time", "100d" if "no limits" in self.faults else "900s", "100d", "varchar", "how long"]]
        if sql == "show catalogs":
            return [["system"], ["tpch"]] + ([] if "no lakehouse" in self.faults else [["lakehouse"]])
        if sql == "show schemas from lakehouse":
            return [[schema.removeprefix("lakehouse.")] for schema in sorted(self.schemas)]
        if sql.startswith("show tables from"):
            return [[table] for schema, table in sorted(self.tables) if schema == sql.split()[3]]
        if sql.startswith("drop table lakehouse.verify"):
            self.tables.remove(tuple(sql.split()[2].replace('"', "").rsplit(".", 1)))
            return []
        if sql.startswith("create schema"):
            self.schemas.add(sql.split()[2])
            return []
        if sql.startswith("drop schema"):
            self.schemas.remove(sql.split()[2])
            return []
        if sql.startswith("select count(*) from lakehouse"):
            return [[25 if "nothing deleted" in self.faults else 20]]
        return []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def answer(self, status, page=None):
        body = json.dumps(page or {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        trino = self.server.trino
        if self.path == "/v1/memory":
            return self.answer(trino.memory(self.headers))
        if self.path == "/v1/info":
            return self.answer(200, {"starting": "starts for ever" in trino.faults})
        return self.answer(200, trino.pages.pop(self.path))

    def do_POST(self):
        trino = self.server.trino
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        user = trino.sign_in(self.headers)
        if user is None:
            return self.answer(401)
        try:
            last = {"data": trino.query(user, self.headers.get("X-Trino-User", user), sql)}
        except trino_check.QueryFailed as error:
            last = {"error": {"errorName": error.name, "message": str(error)}}
        path = "/v1/statement/" + secrets.token_hex(4)
        trino.pages = {path: last}
        return self.answer(200, {"nextUri": "https://127.0.0.1:%d%s" % (self.server.server_address[1], path)})


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.crt").write_bytes(pem)
    (folder / "server.pem").write_bytes(private + pem)
    return folder


def serve(trino, context):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.trino = trino
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(name="site")
def fixture_site(tmp_path, monkeypatch):
    """A fake Trino and what the checks are told about it."""
    folder = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    trino = FakeTrino()
    server = serve(trino, context)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(trino_check, "PLAIN_PORT", free.getsockname()[1])
    url = "https://127.0.0.1:%d" % server.server_address[1]
    told = {
        "coordinator": True,
        "coordinator_url": url,
        "own_url": url,
        "ca_file": str(folder / "ca.crt"),
        "internal_secret": SECRET,
        "operator": "operator",
        "users": USERS,
        "run_times": {user["name"]: "900s" for user in USERS},
        "catalogs": ["lakehouse", "tpch"],
        "nodes": 2,
        "node_id": "here",
        "refused": [{"group": "reader", "sql": FORBIDDEN}],
        "topics": ["shop.orders"],
    }
    yield trino, told
    server.shutdown()
    server.server_close()


def failures(told):
    return {line["check"]: line["detail"] for line in trino_check.verify(told) if not line["ok"]}


def test_a_server_that_does_all_right_passes(site):
    trino, told = site
    assert failures(told) == {}
    assert len(trino_check.verify(told)) == 15
    assert trino.schemas == set()


def test_a_worker_is_asked_less(site):
    trino, told = site
    assert failures({**told, "coordinator": False}) == {}
    assert len(trino_check.verify({**told, "coordinator": False})) == 4


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("let in by name", ["a wrong password is refused", "nobody acts as another", "nobody is let in without a password"]),
        ("any password", ["a wrong password is refused"]),
        ("open inside", ["nodes know one another by the secret alone"]),
        ("closed inside", ["nodes know one another by the secret alone"]),
        ("anyone acts as another", ["nobody acts as another"]),
        ("reader acts as operator", ["nobody acts as another"]),
        ("ana is kept out", ["people come through those whom the site names"]),
        ("reader may write", ["limited users are refused"]),
        ("other error", ["limited users are refused"]),
        ("wrong answer", ["answers are right"]),
        ("no lakehouse", ["every catalog is there"]),
        ("nothing deleted", ["tables are written and read"]),
        ("no limits", ["every user has the limits of the site"]),
        ("no topic", ["every topic is read"]),
    ],
)
def test_each_fault_is_found(site, fault, found):
    trino, told = site
    trino.faults.add(fault)
    assert sorted(failures(told)) == found
    assert trino.schemas == set()


def test_what_killed_proofs_left_goes_when_it_is_old(site):
    trino, told = site
    new = "lakehouse.verify_%08x0123" % int(time.time())
    trino.schemas |= {"lakehouse.verify_600000000123", "lakehouse.verify_spark_600000000123", new, "lakehouse.verify_sales", "lakehouse.gold"}
    trino.tables |= {("lakehouse.verify_600000000123", "t"), (new, "t")}
    assert failures(told) == {}
    assert trino.schemas == {new, "lakehouse.verify_sales", "lakehouse.gold"} and trino.tables == {(new, "t")}


@pytest.mark.parametrize("nodes", [[["here", True]], [["here", True], ["there", True]], [["there", True], ["third", False]], []])
def test_a_wrong_set_of_nodes_is_found(site, nodes):
    trino, told = site
    trino.nodes = nodes
    assert sorted(failures(told)) == ["every node is active"]


def test_a_certificate_of_another_authority_is_found(site, tmp_path_factory):
    unused, told = site
    other = make_certificate(tmp_path_factory.mktemp("other"))
    assert "certificate is of the authority" in failures({**told, "ca_file": str(other / "ca.crt")})


def test_a_plain_port_is_found(site, monkeypatch):
    trino, told = site
    plain = serve(trino, None)
    monkeypatch.setattr(trino_check, "PLAIN_PORT", plain.server_address[1])
    assert list(failures(told)) == ["plain http is closed"]
    plain.shutdown()
    plain.server_close()


def test_a_main_port_without_tls_is_found(site):
    trino, told = site
    plain = serve(trino, None)
    checks = trino_check.Checks({**told, "own_url": "https://127.0.0.1:%d" % plain.server_address[1]})
    with pytest.raises(AssertionError, match="without TLS"):
        checks.check_plain_http_is_closed()
    plain.shutdown()
    plain.server_close()


@pytest.fixture(name="signed_in")
def fixture_signed_in(site, tmp_path, monkeypatch):
    told = site[1]
    (tmp_path / "config.properties").write_text(
        "# what is taken\nserver=%s\nuser=operator\ntruststore-path=%s\n" % (told["own_url"], told["ca_file"]), encoding="utf-8"
    )
    (tmp_path / "password").write_text(USERS[0]["password"] + "\n", encoding="utf-8")
    monkeypatch.setattr(trino_check, "CLI_FILES", str(tmp_path))
    return site


def test_wait_prints_rows(signed_in, capsys):
    assert trino_check.main(["wait", "5", "select current_user"]) == 0
    assert capsys.readouterr().out == "operator\n"


def test_wait_needs_no_query(signed_in, capsys):
    assert trino_check.main(["wait", "5"]) == 0
    assert capsys.readouterr().out == ""


def test_wait_does_not_take_a_starting_server_for_ready(signed_in, capsys):
    signed_in[0].faults.add("starts for ever")
    assert trino_check.main(["wait", "0", "select current_user"]) == 1
    assert "still starting" in capsys.readouterr().err


def test_wait_gives_up_and_says_why(signed_in, capsys):
    assert trino_check.main(["wait", "0", FORBIDDEN]) == 1
    assert "not ready after 0 s: Access Denied" in capsys.readouterr().err


def test_anything_else_gives_the_usage(capsys):
    assert trino_check.main([]) == 2
    assert "trino_check.py wait SECONDS [SQL]" in capsys.readouterr().err
