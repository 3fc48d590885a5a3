# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the real pip, as an account without rights: what is fetched is held to its checksum and not run, what is built has no network."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import tempfile

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.account import AccountError, run_as
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.builder import Builder

SETUP = "import setuptools\nsetuptools.setup(name='thing', version='1.0')\n"
MARK = "open(%r, 'w').close()\n"
CONNECT = "import socket\nsocket.create_connection(('127.0.0.1', %d), 10).close()\n"
COMPILE = """import setuptools
open('thing.c', 'w').write('int answer(void) { return 42; }')
setuptools.setup(name='thing', version='1.0', ext_modules=[setuptools.Extension('thing', ['thing.c'])])
"""


@pytest.fixture
def home():
    """Where nobody may write, and no folder above is root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield pathlib.Path(folder)


@pytest.fixture
def offer(home, monkeypatch):
    """Has pip find a package that comes as sources, with that setup.py; returns its line of a lock."""
    def offer(setup):
        archive = home / "offered/thing-1.0.tar.gz"
        archive.parent.mkdir()
        files = {"setup.py": setup, "PKG-INFO": "Metadata-Version: 1.0\nName: thing\nVersion: 1.0\n"}
        with tarfile.open(archive, "w:gz") as opened:
            for name, text in files.items():
                info = tarfile.TarInfo("thing-1.0/" + name)
                info.size = len(text)
                opened.addfile(info, io.BytesIO(text.encode()))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(archive.parent))
        return hashlib.sha256(archive.read_bytes()).hexdigest()

    return offer


@pytest.fixture
def build(home):
    def run(argv, environment, cwd):
        done = subprocess.run(argv, env={**os.environ, **environment}, cwd=cwd, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def build(**part):
        def work():
            (home / "work").mkdir()
            return Builder(str(home / "cache"), str(home / "work"), None, run, None).build({"name": "thing", "version": "1.0", "parts": [part]})

        return pathlib.Path(run_as("nobody", str(home), work))

    return build


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname()).close()  # from here, it can be reached
        listening.accept()[0].close()
        listening.setblocking(False)
        yield listening


def lock(checksum):
    return "thing==1.0 --hash=sha256:%s\n" % checksum


def test_sources_become_a_wheel_by_what_the_machine_has(build, offer):
    root = build(kind="wheels", lock=lock(offer(SETUP)))
    assert sorted(path.name for path in root.iterdir()) == ["requirements.txt", "thing-1.0-py3-none-any.whl"]


def test_a_virtual_environment_has_what_was_built(build, offer):
    root = build(kind="venv", lock=lock(offer(SETUP)))
    assert list(root.glob("lib/python3*/site-packages/thing-1.0.dist-info"))


def test_what_is_compiled_is_the_same_each_time(build, offer, home):
    part, compiled = {"kind": "venv", "lock": lock(offer(COMPILE))}, []
    for attempt in range(2):
        (path,) = build(**part).glob("lib/python3*/site-packages/thing.*.so")
        compiled.append(path.read_bytes())
        shutil.rmtree(home / "work")
    assert compiled[0] == compiled[1]


def test_what_is_built_reaches_no_network(build, offer, server):
    checksum = offer(CONNECT % server.getsockname()[1] + SETUP)
    with pytest.raises(AccountError, match="Network is unreachable"):
        build(kind="wheels", lock=lock(checksum))
    with pytest.raises(BlockingIOError):
        server.accept()


def test_what_is_fetched_is_not_run(build, offer, home):
    checksum = offer(MARK % str(home / "was run") + SETUP)
    assert (build(kind="pypi", files={"thing==1.0": checksum}) / "thing-1.0.tar.gz").exists()
    assert not (home / "was run").exists()


def test_what_is_not_what_the_lock_says_is_not_run(build, offer, home):
    offer(MARK % str(home / "was run") + SETUP)
    with pytest.raises(AccountError, match="(?s)thing==1.0: .*DO NOT MATCH.*Expected sha256 0000"):
        build(kind="wheels", lock=lock("0" * 64))
    assert not (home / "was run").exists()


def test_a_lock_without_a_hash_is_refused(build, offer):
    offer(SETUP)
    with pytest.raises(AccountError, match="thing==1.0 has no hash in the lock"):
        build(kind="wheels", lock="thing==1.0\n")


def test_a_package_that_is_not_there_is_named(build, offer):
    with pytest.raises(AccountError, match="other==1.0 cannot be had"):
        build(kind="wheels", lock=lock(offer(SETUP)).replace("thing", "other"))
