# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every other test here is held to the official schema; these tests show that the check can fail."""

from __future__ import annotations

import pytest

from official_schema import SCHEMA, problems_of_request

pytestmark = pytest.mark.skipif(
    not SCHEMA.is_file(), reason="THE REQUESTS OF THE MODULES WERE NOT CHECKED: %s is not there; say where in LAKEHOUSE_PVE_DATA" % SCHEMA)
CREATE = {"vmid": "109", "ostemplate": "local:vztmpl/x.tar.zst"}


@pytest.mark.parametrize("params, words", [
    ({"unprivileged": "True"}, "unprivileged: 'True' is no boolean"), ({"net0": "bridge=vmbr0"}, "net0: name: missing"),
    ({"rootfs": "local:4,mp=/x"}, "rootfs: mp: unknown"), ({"cores": "0"}, "cores: 0 is out of range"), ({"ip_address": "x"}, "ip_address: unknown"),
    ({"features": "nesting=1,docker=1"}, "features: docker: unknown"), ({"net0": "name=a,name=b"}, "name is there twice"),
    ({"description": "x" * 9000}, "is too long"), ({"ostype": "windows"}, "'windows' is not one of"), ({"memory": "2G"}, "'2G' is no integer")])
def test_mistakes_are_found(params, words):
    assert any(words in problem for problem in problems_of_request("POST", "/nodes/pve/lxc", dict(CREATE, **params)))


@pytest.mark.parametrize("method, path, params, words", [
    ("PUT", "/nodes/pve/lxc/109/config", {"password": "x"}, "password: unknown"),
    ("PUT", "/nodes/pve/lxc/109/resize", {"disk": "mp0", "size": "4GiB"}, "does not match"),
    ("POST", "/nodes/pve/lxc/109/umount", {}, "no such route"), ("POST", "/nodes/pve/lxc", {"vmid": "109"}, "ostemplate: missing")])
def test_mistakes_of_other_calls_are_found(method, path, params, words):
    assert any(words in problem for problem in problems_of_request(method, path, params))


def test_what_is_right_passes():
    params = dict(CREATE, unprivileged="1", features="nesting=1", rootfs="lab:4", mp0="lab:0.5,mp=/data,backup=1",
                  net0="name=eth0,bridge=vmbr0,ip=192.0.2.9/24", tags="a;b", startup="2,up=10")
    assert problems_of_request("POST", "/nodes/pve/lxc", params) == []
    assert problems_of_request("DELETE", "/nodes/pve/storage/local/content/local:vztmpl/x.tar.zst", {}) == []


def test_the_requests_of_the_modules_are_checked(site, monkeypatch):
    site.good(**site.kafka())
    assert ("POST", "/nodes/pve/lxc") in [(method, path) for method, path, params in site.sent]
    site.check_sent()
    site.sent.append(("PUT", "/nodes/pve/lxc/109/config", {"ip_address": "x"}))
    with pytest.raises(AssertionError, match="ip_address: unknown"):
        site.check_sent()
    site.sent.clear()
