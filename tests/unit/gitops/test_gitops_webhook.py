# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is heard, and who is not."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import threading

import pytest
from lakehouse_gitops import webhook

BODY = json.dumps({"repository": {"full_name": "gti/airflow-dags"}}).encode()


@pytest.fixture
def listener(tmp_path):
    deliveries = webhook.Deliveries(tmp_path / "deliveries.sqlite")
    return webhook.Listener(secrets.token_bytes(20), {"gti/airflow-dags"}, deliveries, tmp_path / "trigger")


def sign(listener, body):
    return hmac.new(listener.secret, body, hashlib.sha256).hexdigest()


def refused(listener, body, signature, delivery="1"):
    with pytest.raises(webhook.Refusal) as refusal:
        listener.hear(body, signature, delivery)
    assert not listener.trigger.exists()
    return refusal.value.status


class TestListener:
    def test_a_signed_word_leaves_a_mark(self, listener):
        assert listener.hear(BODY, sign(listener, BODY), "1") == "gti/airflow-dags"
        assert listener.trigger.exists()

    def test_an_unsigned_word_leaves_none(self, listener):
        assert refused(listener, BODY, "") == 401

    @pytest.mark.parametrize("change", [lambda sign: "0" * 64, lambda sign: sign[:-1], lambda sign: "é" * 64])
    def test_a_wrong_signature_leaves_none(self, listener, change):
        assert refused(listener, BODY, change(sign(listener, BODY))) == 401

    def test_another_body_has_another_signature(self, listener):
        assert refused(listener, BODY + b" ", sign(listener, BODY)) == 401

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"repository": null}', b"\xff"])
    def test_a_body_without_a_repository_leaves_none(self, listener, body):
        assert refused(listener, body, sign(listener, body)) == 400

    def test_another_repository_leaves_none(self, listener):
        body = BODY.replace(b"airflow-dags", b"infra")
        assert refused(listener, body, sign(listener, body)) == 403

    def test_a_word_without_a_number_leaves_none(self, listener):
        assert refused(listener, BODY, sign(listener, BODY), "") == 400

    @pytest.mark.parametrize("number", ["1", "2"], ids=["the same number", "another number"])
    def test_what_was_heard_is_not_heard_again(self, listener, number):
        listener.hear(BODY, sign(listener, BODY), "1")
        listener.trigger.unlink()
        assert refused(listener, BODY, sign(listener, BODY), number) == 409

    def test_a_number_that_was_heard_is_not_heard_with_another_body(self, listener):
        listener.hear(BODY, sign(listener, BODY), "1")
        listener.trigger.unlink()
        assert refused(listener, BODY + b" ", sign(listener, BODY + b" "), "1") == 409


class TestDeliveries:
    def test_they_outlive_a_restart(self, tmp_path):
        assert webhook.Deliveries(tmp_path / "d").is_new("a", "b")
        assert not webhook.Deliveries(tmp_path / "d").is_new("c", "b")

    def test_the_oldest_are_forgotten(self, tmp_path):
        deliveries = webhook.Deliveries(tmp_path / "d", remembered=10)
        for number in range(50):
            assert deliveries.is_new(str(number))
        assert deliveries.database.execute("select count(*) from heard").fetchone() == (10,)
        assert not deliveries.is_new("49")


@pytest.fixture
def server(listener, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    running = webhook.Server(("127.0.0.1", 0), context, listener)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    running.trust = ssl.create_default_context(cafile=certificate)
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


class TestServer:
    def ask(self, server, method="POST", body=BODY, **headers):
        connection = http.client.HTTPSConnection("localhost", server.server_port, context=server.trust, timeout=5)
        try:
            connection.request(method, "/", body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
            return connection.getresponse().status
        finally:
            connection.close()

    def test_it_hears_and_refuses(self, server, listener):
        signed = {"X_Gitea_Signature": sign(listener, BODY), "X_Gitea_Delivery": secrets.token_hex(4)}
        assert self.ask(server, **signed) == 202 and listener.trigger.exists()
        assert self.ask(server, **signed) == 409
        assert self.ask(server) == 401

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_only_post_is_answered(self, server, method):
        assert self.ask(server, method, None) == 405

    def test_a_long_body_is_not_read(self, server):
        assert self.ask(server, body=None, Content_Length=str(webhook.BODY_BYTES + 1)) == 413

    def test_a_body_of_unknown_length_is_not_read(self, server):
        assert self.ask(server, body=None, Content_Length="long") == 411

    def test_nothing_is_said_without_tls(self, server, listener):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            assert not connection.recv(100).startswith(b"HTTP")
        assert self.ask(server) == 401  # and others are served on

    def test_a_caller_who_sends_a_byte_now_and_then_comes_to_an_end(self, server, monkeypatch):
        monkeypatch.setattr(server.RequestHandlerClass, "seconds", 1)
        with socket.create_connection(("localhost", server.server_port), timeout=5) as plain:
            with server.trust.wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 100\r\n\r\n")
                connection.settimeout(0.2)
                for sent in range(100):
                    try:
                        connection.sendall(b"x")
                        if not connection.recv(1):
                            break
                    except TimeoutError:
                        continue  # nothing is answered yet
                    except OSError:
                        break
        assert sent < 99
        monkeypatch.undo()
        assert self.ask(server) == 401

    def test_a_silent_caller_keeps_nobody_waiting(self, server):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=5):
            assert self.ask(server) == 401
