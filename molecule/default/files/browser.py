# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at Superset as people do, in a headless Chromium: each role, what it sees, and what it is refused.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...], "events": N}; ends with 1 when something is
broken. With "more_than" it waits until the counter of events has gone beyond that, and looks at nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/superset/files"))
verify = importlib.import_module("verify")

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

    def __init__(self, port, folder, key):
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1400", "--lang=pt-BR",
                     f"--user-data-dir={folder}", f"--ignore-certificate-errors-spki-list={key}", *QUIET]
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

    def sign_in(self, url, name, password):
        """Whoever was signed in before is forgotten; the pages' scripts are not, which are most of what is loaded."""
        self("DELETE", "/cookie")
        self.go(url + "/login/")
        if not self.until("return !!document.querySelector('#username')", 30):
            raise RuntimeError("there is no page to sign in")
        self.fill("#username", name)
        self.fill("#password", password + "\n")
        return self.until("return location.pathname.startsWith('/superset/welcome') || (document.body.innerText.includes('inválid') && 'no')", 30) is True

    def picture(self, path):
        path.write_bytes(base64.b64decode(self("GET", "/screenshot")))


@contextlib.contextmanager
def browser(ca_path):
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
        window = Browser(port, folder, key_of(ca_path))
        undo.callback(window, "DELETE", "")
        yield window


def events_of(window, url):
    """The number that the card of received events shows."""
    window.go(url + "/superset/dashboard/plataforma/")
    text = window.until("""
        for (const card of document.querySelectorAll('[data-test-chart-name="Eventos recebidos"], .dashboard-chart-id, .chart-slice')) {
            const number = card.querySelector('.header-line');
            if (number && card.innerText.includes('Eventos recebidos')) return number.innerText;
        }""", 90)
    if not text:
        raise RuntimeError("the dashboard of the platform shows no number of events")
    return int(re.sub(r"\D", "", text))


def look(window, wish, role, proof):
    """What somebody of a role sees of the pages."""
    titles = window.go(wish["url"] + "/dashboard/list/") or window.until("""
        const seen = [...document.querySelectorAll('a')].map(link => link.innerText.trim()).filter(Boolean);
        return ['Receita', 'Autenticação'].every(title => seen.includes(title)) ? seen : null""", 60) or []
    proof.that("Operação da rede" in titles, f"{role} finds the dashboards")
    proof.that(("Plataforma" in titles) == (role != "BI Viewer"), f"{role} {'does not find' if role == 'BI Viewer' else 'finds'} that of the platform")
    window.go(wish["url"] + "/superset/dashboard/operacao-da-rede/")
    drawn = window.until("return document.querySelectorAll('.header-line').length >= 4 && !document.querySelector('.loading')", 90)
    proof.that(drawn, f"{role} sees the figures of the network")
    edits = role == "Admin"
    # The buttons come with the figures or a moment after them: whoever may edit gets theirs within the time, whoever may not never does.
    may_edit = bool(window.until("return [...document.querySelectorAll('button')].some(button => /editar painel|edit dashboard/i.test(button.innerText))",
                                 30 if edits else 4))
    proof.that(may_edit == edits, f"{role} {'may' if may_edit else 'may not'} change that dashboard")
    window.picture(pathlib.Path(wish["pictures"]) / f"{role.lower().replace(' ', '-')}.png")
    window.go(wish["url"] + "/sqllab/")
    inside = window.until("return !!document.querySelector('.ace_editor, .SqlEditor, .sql-container')", 25 if role != "BI Viewer" else 6)
    proof.that(bool(inside) == (role != "BI Viewer"), f"{role} {'does not open' if role == 'BI Viewer' else 'opens'} SQL Lab")


def main():
    wish = json.load(sys.stdin)
    proof, events = verify.Proof(), None
    admin = (wish["username"], wish["password"])
    try:
        if "more_than" in wish:
            with browser(wish["ca_path"]) as window:
                proof.that(window.sign_in(wish["url"], *admin), "the administrator signs in")
                end = time.monotonic() + 90
                events = events_of(window, wish["url"])
                while events <= wish["more_than"] and time.monotonic() < end:
                    time.sleep(3)
                    events = events_of(window, wish["url"])
                window.picture(pathlib.Path(wish["pictures"]) / "plataforma.png")
            proof.that(events > wish["more_than"], f"the counter rises from {wish['more_than']} (it is {events})")
        else:
            manager = verify.Person(wish).sign_in(*admin)
            with browser(wish["ca_path"]) as window:
                for role in ("BI Viewer", "Data Analyst"):
                    with verify.somebody(wish, manager, role) as person:
                        proof.that(window.sign_in(wish["url"], *person.credentials), f"{role} signs in")
                        look(window, wish, role, proof)
                window.sign_in(wish["url"], admin[0], "wrong")
                proof.that(window.run("return location.pathname") == "/login/", "a wrong password is refused")
                proof.that(window.sign_in(wish["url"], *admin), "the administrator signs in")
                look(window, wish, "Admin", proof)
                events = events_of(window, wish["url"])
    except (RuntimeError, OSError, KeyError) as error:
        proof.that(False, f"{type(error).__name__}: {error}")
    json.dump({"held": proof.held, "broken": proof.broken, "events": events}, sys.stdout, ensure_ascii=False)
    sys.exit(1 if proof.broken else 0)


if __name__ == "__main__":
    main()
