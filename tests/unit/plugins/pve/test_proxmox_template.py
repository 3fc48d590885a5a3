# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxmox_template against the lab's API, which fetches from a small web server of the test's own."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading

import pytest

CONTENT = os.urandom(1000)
SUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NAME = "tiny_1_amd64.tar.zst"


class Handler(http.server.BaseHTTPRequestHandler):
    """Has one file under any name that begins with tiny."""

    def do_GET(self):
        found = self.path.startswith("/tiny")
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CONTENT) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(CONTENT)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield "http://127.0.0.1:%d/" % server.server_address[1]
    server.shutdown()
    server.server_close()


def template(site, **params):
    return site.run("proxmox_template", **params)


def test_by_url(site, web):
    wanted = {"url": web + NAME, "checksum": SUM}
    foretold = template(site, check=True, **wanted)
    assert foretold["changed"] and foretold["writes"] == [] and foretold["size"] == 0
    result = template(site, **wanted)
    assert result["changed"] and result["volid"] == "local:vztmpl/" + NAME and result["size"] == len(CONTENT)
    assert result["writes"] == [("POST", "/nodes/pve/storage/local/download-url")] and result["changes"] == foretold["changes"]
    assert result["diff"] == {"before": {result["volid"]: "absent"}, "after": {result["volid"]: "present"}}
    again = template(site, **wanted)
    assert not again["changed"] and again["writes"] == [] and again["diff"]["before"] == again["diff"]["after"]


def test_under_another_name(site, web):
    result = template(site, url=web + NAME + "?x=1", checksum=SUM.upper().replace("SHA256", "sha256"), name="other_1.tar.zst")
    assert result["volid"] == "local:vztmpl/other_1.tar.zst" and result["size"] == len(CONTENT)


def test_a_wrong_checksum_keeps_nothing(site, web):
    result = template(site, url=web + NAME, checksum="sha256:" + "0" * 64)
    assert result["failed"] and "checksum mismatch" in result["exitstatus"] and result["log"]
    assert template(site, name=NAME, state="absent")["writes"] == []


def test_a_missing_file_tells_the_log(site, web):
    result = template(site, url=web + "gone.tar.zst", checksum=SUM)
    assert result["failed"] and result["exitstatus"] and result["log"]


def test_of_the_list_of_appliances(site, web):
    site.server.node.appliances = [{"template": NAME, "location": web + NAME, "sha512sum": hashlib.sha512(CONTENT).hexdigest()}]
    result = template(site, name=NAME)
    assert result["writes"] == [("POST", "/nodes/pve/aplinfo")] and result["size"] == len(CONTENT)
    assert template(site, name=NAME)["writes"] == []


def test_not_in_the_list_of_appliances(site):
    result = template(site, name="unknown_1_amd64.tar.zst")
    assert result["failed"] and "no such template" in result["errors"]["template"]


def test_removal(site):
    root = site.root_auth()
    name = "debian-12-gti_12_amd64.tar.zst"
    result = template(site, name=name, state="absent")
    assert result["failed"] and "Datastore.Allocate on /storage/local" in result["msg"] and result["writes"] == []
    assert template(site, auth=root, name=name, state="absent", check=True)["writes"] == []
    assert template(site, auth=root, name=name, state="absent")["changed"]
    assert template(site, auth=root, name=name, state="absent")["writes"] == []


def test_an_answer_that_was_lost(site, web):
    site.faults.add("lost", status=596, path="/download-url$")
    result = template(site, url=web + NAME, checksum=SUM)
    assert not result.get("failed") and result["size"] == len(CONTENT)


def test_missing_rights_are_named(site, web):
    auth = site.token_auth("some@pve!few", rights={"/storage": "Datastore.Audit"})
    result = template(site, auth=auth, url=web + NAME, checksum=SUM)
    assert "Datastore.AllocateTemplate on /storage/local" in result["msg"]
    assert "Sys.AccessNetwork or Sys.Modify on /nodes/pve or /" in result["msg"] and result["writes"] == []


@pytest.mark.parametrize("params, words", [
    ({"name": "tiny.exe"}, "must end in"), ({"name": "../x.tar.zst"}, "not the name of a template"),
    ({"url": "ftp://x/tiny.tar.zst", "checksum": SUM}, "neither http nor https"), ({"url": "https://x/", "checksum": SUM}, "not the name of a template"),
    ({"url": "https://x/tiny.tar.zst", "checksum": "sha256:abc"}, "ALGORITHM:HEX"), ({"url": "https://x/tiny.tar.zst", "checksum": "abc"}, "ALGORITHM:HEX"),
    ({"url": "https://x/tiny.tar.zst"}, "checksum"), ({}, "one of the following"),
    ({"name": NAME, "storage": "lab"}, "storage 'lab' holds no templates"), ({"name": NAME, "node": "pve9"}, "node 'pve9' is not in the cluster")])
def test_mistakes_are_named(site, params, words):
    result = template(site, **params)
    assert result["failed"] and words in result["msg"] and result["writes"] == []
