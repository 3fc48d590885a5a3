# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server is known by the fingerprints that came another way; only the question to the server is a stand-in."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess

import pytest

from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.module_utils.ssh_hosts import HostKey, parse_keys
from ansible_collections.gti.lakehouse.plugins.modules import ssh_known_host

HOST = "192.0.2.109"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """By name: the keys of a server."""
    folder = tmp_path_factory.mktemp("keys")
    made = {}
    for name in ("old", "new", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        kind, blob = (folder / (name + ".pub")).read_text().split()[:2]
        made[name] = HostKey(kind, blob)
        shown = subprocess.run(["ssh-keygen", "-l", "-f", str(folder / (name + ".pub"))], text=True, capture_output=True, check=True).stdout
        assert made[name].fingerprint == shown.split()[1]
    return made


class File:
    def __init__(self, path, servers, monkeypatch):
        self.path, self.servers, self.scans = path, servers, 0
        self.answers = "new"
        monkeypatch.setattr(ssh_known_host, "scan", self.scan)

    def scan(self, module):
        self.scans += 1
        return [self.servers[self.answers]]

    def knows(self, *names, hashed=False):
        self.path.write_text("".join("%s %s %s\n" % (host, self.servers[name].kind, self.servers[name].blob) for host, name in [
            ("198.51.100.1", "stranger"), *((HOST, name) for name in names)]))
        if hashed:
            subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(self.path)], check=True, capture_output=True)

    def known(self, host=HOST):
        said = subprocess.run(["ssh-keygen", "-F", host, "-f", str(self.path)], text=True, capture_output=True, check=False).stdout
        return [name for key in parse_keys(said) for name, mine in self.servers.items() if mine == key]

    def run(self, *made, check=False, **more):
        params = dict(name=HOST, path=str(self.path), fingerprints=[self.servers[name].fingerprint for name in made], **more)
        printed = io.StringIO()
        with patch_module_args(dict(params, _ansible_check_mode=check)), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            ssh_known_host.main()
        return json.loads(printed.getvalue().strip().splitlines()[-1])


@pytest.fixture
def file(tmp_path, servers, monkeypatch):
    return File(tmp_path / "known_hosts", servers, monkeypatch)


def test_a_server_is_known_from_the_first_contact_on(file):
    result = file.run("new", replaced=True)
    assert result["changed"] and file.known() == ["new"] and result["keys"] == [file.servers["new"].fingerprint]
    assert not file.run("new")["changed"] and file.scans == 1


@pytest.mark.parametrize("hashed", [False, True])
def test_the_key_of_an_earlier_server_gives_way_whichever_run_made_the_new_one(file, hashed):
    """A run that was killed after the creation, or a container that did not start: nothing says that it is new but its keys."""
    file.knows("old", hashed=hashed)
    assert file.run("new", check=True)["changed"] and file.known() == ["old"]
    assert file.run("new")["changed"] and file.known() == ["new"] and file.known("198.51.100.1") == ["stranger"]


@pytest.mark.parametrize("known", [(), ("old",), ("new", "old")])
def test_another_server_at_the_address_is_refused(file, known):
    file.knows(*known)
    file.answers = "stranger"
    result = file.run("new")
    assert result["failed"] and file.servers["stranger"].fingerprint in result["msg"] and file.servers["new"].fingerprint in result["msg"]
    assert sorted(file.known()) == sorted(known)


def test_a_key_that_was_changed_since_and_written_down_stays(file):
    file.knows("old")
    file.answers = "old"
    assert not file.run("new")["changed"] and file.known() == ["old"]
    assert file.run("new", replaced=True)["failed"]     # but never for a container of this very run


def test_without_fingerprints_only_what_was_replaced_is_forgotten(file):
    file.knows("old")
    assert not file.run()["changed"] and file.known() == ["old"]
    assert file.run(replaced=True)["changed"] and file.known() == [] and file.scans == 0


def test_a_port_of_its_own(file):
    assert file.run("new", port=2222)["changed"] and file.known("[%s]:2222" % HOST) == ["new"] and file.known() == []
