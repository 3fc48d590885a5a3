# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, as much of it as the proofs of pages need."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# What of the network is Google's is closed here, and nobody's business.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync", "--no-first-run"]


def key_of(ca_path):
    """Of the authority that a certificate must be of, in the browser's words."""
    authority = x509.load_pem_x509_certificate(pathlib.Path(ca_path).read_bytes())
    info = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode()


class Browser:
    """By the protocol that chromedriver speaks, which is all that this needs."""

    def __init__(self, port, folder, cache, key):
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1400", "--lang=pt-BR",
                     f"--user-data-dir={folder}", f"--disk-cache-dir={cache}", f"--ignore-certificate-errors-spki-list={key}", *QUIET]
        self.url = f"http://127.0.0.1:{port}/session"
        options = {"browserName": "chrome", "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments}}
        self.url += "/" + self("POST", "", {"capabilities": {"alwaysMatch": options}})["sessionId"]

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.loads(error.read())['value']['message'][:300]}") from error

    def go(self, url):
        self("POST", "/url", {"url": url})

    def run(self, script):
        return self("POST", "/execute/sync", {"script": script, "args": []})

    def until(self, script, seconds=60):
        """The first answer of a script that is worth something, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError):  # between two pages there is nothing to ask
                answer = self.run(script)
                if answer:
                    return answer
            time.sleep(0.5)
        return None

    def fill(self, selector, text):
        element = self("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        self("POST", f"/element/{element}/value", {"text": text})

    def sign_in(self, page, fields, credentials, told):
        self.go(page)
        if not self.until(f"return !!document.querySelector('{fields[0]}')", 30):
            raise RuntimeError("there is no page to sign in")
        for field, text in zip(fields, (credentials[0], credentials[1] + "\n")):
            self.fill(field, text)
        return self.until(told, 30) is True

    def picture(self, path):
        path.write_bytes(base64.b64decode(self("GET", "/screenshot")))


@contextlib.contextmanager
def browser(ca_path, cache=""):
    """A browser that knows nobody. One for each person: clearing cookies is not enough, as what a page says when it is left may bring its
    session back. `cache` is a folder for what may be common to them, the pages' scripts."""
    with contextlib.ExitStack() as undo:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        driver = subprocess.Popen(["/usr/bin/chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        undo.callback(driver.wait, timeout=20)
        undo.callback(driver.terminate)
        folder = undo.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        for attempt in range(60):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.25)
        window = Browser(port, folder, cache or f"{folder}/cache", key_of(ca_path))
        undo.callback(window, "DELETE", "")
        yield window
