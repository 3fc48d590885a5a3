# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that work while a site is changed count what is refused, and nothing else."""
from __future__ import annotations

import base64
import http.server
import json
import pathlib
import subprocess
import sys
import threading
import time

import certifi
import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "molecule/default/files/outages.py"


@pytest.fixture
def site(tmp_path):
    """A page that lets in who has one of some passwords, and a client of it. `until` waits for so many more tries that end so."""
    class Site(http.server.BaseHTTPRequestHandler):
        lets_in, answered = {"old"}, []

        def do_GET(self):
            password = base64.b64decode(self.headers["Authorization"].split()[1]).decode().partition(":")[2]
            status = 200 if password in self.lets_in else 401
            self.answered.append((password, status))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *dummy):
            pass

        @classmethod
        def until(cls, *wanted):
            begin, deadline = len(cls.answered), time.monotonic() + 60
            while cls.answered[begin:].count(wanted) < 3:
                assert time.monotonic() < deadline, cls.answered[-5:]
                time.sleep(0.01)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "secrets.yml").write_text("# of a test\nvault_a: old\nvault_other: x\n")
    asked = {"trusts": [str(tmp_path / "absent.crt"), certifi.where()], "seconds": 0.01, "vault": {"view": ["cat"], "file": str(tmp_path / "secrets.yml")},
             "clients": {"page": {"url": f"http://127.0.0.1:{server.server_port}/", "user": "a", "secret": "vault_a"}}}
    process = subprocess.Popen([sys.executable, SCRIPT, tmp_path], stdin=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps(asked))
    process.stdin.close()
    Site.rotate = lambda value: (tmp_path / "secrets.yml").write_text(f"vault_a: {value}\n")

    def end():
        (tmp_path / "stop").touch()
        assert process.wait(60) == 0
        return json.loads((tmp_path / "outages.json").read_text())["page"]

    Site.end = end
    yield Site
    process.kill()
    process.wait()
    server.shutdown()
    server.server_close()


def test_who_has_the_old_and_the_new_value_is_not_refused_when_the_server_changes(site):
    site.until("old", 200)
    site.rotate("newer")
    site.until("newer", 401)
    site.lets_in = {"newer"}
    site.until("newer", 200)
    said = site.end()
    assert (said["failures"], said["stretches"]) == ({}, [])
    # Three of each; where the server changed within a try, that one was refused first and let in then.
    assert said["tries"] >= 8


def test_who_comes_in_by_neither_is_counted_by_the_kind_of_it_as_one_stretch(site):
    site.until("old", 200)
    site.lets_in = set()
    site.until("old", 401)
    site.lets_in = {"old"}
    site.until("old", 200)
    said = site.end()
    assert list(said["failures"]) == ["HTTP 401"] and said["failures"]["HTTP 401"] >= 3
    assert len(said["stretches"]) == 1 and said["longest"] == said["stretches"][0][1]
