# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller records each release that was built, also where another one failed, so that the next run knows it again."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONTENT = b"a file"


@pytest.fixture
def server():
    """Has the files whose paths it was told."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            there = self.path in self.server.paths
            self.send_response(200 if there else 404)
            self.send_header("Content-Length", str(len(CONTENT) if there else 0))
            self.end_headers()
            self.wfile.write(CONTENT if there else b"")

        def log_message(self, *dummy):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths = {"/one"}
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


def test_what_was_built_is_recorded_where_another_release_fails(server, tmp_path):
    catalogue = [{"name": name, "version": "1.0", "parts": [{
        "kind": "url", "url": "http://127.0.0.1:%d/%s" % (server.server_port, name), "sha256": hashlib.sha256(CONTENT).hexdigest()}]}
        for name in ("two", "one")]
    record = tmp_path / "releases.json"
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{
        "hosts": "localhost", "connection": "local", "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "gti.lakehouse.mirror", "tasks_from": "releases", "rolespec_validate": False}}]}]))
    (tmp_path / "values.yml").write_text(yaml.safe_dump({
        "mirror_cache_dir": str(tmp_path / "cache"), "mirror_catalogue": catalogue, "mirror_releases": ["one-1.0", "two-1.0"], "__mirror_builder": "",
        "mirror_go_toolchain": {"version": "1", "sha256": "0" * 64},
        "mirror_record_file": str(record), "ansible_python_interpreter": sys.executable}))

    def run(*options):
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-e", "@%s" % (tmp_path / "values.yml"), *options,
             str(tmp_path / "play.yml")], env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0", no_proxy="*"),
            capture_output=True, text=True, check=False, timeout=180)
        return done.returncode, done.stdout + done.stderr

    # From the same recipe, another archive: as by another release of a tool that packs it.
    server.paths = {"/one", "/two"}
    code, told = run("--check")
    assert code == 0 and not record.exists(), told
    code, told = run()
    assert code == 0, told
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "one-1.0": {**known["one-1.0"], "sha256": "0" * 64}}))
    for path in (tmp_path / "cache").rglob("manifests/*"):
        path.unlink()
    for path in (tmp_path / "cache/build").rglob("*"):
        if path.is_file():
            path.unlink()
    server.paths = {"/one"}
    code, told = run()
    assert code != 0 and "release two-1.0" in told, told
    assert json.loads(record.read_text()) == known
    server.paths = {"/one", "/two"}
    code, told = run()
    assert code == 0 and json.loads(record.read_text()) == known, told
    code, told = run()
    assert code == 0 and re.search("changed=0 ", told), told
