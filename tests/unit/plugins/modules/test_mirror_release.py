# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import pathlib

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.modules import mirror_release

CONTENT = b"a file"
ENTRY = {
    "name": "thing",
    "version": "1.0",
    "parts": [{"kind": "url", "url": "https://example.org/thing", "sha256": hashlib.sha256(CONTENT).hexdigest(), "to": "bin"}],
}


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    asked = []

    class Response:
        def __init__(self):
            self.blocks = [CONTENT]

        def read(self, size):
            return self.blocks.pop() if self.blocks else b""

    def fetch_url(module, url, timeout):
        asked.append(url)
        return Response(), {"status": 200, "msg": "OK"}

    monkeypatch.setattr(mirror_release, "fetch_url", fetch_url)

    def run(*releases, **more):
        arguments = dict({"cache_dir": str(tmp_path), "releases": list(releases)}, **more)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            mirror_release.main()
        result = json.loads(capsys.readouterr().out)
        result["asked"] = list(asked)
        return result

    return run


def test_builds_once(run, tmp_path):
    first = run(ENTRY)
    assert first["changed"] and first["due"] == ["thing-1.0"]
    sidecar = tmp_path / "public/releases/thing-1.0.tar.zst.sha256"
    assert sidecar.read_text().split()[0] == first["checksums"]["thing-1.0"]
    second = run(ENTRY)
    assert not second["changed"] and second["due"] == []
    assert second["checksums"] == first["checksums"]
    assert second["asked"] == ["https://example.org/thing"]


def test_check_mode_says_what_is_due_and_touches_nothing(run, tmp_path):
    result = run(ENTRY, _ansible_check_mode=True)
    assert result["changed"] and result["due"] == ["thing-1.0"]
    assert result["asked"] == [] and list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_names_the_release_and_publishes_nothing(run, tmp_path):
    wrong = dict(ENTRY, parts=[dict(ENTRY["parts"][0], sha256="0" * 64)])
    result = run(wrong)
    assert result["failed"]
    for word in ("release thing-1.0", "part 1 (url)", "https://example.org/thing", "0" * 64):
        assert word in result["msg"]
    assert not list((tmp_path / "public").rglob("*") if (tmp_path / "public").exists() else [])


def test_a_damaged_release_is_named(run, tmp_path):
    run(ENTRY)
    archive = pathlib.Path(tmp_path, "public/releases/thing-1.0.tar.zst")
    archive.write_bytes(b"rotten")
    assert str(archive) in run(ENTRY)["msg"]


def test_every_entry_is_checked_before_the_first_is_built(run):
    result = run(ENTRY, {"name": "other", "version": "1.0", "parts": []})
    assert "'other-1.0': parts" in result["msg"] and result["asked"] == []


def test_go_needs_a_toolchain(run):
    part = {"kind": "go", "module": "example.org/x", "version": "v1", "sum": "h1:" + "A" * 43 + "="}
    assert "release x-1 has a part of kind go" in run({"name": "x", "version": "1", "parts": [part]})["msg"]
