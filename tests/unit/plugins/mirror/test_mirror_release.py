# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.account import AccountError, end_processes, run_as
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
class TestAccount:
    def test_downloads_and_builds_and_owns_nothing_that_is_published(self, run, tmp_path):
        for folder in (tmp_path, *tmp_path.parents[:-2]):
            folder.chmod(folder.stat().st_mode | 0o005)
        (tmp_path / "build").mkdir()
        shutil.chown(tmp_path / "build", "games")
        assert run(ENTRY, account="games")["due"] == ["thing-1.0"]
        assert {path.owner() for path in (tmp_path / "build").rglob("*")} == {"games"}
        assert {path.owner() for top in ("public", "manifests") for path in (tmp_path / top).rglob("*")} == {"root"}
        assert not run(ENTRY, account="games")["changed"]

    def test_leaves_nothing_running(self):
        """Also what left its group and its session."""
        user = 64999  # nobody's number
        left = subprocess.Popen(["setpriv", "--reuid", str(user), "--clear-groups", "setsid", "sleep", "600"])
        while os.stat("/proc/%d" % left.pid).st_uid != user:
            pass
        end_processes(user)
        assert left.wait() == -signal.SIGKILL

    def test_reaches_nothing_of_roots(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SOME_TOKEN", "secret")
        monkeypatch.setenv("https_proxy", "http://proxy.example.org")

        def look():
            with contextlib.suppress(PermissionError):
                return {"shadow": pathlib.Path("/etc/shadow").read_text()}
            return {"environment": dict(os.environ), "groups": os.getgroups(), "ids": [os.getuid(), os.geteuid(), os.getgid()]}

        found = run_as("nobody", str(tmp_path), look)
        assert 0 not in found["ids"] + found["groups"]
        assert "SOME_TOKEN" not in found["environment"] and found["environment"]["HOME"] == str(tmp_path)
        assert found["environment"]["https_proxy"] == "http://proxy.example.org"

    def test_what_goes_wrong_there_is_said_here(self, tmp_path):
        def fail():
            raise ValueError("no such jar")

        with pytest.raises(AccountError, match="no such jar"):
            run_as("nobody", str(tmp_path), fail)
        with pytest.raises(AccountError, match="nobody ended without an answer"):
            run_as("nobody", str(tmp_path), lambda: os.kill(os.getpid(), signal.SIGKILL))
