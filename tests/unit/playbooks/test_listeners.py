# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener's certificate is held against name, authority and time; nothing that is no TLS passes."""

from __future__ import annotations

import datetime
import importlib.util
import pathlib
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files/listeners.py"
spec = importlib.util.spec_from_file_location("listeners", SCRIPT)
listeners = importlib.util.module_from_spec(spec)
spec.loader.exec_module(listeners)

NAME = "trino.gti.local"


def certificate(folder, days):
    """Path of a key with a certificate of its own making, which lives so many days more."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30)).not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return pem


def serve(answer):
    """Port at which each caller is given to answer(), in the background."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            caller, dummy = server.accept()
            try:
                answer(caller)
            except OSError:
                pass  # who calls may not like what is shown
            caller.close()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def shown(pem, *, first=None, name=NAME, trusted=True, kind="yes"):
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)

    def answer(caller):
        if first is not None:
            caller.recv(8)
            caller.sendall(first)
        with server_side.wrap_socket(caller, server_side=True) as secure:
            secure.recv(1)

    context = ssl.create_default_context(cafile=pem if trusted else None)
    return listeners.look(context, name, "127.0.0.1", {"port": serve(answer), "what": "Trino", "tls": kind}, time.time())


def test_a_good_one_says_how_long_it_lives(tmp_path):
    found = shown(certificate(tmp_path, 10))
    assert (found["problem"], found["days"], found["version"]) == (None, 10, "TLSv1.3")


def test_postgresql_is_asked_for_tls_first(tmp_path):
    assert shown(certificate(tmp_path, 10), first=b"S", kind="postgres")["problem"] is None
    assert "offers no TLS" in shown(certificate(tmp_path, 10), first=b"N", kind="postgres")["problem"]


@pytest.mark.parametrize(("days", "change"), [(10, {"name": "other.gti.local"}), (10, {"trusted": False}), (-1, {})])
def test_another_name_a_stranger_and_an_old_one_are_told(tmp_path, days, change):
    assert shown(certificate(tmp_path, days), **change)["problem"]


def test_what_speaks_plainly_or_not_at_all_is_told():
    context = ssl.create_default_context()
    plain = {"port": serve(lambda caller: caller.sendall(b"hello\r\n")), "what": "Trino", "tls": "yes"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = {"port": server.getsockname()[1], "what": "Trino", "tls": "yes"}
    for door in (plain, closed):
        assert listeners.look(context, NAME, "127.0.0.1", door, time.time())["problem"]
