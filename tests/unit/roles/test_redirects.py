# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that has a password gives it to no other server than the one that it was told of, whereto ever that one sends it."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import pathlib
import re
import sys
import threading

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
WHO = ("somebody", "word")


def load(path):
    name = "redirected_" + path.replace("/", "_").removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gitea(url, path):
    return load("roles/gitea/files/verify.py").Server(url, None).ask("GET", path, WHO)


def airflow(url, path):
    return load("roles/airflow/files/verify.py").Airflow(url, None).ask("GET", path, WHO)


def superset(url, path):
    person = load("roles/superset/files/verify.py").Person({"url": url, "ca_path": None})
    person.headers["Authorization"] = "Bearer word"
    return person.ask("GET", path)


def probe(url, path):
    return load("playbooks/files/probes.py").ask(url + path, 5, headers={"Authorization": "Basic word"})


def proof(url, path):
    return load("playbooks/files/clients.py").Http(url, None).ask("GET", path, WHO)


def trino(url, path):
    return load("roles/trino/files/trino_check.py").Trino(url, None, *WHO).ask(path)


def forget(url, path):
    settings = {"url": url, "ca": None, "region": "r", "account": "a", "secret": "s"}
    return load("roles/minio/files/forget_versions.py").requests_to(settings, path.strip("/"))("GET", {"versions": ""}, b"")


def store(url, path):
    return load("roles/backup_store/files/verify.py").ask(url, "GET", path, *WHO)


CLIENTS = [gitea, airflow, superset, probe, proof, trino, forget, store]
# Their pages lead from one to another.
LED = [gitea, airflow, superset]


# They have no password to give.
WITHOUT = {"roles/airflow/files/health.py", "molecule/default/files/chromium.py"}


def test_no_program_has_an_opener_that_follows():
    """Whoever makes an opener says what it does where it is sent elsewhere; urlopen follows."""
    programs = [path for folder in ("lab", "molecule", "playbooks", "plugins", "roles", "repositories") for path in (ROOT / folder).rglob("*.py")]
    openers = {str(path.relative_to(ROOT)): path.read_text() for path in programs if "build_opener(" in path.read_text()}
    assert len(openers) > 8
    says = re.compile(r"build_opener\([^)]*?(\(\{\}\))?,?\s*(Straight|SameServer)")
    assert [name for name, text in openers.items() if name not in WITHOUT and not says.search(text)] == []


class Loader(yaml.SafeLoader):
    """Takes any tag."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def settings_of(document, module):
    """What tasks and defaults give a module, wherever they are in a document."""
    if isinstance(document, dict):
        yield from (value for name, value in document.items() if name == module)
    if isinstance(document, (dict, list)):
        for part in document.values() if isinstance(document, dict) else document:
            yield from settings_of(part, module)


def test_no_task_takes_a_password_to_where_it_is_sent():
    """By safe, which the module does when nothing is said, the headers go along to another server."""
    asking = [
        (str(path.relative_to(ROOT)), given) for folder in ("awx", "molecule", "playbooks", "roles") for path in sorted((ROOT / folder).rglob("*.yml"))
        if "ansible.builtin.uri" in path.read_text() for document in yaml.load_all(path.read_text(), Loader)
        for given in settings_of(document, "ansible.builtin.uri")]
    secret = [(path, given) for path, given in asking if set(given) & {"headers", "url_password"}]
    assert {path for path, dummy in secret} >= {"awx/semaphore.yml", "molecule/default/pipelines.yml"}
    assert [path for path, given in secret if given.get("follow_redirects") != "none"] == []


@pytest.fixture
def servers():
    """One that sends everybody to another, or to its own page /page, and that other; each knows what it was asked."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            to = {"/page": None, "/home": "/page"}.get(self.path, self.server.sends_to)
            self.send_response(302 if to else 200)
            if to:
                self.send_header("Location", to)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET

        def log_message(self, *dummy):
            pass

    with contextlib.ExitStack() as running:
        made = []
        for dummy in range(2):
            server = running.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            server.asked, server.sends_to = [], None
            threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
            running.callback(server.shutdown)
            made.append(server)
        made[0].sends_to = "http://127.0.0.1:%d/page" % made[1].server_port
        yield made


def url(server):
    return "http://127.0.0.1:%d" % server.server_port


@pytest.mark.parametrize("client", CLIENTS, ids=[client.__name__ for client in CLIENTS])
def test_another_server_is_not_asked(client, servers):
    first, other = servers
    with contextlib.suppress(Exception):  # some raise what they are told, some return it
        client(url(first), "/away")
    assert first.asked and other.asked == []


@pytest.mark.parametrize("client", LED, ids=[client.__name__ for client in LED])
def test_pages_of_the_same_server_are(client, servers):
    assert client(url(servers[0]), "/home")[:2] == (200, url(servers[0]) + "/page")
