# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that speak to an application's API share."""

from __future__ import annotations

import http.server
import importlib.util
import pathlib
import threading

import pytest
import urllib3

from ansible_collections.gti.lakehouse.plugins.module_utils import web_module
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import client as gitea_client
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import client as minio_client
from ansible_collections.gti.lakehouse.plugins.module_utils.superset.client import PAGE, Connection

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def redirecting():
    """The address of a server that sends everybody to another one; both remember whom they saw."""
    servers = []

    def handler(target):
        class Handler(http.server.BaseHTTPRequestHandler):
            seen = []

            def do_GET(self):
                self.seen.append(self.path)
                self.send_response(302 if target else 200)
                if target:
                    self.send_header("Location", target())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *dummy):
                pass

        return Handler

    def address(server):
        return f"http://127.0.0.1:{server.server_port}"

    for target in (None, lambda: address(servers[0])):
        servers.append(http.server.HTTPServer(("127.0.0.1", 0), handler(target)))
        threading.Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield address(servers[1]), servers[0].RequestHandlerClass.seen
    for server in servers:
        server.shutdown()
        server.server_close()


class TestRedirections:
    """A client with a password follows none."""

    def test_an_application_is_asked_where_it_was_said_to_be(self, redirecting):
        url, seen = redirecting
        connection = gitea_client.Connection({"url": url, "username": "u", "password": "of-this-test", "timeout": 5, "ca_path": None})
        with pytest.raises(web_module.Refused, match="redirects to http://127.0.0.1:.*a password follows nowhere"):
            connection.get("/user")
        assert seen == []

    def test_so_is_the_store(self, redirecting):
        url, seen = redirecting
        options = {"endpoint": url, "access_key": "a", "secret_key": "of-this-test", "region": "r", "ca_path": None, "validate_certs": True, "timeout": 5}
        with pytest.raises(minio_client.ERRORS):
            minio_client.Connection(options).s3.list_buckets()
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            minio_client.Connection(options)._pool.request("GET", url)
        assert seen == []

    @pytest.mark.parametrize("path, name, ask", [
        ("roles/trino/files/trino_check.py", "Trino", lambda of, url: of(url, None, "u", "of-this-test").ask("/")),
        ("playbooks/files/clients.py", "Http", lambda of, url: of(url, None).ask("GET", "/", ("u", "of-this-test"))),
    ])  # fmt: skip
    def test_so_are_the_proofs(self, redirecting, path, name, ask):
        url, seen = redirecting
        spec = importlib.util.spec_from_file_location(name.lower(), ROOT / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert ask(getattr(module, name), url)[0] == 302 and seen == []


class TestChanged:
    def test_no_change_has_no_diff(self):
        assert web_module.changed("x", {"a": 1}, {"a": 1}) == {"changed": False}

    def test_a_new_thing_was_absent(self):
        assert web_module.changed("x", None, {"a": 1})["diff"]["before"] == {"state": "absent"}


class TestAddress:
    def test_a_slash_at_the_end_is_taken_off(self):
        assert web_module.address("https://a.example.org:3000/", "x") == "https://a.example.org:3000"

    @pytest.mark.parametrize("url", ["a.example.org", "ftp://a.example.org", "https://"])
    def test_what_is_none_is_refused_with_an_example(self, url):
        with pytest.raises(web_module.Refused, match="not like https://b.example.org"):
            web_module.address(url, "https://b.example.org")


class TestPages:
    """Superset's lists: over pages without an order it shows one item twice and another never."""

    @pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE])
    def test_each_item_is_there_once(self, monkeypatch, count):
        asked = []

        def get(self, path):
            asked.append(path)
            page = int(path.split("page%3A")[1].split("%2C")[0])
            ids = list(range(count))[page * PAGE:(page + 1) * PAGE]
            return {"count": count, "ids": ids, "result": [{"name": str(number)} for number in ids]}

        monkeypatch.setattr(Connection, "get", get)
        connection = Connection({"url": "https://a.example.org", "username": "u", "password": "of-this-test", "timeout": 1, "ca_path": None})
        assert [item["id"] for item in connection.get_all("/list/")] == list(range(count))
        assert all("order_column" in path for path in asked[1:])
