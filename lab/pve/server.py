# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS front: reads a request, identifies the caller, dispatches, writes the answer as Proxmox VE does."""

import json
import re
import socket
import ssl
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from . import multipart
from .api import ROUTER
from .errors import ApiError, Unauthorized
from .router import dispatch, world

BASE = "/api2/json"
MAX_BODY, MAX_UPLOAD = 512 << 10, 512 << 20
UPLOAD = re.compile(r"/nodes/[^/]+/storage/[^/]+/upload")
CONTROL = {number: "?" for number in (*range(32), 127)}
FORM = "application/x-www-form-urlencoded"


class PlainError(Exception):
    """An error whose body is plain text: the request could not be decoded."""

    def __init__(self, status, text, newline=False):
        super().__init__(text)
        self.status, self.reason, self.body = status, text, text + ("\n" if newline else "")


class Handler(BaseHTTPRequestHandler):
    """One connection. `server.node` is the node that answers."""

    protocol_version = "HTTP/1.1"
    server_version = "pve-api-daemon/3.0"
    sys_version = ""
    disable_nagle_algorithm = True      # or an answer waits 40 ms for the client's acknowledgement
    wbufsize = -1
    timeout = 60

    def setup(self):
        # The handshake belongs to the connection's own thread, so that a silent client blocks nobody else.
        if self.server.tls:
            self.request.settimeout(self.timeout)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_request(self, code="-", size="-"):
        """Reads that went well are not worth a line: clients poll."""
        if self.command != "GET" or not str(code).startswith("2"):
            super().log_request(code, size)

    def log_message(self, text, *args):
        if self.server.log:
            said = (text % args).translate(CONTROL)
            self.server.log("%s %s %s" % (time.strftime("%F %T"), self.address_string(), said))

    def do_GET(self):
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def do_PATCH(self):
        self._send(501, "method '%s' not available" % self.command, b"", "text/plain")

    do_OPTIONS = do_PATCH

    # ---- one request

    def _serve(self):
        node = self.server.node
        try:
            answer = self._answer(node)
        except PlainError as err:
            self._send(err.status, err.reason, err.body.encode(), "text/plain")
        except Unauthorized as err:
            time.sleep(node.auth_delay)
            body = {"data": None, "message": err.message} if err.body else None
            self._send_json(401, err.reason, body)
        except ApiError as err:
            body = {"data": None, "message": err.message}
            if err.errors:
                body["errors"] = err.errors
            if err.status >= 590:       # made by the proxy in front, not by the API: no body
                body = None
            self._send_json(err.status, err.reason, body)
        except Exception:   # a defect of the lab: show it to whoever debugs, answer something
            traceback.print_exc(file=sys.stderr)
            self._send_json(500, "internal error of the lab's API, see its log", None)
        else:
            self._send_json(200, "OK", answer)

    def _answer(self, node):
        parts = urlsplit(self.path)
        if not parts.path.startswith(BASE):
            raise PlainError(404, "Not Found")
        path = unquote(parts.path[len(BASE):]).rstrip("/") or "/"
        node.requests.append((self.command, path))
        if self.headers.get("Transfer-Encoding"):
            raise PlainError(501, "chunked transfer encoding not supported")
        # First who calls, then what he sends: a stranger's bytes are not taken in.
        authid, by_token = self._identify(node, path)
        params = self._params(parts.query, self._body(path))
        _refuse(node.faults.take("error", self.command, path), 500, "error on request")
        node.faults.find_locked(self.command, path)
        call = (node, self.command, path, authid, by_token, params)
        fault = node.faults.take("late", self.command, path)
        if fault is not None:
            threading.Thread(target=dispatch, args=call, daemon=True).start()
            _refuse(fault, 596, "Connection timed out")
        answer = dispatch(*call)
        _refuse(node.faults.take("lost", self.command, path), 596, "Connection timed out")
        return answer

    def _identify(self, node, path):
        if node.faults.take("expired", self.command, path) is not None:
            raise Unauthorized("Authentication failed!")
        # The login route ignores a ticket's cookie, but not a token (auth-020).
        login = (self.command, path) == ("POST", "/access/ticket")
        if login and not self.headers.get("Authorization"):
            return None, False
        authid, by_token = node.tickets.identify(self.command, self.headers)
        if authid is None:
            open_to_all = any(found.method == self.command and found.path == path and found.permission is world
                              for found in ROUTER.routes)
            if not open_to_all:
                raise Unauthorized("No ticket")
        return authid, by_token

    def _body(self, path):
        """Its length is the client's word: held to what the real server takes, and to being one."""
        text = self.headers.get("Content-Length", "0")
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise PlainError(400, "bad content length")
        length = int(text)
        if length and self.command in ("GET", "DELETE"):
            raise PlainError(501, "Unexpected content for method '%s'" % self.command)      # protocol-005
        if length > (MAX_UPLOAD if UPLOAD.fullmatch(path) else MAX_BODY):
            raise PlainError(501, "for data too large")
        return self.rfile.read(length)

    def _params(self, query, raw):
        params = _fold(parse_qsl(query, keep_blank_values=True))
        if not raw:
            return params
        kind = self.headers.get("Content-Type", FORM)
        if kind.startswith(FORM):
            return {**_fold(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True)), **params}
        if kind.startswith("application/json"):
            return {**_from_json(raw), **params}
        if kind.startswith("multipart/form-data"):
            return {**params, **multipart.parse(kind, raw)}
        raise PlainError(506, "upload 'Content-Type '%s' not implemented" % kind)           # protocol-009

    # ---- answers

    def _send_json(self, status, reason, body):
        data = b"" if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        self._send(status, reason, data, "application/json;charset=UTF-8")

    def _send(self, status, reason, data, kind):
        self.send_response(status, reason.translate(CONTROL).encode("ascii", "replace").decode())
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if status >= 400:       # the real server closes after every error
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


def _refuse(fault, status, reason):
    """Answer with what the fault says, if there is one."""
    if fault is not None:
        raise ApiError(fault.get("status", status), fault.get("reason", reason) + "\n")


def _fold(pairs):
    """Pairs to a dict; a key that comes more than once becomes a list."""
    params = {}
    for name, value in pairs:
        if name in params:
            earlier = params[name] if isinstance(params[name], list) else [params[name]]
            params[name] = earlier + [value]
        else:
            params[name] = value
    return params


AT_DECODE = " at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934."


def _from_json(raw):
    try:
        sent = json.loads(raw)
    except (ValueError, RecursionError) as err:
        text = raw.decode(errors="replace")
        offset = getattr(err, "pos", len(text))
        where = ("malformed JSON string, neither tag, array, object, number, string or atom, at character offset %d "
                 "(before \"%s\")%s" % (offset, text[offset:offset + 20] or "(end of string)", AT_DECODE))
        raise PlainError(500, where, newline=True) from None                                 # protocol-010
    if not isinstance(sent, dict):
        raise PlainError(500, "Not a HASH reference" + AT_DECODE, newline=True)
    return {name: _text(value) for name, value in sent.items() if value is not None}


def _text(value):
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, (list, dict)) else str(value)


class Server(ThreadingHTTPServer):
    """Serves one node. TLS when a context is given."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address, node, tls=None, log=None):
        self.node = node
        self.tls = tls
        self.log = log
        super().__init__(address, Handler)

    def handle_error(self, request, client_address):
        """A client that went away or spoke no TLS is no news."""
        if not isinstance(sys.exc_info()[1], (ssl.SSLError, ConnectionError, socket.timeout, TimeoutError)):
            super().handle_error(request, client_address)

    def start(self):
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return thread


def tls_context(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context
