# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listens for Gitea's word that something is new. What it hears says nothing of what to deploy: it only leaves a mark, upon which the flow
looks by itself. It has neither a key nor a password but the secret that words are signed with."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.server
import json
import logging
import pathlib
import socket
import sqlite3
import ssl
import sys
import threading

BODY_BYTES = 4 * 1024 * 1024
SECONDS = 10  # that a caller has for a word, from the first byte to the last
CALLERS = 16  # at once; who comes then waits
REMEMBERED = 100_000

log = logging.getLogger("gitops-webhook")


class Deliveries:
    """Which words were heard. The signature counts beside the delivery's number, which is not signed: what comes again under another number
    is the same word."""

    def __init__(self, path: pathlib.Path, remembered: int = REMEMBERED):
        self.lock = threading.Lock()
        self.remembered = remembered
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.database.execute("create table if not exists heard (number integer primary key autoincrement, mark text not null unique)")

    def is_new(self, *marks: str) -> bool:
        """Remember them, and whether all were unheard of."""
        with self.lock:
            self.database.execute("begin immediate")
            before = self.database.total_changes
            self.database.executemany("insert or ignore into heard (mark) values (?)", [(mark,) for mark in marks])
            new = self.database.total_changes - before == len(marks)
            self.database.execute("delete from heard where number <= (select max(number) from heard) - ?", (self.remembered,))
            self.database.execute("commit")
            return new


class Refusal(Exception):
    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


class Listener:
    def __init__(self, secret: bytes, repositories: set[str], deliveries: Deliveries, trigger: pathlib.Path):
        self.secret = secret
        self.repositories = repositories
        self.deliveries = deliveries
        self.trigger = trigger

    def hear(self, body: bytes, signature: str, delivery: str) -> str:
        """Leave the mark, or raise what is answered instead. Nothing of the body is looked at before its signature is."""
        if not signature:
            raise Refusal(401, "it is not signed")
        right = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.strip().lower().encode(errors="replace")):
            raise Refusal(401, "the signature is wrong")
        try:
            repository = str(json.loads(body)["repository"]["full_name"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(400, "it names no repository") from error
        if repository not in self.repositories:
            raise Refusal(403, "the repository is not one of this host's")
        if not delivery or len(delivery) > 100:
            raise Refusal(400, "it has no number")
        if not self.deliveries.is_new("delivery " + delivery, "signature " + right):
            raise Refusal(409, "it was received before")
        self.trigger.touch()
        return repository


class Handler(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "gitops", ""
    seconds = SECONDS
    listener: Listener

    def setup(self):
        # Here and not where callers are accepted, so that a slow one keeps only itself waiting. A socket's own limit is for each read:
        # who sends a byte now and then would never come to it.
        self.request.settimeout(self.seconds)
        self.end = threading.Timer(self.seconds, self.break_off)
        self.end.daemon = True
        self.end.start()
        try:
            self.request.do_handshake()
            super().setup()
        except BaseException:
            self.end.cancel()
            raise

    def break_off(self):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.request, socket.SHUT_RDWR)

    def finish(self):
        self.end.cancel()
        super().finish()

    def do_POST(self):
        try:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                raise Refusal(411, "it has no Content-Length")
            if int(length) > BODY_BYTES:
                raise Refusal(413, "it is too long")
            body = self.rfile.read(int(length))
            if len(body) != int(length):
                raise Refusal(400, "it is shorter than its Content-Length")
            repository = self.listener.hear(body, self.headers.get("X-Gitea-Signature", ""), self.headers.get("X-Gitea-Delivery", ""))
        except Refusal as refusal:
            log.warning("%s is refused (%d): %s", self.client_address[0], refusal.status, refusal)
            self.answer(refusal.status, str(refusal))
        else:
            log.info("%s has something new", repository)
            self.answer(202, "heard")

    def refuse_method(self):
        log.warning("%s is refused (405): %s", self.client_address[0], self.command)
        self.answer(405, "only POST")

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = refuse_method

    def answer(self, status: int, words: str):
        content = (words + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if status == 405:
            self.send_header("Allow", "POST")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_request(self, *dummy):
        """What matters is logged above, without what a caller may write."""

    def log_error(self, *dummy):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, listener: Listener):
        super().__init__(address, type("ListeningHandler", (Handler,), {"listener": listener}))
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.places = threading.BoundedSemaphore(CALLERS)

    def process_request(self, request, client_address):
        self.places.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request, client_address):
        """A caller that breaks off or speaks no TLS is no fault of this."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            log.warning("%s breaks off: %s", client_address[0], error)
        else:
            log.error("%s meets a fault", client_address[0], exc_info=error)


def main() -> None:
    """Arguments: the file of settings."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = json.loads(pathlib.Path(sys.argv[1]).read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings["certificate"], settings["key"])
    state = pathlib.Path(settings["state"])
    listener = Listener(
        pathlib.Path(settings["secret"]).read_text().strip().encode(),
        set(settings["repositories"]),
        Deliveries(state / "deliveries.sqlite"),
        state / "trigger",
    )
    Server(("", settings["port"]), context, listener).serve_forever()


if __name__ == "__main__":
    main()
