# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health is measured at the work, and what does not answer is told from what answers."""

from __future__ import annotations

import datetime
import http.server
import importlib.util
import pathlib
import threading
import time
import types

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files/probes.py"
spec = importlib.util.spec_from_file_location("probes", SCRIPT)
probes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(probes)

PAGE = b'<html><script src="/app.js"></script><link rel="stylesheet" href=theme.css?v=1><script src="https://elsewhere.example/x.js"></script></html>'


@pytest.fixture(name="site")
def served():
    class Handler(http.server.BaseHTTPRequestHandler):
        answers = {"/": PAGE, "/app.js": b"1", "/theme.css?v=1": b"1"}
        objects = {}

        def do_GET(self):
            body = self.objects.get(self.path, self.answers.get(self.path))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_PUT(self):
            self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"])) if self.keeps else b"other"
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        keeps = True

        def log_message(self, *dummy):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Handler.url = "http://127.0.0.1:%d" % server.server_address[1]
        yield Handler
        server.shutdown()


def problem(**probe):
    thread, dummy, said = probes.measured(dict(probe, name="it"))
    thread.join(20)
    return said["problem"]


def test_a_page_is_well_when_its_scripts_load(site):
    assert problem(kind="page", url=site.url + "/") is None


def test_a_page_without_its_script_is_blank(site):
    site.answers = {"/": PAGE, "/theme.css?v=1": b"1"}
    assert "2 scripts and styles of the page do not all load" in problem(kind="page", url=site.url + "/")


def test_a_page_that_is_not_there_does_not_load(site):
    assert "the page does not load" in problem(kind="page", url=site.url + "/gone")


def test_an_object_is_written_and_read(site):
    store = {"kind": "s3", "url": site.url, "bucket": "b", "key": "tmp/k", "region": "us-east-1", "account": "a", "secret": "s"}
    assert problem(**store) is None
    site.keeps = False
    assert problem(**store) == "a reads another object than it wrote"


def test_requests_are_signed_as_s3_documents_it():
    """The example of the signature's documentation, with this request's own set of headers."""
    headers = probes.signed("GET", "https://examplebucket.s3.amazonaws.com/test.txt", "us-east-1", "AKIDEXAMPLE", "secret", b"",
                            datetime.datetime(2013, 5, 24))
    assert headers["x-amz-date"] == "20130524T000000Z" and headers["host"] == "examplebucket.s3.amazonaws.com"
    assert headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=")


def test_what_hangs_is_told_after_its_own_time(monkeypatch):
    monkeypatch.setitem(probes.KINDS, "hangs", lambda probe: time.sleep(30))
    dummy, end, said = probes.measured({"name": "it", "kind": "hangs", "seconds": 1})
    assert said["problem"] == "no answer within 1 s" and end - time.monotonic() <= 1


def test_a_fault_of_a_probe_is_that_ones(monkeypatch):
    monkeypatch.setitem(probes.KINDS, "bad", lambda probe: {}["x"])
    assert problem(kind="bad") == "KeyError: 'x'"


@pytest.mark.parametrize("offsets, words", [
    ([{("t", 0): (5, 9)}, {("t", 0): (5, 9)}], "t: 4 records wait"),
    ([{("t", 0): (5, 9), ("t", 1): (0, 2)}, {("t", 0): (8, 12), ("t", 1): (0, 2)}], "t: 2 records wait"),
    ([{("t", 0): (5, 9)}, {("t", 0): (7, 12)}], None),
    ([{("t", 0): (5, 9)}, {}], None),
    ([{}], None),
])
def test_a_stream_stands_still_when_records_wait_and_its_offsets_do_not_move(monkeypatch, offsets, words):
    answers = iter(offsets)
    last = []

    def waiting(dummy, topics):
        assert topics == {"t": ""}
        last[:] = [next(answers, last[0] if last else {})]
        return last[0]
    monkeypatch.setattr(probes, "waiting", waiting)
    monkeypatch.setattr(probes.time, "sleep", lambda dummy: None)
    monkeypatch.setattr(probes, "last_row", lambda probe, topic: "and so on")
    found = problem(kind="lag", topics={"t": ""}, patience=1, group="g", kafka={"bootstrap.servers": "127.0.0.1:9"})
    assert found is None if words is None else found.startswith(words)


def test_a_topic_that_kafka_does_not_have_is_named_and_not_passed_over():
    consumer = types.SimpleNamespace(list_topics=lambda timeout: types.SimpleNamespace(topics={"rede.a": None}))
    with pytest.raises(probes.Problem, match="no topic rede.b, rede.c "):
        probes.waiting(consumer, {"rede.c": "", "rede.a": "", "rede.b": ""})
