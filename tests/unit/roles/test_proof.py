# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' proofs share; test_redirects.py has where a password may go."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import pathlib
import socket
import threading

import proof
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("link", sorted(ROOT.glob("roles/*/files/proof.py")), ids=lambda link: link.parts[-3])
def test_a_proof_has_one_source(link):
    assert link.resolve() == ROOT / "roles/common/files/proof.py"


@pytest.mark.parametrize("broken, status", [([], 0), (["this"], 1)])
def test_the_status_says_whether_all_holds(broken, status, capsys):
    def prove(wish, result):
        result.that(True, wish)
        for what in broken:
            result.that(False, what)

    assert proof.run(prove, expected=io.StringIO('"that"')) == status
    assert json.loads(capsys.readouterr().out) == {"held": ["that"], "broken": broken}


class Own(Exception):
    pass


@pytest.mark.parametrize("fault", [ConnectionRefusedError("no server"), http.client.BadStatusLine("no server"), KeyError("no server"), Own("no server")])
def test_a_proof_that_ends_early_says_why(fault, capsys):
    def prove(wish, result):
        result.that(True, "begun")
        raise fault

    assert proof.run(prove, Own, expected=io.StringIO("{}")) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["held"] == ["begun"] and [what for what in said["broken"] if type(fault).__name__ in what and "no server" in what]


@contextlib.contextmanager
def answering(said):
    """A server that says the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            line = server.accept()[0]
            with line:
                line.recv(1000)
                line.sendall(said)
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield "https://127.0.0.1:%d/" % server.getsockname()[1]
        finally:
            thread.join()


@pytest.mark.parametrize("said, plainly", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True),
    (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.", False),
    (b"\x15\x03\x01\x00\x02\x02\x50", False),  # TLS' own refusal
    (b"", False),
])  # fmt: skip
def test_an_answer_without_tls_is_seen(said, plainly):
    with answering(said) as url:
        assert proof.speaks_plainly(url) is plainly


def test_nothing_is_said_where_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = "https://127.0.0.1:%d" % server.getsockname()[1]
    assert not proof.speaks_plainly(url)
