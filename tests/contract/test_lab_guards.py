# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's API must refuse: values that would be settings of their own, bytes of strangers, rights that reach too far."""

from __future__ import annotations

import socket
import ssl

import pytest

from lab.pve import guestconf
from lab.pve.backends import lxcconfig, rootfs
from lab.pve.errors import Die
from lab.pve.testing import TEMPLATE, PveServer
from tests.contract.client import Client, ticket_headers, token_headers

TOKEN = "auto@pve!full"
LXC = "/nodes/pve/lxc"
CONFIG = LXC + "/117/config"


@pytest.fixture
def pve():
    with PveServer() as server:
        server.secret = server.token(TOKEN)
        server.create(117)
        yield server


@pytest.fixture
def call(pve):
    client = Client(pve)

    def send(method, path, headers=None, rawbody=None, **params):
        return client.call(method, path, params, headers or token_headers(TOKEN, pve.secret), rawbody)
    yield send
    client.close()


# ---- values

BREAKS = ["\n", "\r", "\x0b", "\x0c", "\x01", "\x1f", "\x7f", "\u2028"]
TEXTS = {
    "entrypoint": "/sbin/init%s", "mp0": "lab:1,mp=/data%sx", "hookscript": "local:snippets/x%s", "unused0": "lab:x%sy", "dev0": "/dev/null%s",
    "timezone": "host%s", "nameserver": "fe80::1%%eth0%s", "startup": "order=1%s", "tags": "a%sb!", "net0": "name=eth0%s,bridge=vmbr0",
    "features": "nesting=1%s", "hostname": "a%sb", "cores": "1%s", "memory": "512%s", "rootfs": "lab:subvol-117-disk-0%s,size=1G",
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_value_is_a_setting_of_its_own(pve, call, name):
    """As root, whom nothing but the value's form is in the way of; a list may be parted by a line break, and is stored without it."""
    for character in BREAKS:
        before = pve.node.guests.load(117).text()
        answer = call("PUT", CONFIG, headers=ticket_headers(pve.node), **{name: TEXTS[name] % (character + "memory: 99")})
        assert answer.status == 400, (character, answer.reason)
        assert pve.node.guests.load(117).text() == before


def test_a_list_that_line_breaks_part_is_stored_on_one_line(pve, call):
    assert call("PUT", CONFIG, nameserver="192.0.2.1\n192.0.2.2", searchdomain="a.test\r\nb.test").status == 200
    assert (pve.config(117)["nameserver"], pve.config(117)["searchdomain"]) == ("192.0.2.1 192.0.2.2", "a.test b.test")


def test_a_description_keeps_its_lines_and_sets_nothing(pve, call):
    assert call("PUT", CONFIG, description="one\nmemory: 99\n[snap]\n\x1b[1mtwo").status == 200
    conf = pve.node.guests.load(117)
    assert conf.current["description"].splitlines()[1:3] == ["memory: 99", "[snap]"] and conf.current["memory"] == "512" and not conf.snapshots


def test_the_file_itself_refuses_a_line_break():
    conf = guestconf.GuestConf()
    conf.current["hostname"] = "a\nmemory: 99"
    with pytest.raises(Die, match="'hostname' contains a line feed"):
        conf.text()


def test_a_password_is_one_line_and_a_hash_one_word():
    assert rootfs.crypted("$6$salt$abc./9") == "$6$salt$abc./9"
    assert rootfs.crypted("$6$salt$abc:def").count(":") == 0
    with pytest.raises(Die, match="one line"):
        rootfs.crypted("$6$salt$abc\ndef")


def test_a_mount_path_is_one_field_of_the_entry(tmp_path):
    (tmp_path / "v").mkdir()
    conf = {"rootfs": "lab:subvol-117-disk-0,size=1G", "mp0": "lab:subvol-117-disk-1,mp=/a b none bind"}
    entry = lxcconfig._mount_lines(conf, lambda volid: tmp_path / "v")[-1]
    assert entry.endswith(r" a\040b\040none\040bind none bind,create=dir 0 0") and len(entry.split()) == 8


def test_answers_and_log_have_no_control_characters(pve, call):
    said = []
    pve.server.log = said.append
    assert "\r" not in call("GET", "/nothing%0d%0aSet-Cookie: a=b").reason
    with _connect(pve) as plain:
        plain.sendall(b"GET /api2/json/\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.recv(1000)
    assert said and not any("\x1b" in line for line in said)


# ---- bodies

def _connect(pve):
    return ssl.create_default_context(cafile=pve.ca_path).wrap_socket(
        socket.create_connection((pve.host, pve.port), timeout=5), server_hostname=pve.host)


def _first_line(pve, *lines):
    """The first line of the answer to a head that promises a body of which nothing is ever sent."""
    with _connect(pve) as plain:
        plain.sendall("\r\n".join(["POST /api2/json/pools HTTP/1.1", "Host: x", *lines, "", ""]).encode())
        return plain.recv(1000).decode().splitlines()[0]


def _known(pve):
    return "Authorization: " + token_headers(TOKEN, pve.secret)["Authorization"]


def test_a_stranger_is_refused_before_his_bytes_are_read(pve):
    assert " 401 " in _first_line(pve, "Content-Length: 400000")
    assert " 401 " in _first_line(pve, "Content-Length: 400000", "Authorization: PVEAPIToken=auto@pve!full=wrong")


@pytest.mark.parametrize(("header", "answer"), [
    ("Content-Length: -1", "400 bad content length"), ("Content-Length: x", "400 bad content length"),
    ("Content-Length: 1_0", "400 bad content length"), ("Content-Length: 600000", "501 for data too large"),
    ("Transfer-Encoding: chunked", "501 chunked transfer encoding not supported")])
def test_a_length_is_held_to_the_limit_and_to_being_one(pve, header, answer):
    assert _first_line(pve, header, _known(pve)).endswith(answer)


@pytest.mark.parametrize("body", ["{\"poolid\": ", "[1]", "nonsense", "7", ""])
def test_json_that_is_none_is_refused(pve, call, body):
    headers = {**ticket_headers(pve.node), "Content-Type": "application/json"}
    answer = call("POST", "/pools", headers=headers, rawbody=body)
    assert answer.status == (500 if body else 400) and "internal error" not in answer.reason, answer.reason


def test_methods_that_the_api_does_not_know(call):
    answer = call("PATCH", CONFIG, memory="1024")
    assert (answer.status, answer.reason) == (501, "method 'PATCH' not available")


def test_the_login_route_is_open_and_says_nothing(call):
    answer = call("GET", "/access/ticket", headers={"X-Nobody": "1"})
    assert (answer.status, answer.data) == (200, None)


# ---- rights

def test_a_right_on_one_storage_reaches_no_other(pve, call):
    pve.backend.add_template("lab", "kept.tar.zst")
    pve.node.storage.config["lab"]["content"] += ",vztmpl"
    pve.grant("auto@pve", {"/storage": "", "/storage/local": "Datastore.Allocate Datastore.AllocateSpace Datastore.Audit"})
    where = "/nodes/pve/storage/local/content/lab:vztmpl/kept.tar.zst"
    for method in ("DELETE", "GET"):
        answer = call(method, where)
        assert answer.status == 400 and answer.body["errors"] == {"volume": "storage ID missmatch (lab != local)\n"}
    assert pve.node.storage.has_file("lab", "vztmpl", "kept.tar.zst")
    assert call("DELETE", where.replace("/local/", "/lab/")).status == 403
    assert call("DELETE", "/nodes/pve/storage/local/content/" + TEMPLATE).status == 200


def test_a_right_on_a_pool_reaches_only_guests_and_storages_of_ones_own(pve, call):
    pve.node.pools["mine"] = {"vms": [], "storage": []}
    pve.grant("auto@pve", {"/pool": "Pool.Allocate VM.Allocate Datastore.Allocate", "/vms": "VM.Audit"})
    assert call("PUT", "/pools", poolid="mine", vms="117").reason == "Permission check failed (/vms/117, Permissions.Modify|VM.Allocate)"
    assert "/storage/lab" in call("PUT", "/pools", poolid="mine", storage="lab").reason
    assert pve.node.pools["mine"] == {"vms": [], "storage": []}
    pve.grant("auto@pve", {"/vms/117": "VM.Allocate"})
    assert call("PUT", "/pools", poolid="mine", vms="117").status == 200


def test_growing_takes_rights_of_options_and_of_the_storage(pve, call):
    for rights, missing in (("VM.Config.Disk", "/vms/117, VM.Config.Options"), ("VM.Config.Disk VM.Config.Options", "/storage/lab, Datastore.AllocateSpace")):
        pve.grant("auto@pve", {"/vms": rights, "/storage": "Datastore.Audit"})
        assert call("PUT", LXC + "/117/resize", disk="rootfs", size="2G").reason == "Permission check failed (%s)" % missing
    pve.grant("auto@pve", {"/storage": "Datastore.AllocateSpace"})
    assert call("PUT", LXC + "/117/resize", disk="rootfs", size="2G").status == 200


def test_features_with_more_than_nesting_are_roots_to_take_away(pve, call):
    for held, status in (("nesting=1", 200), ("keyctl=0,nesting=1", 403), ("keyctl=1", 403)):
        pve.create(int(held.count("=")) + 200 + len(held), features=held)
        vmid = max(pve.node.guests.ids())
        assert call("PUT", "%s/%d/config" % (LXC, vmid), delete="features").status == status, held


def test_the_size_of_the_node_is_shown_to_auditors(pve, call):
    assert call("GET", "/nodes").data[0]["maxmem"] > 0
    pve.grant("auto@pve", {"/nodes/pve": ""})
    assert set(call("GET", "/nodes").data[0]) == {"id", "node", "status", "type"}


def test_a_container_goes_nowhere(pve, call):
    pve.grant("auto@pve", {"/vms": "VM.Migrate"})
    assert call("POST", LXC + "/117/migrate", target="pve").body["errors"] == {"target": "target is local node."}
    assert call("POST", LXC + "/117/migrate", target="pve9").reason == "no such cluster node 'pve9'"


# ---- cards

CARD = "name=eth1,bridge=%s%s"


@pytest.mark.parametrize("running", [False, True])
def test_a_new_card_on_a_missing_bridge(pve, call, running):
    """Running: refused, and nothing is left behind. Stopped: an error after it was written."""
    if running:
        pve.backend.start(None, 117, pve.config(117))
    answer = call("PUT", CONFIG, headers=ticket_headers(pve.node), net1=CARD % ("vmbr77", ""))
    conf = pve.node.guests.load(117)
    if running:
        assert answer.status == 400 and "bridge 'vmbr77' does not exist" in answer.body["errors"]["net1"]
        assert "net1" not in conf.current and not conf.pending
    else:
        assert (answer.status, answer.reason) == (500, "bridge 'vmbr77' does not exist") and "vmbr77" in conf.current["net1"]


@pytest.mark.parametrize(("more", "reason"), [
    (",mtu=9000", "net1: MTU size '9000' is bigger than bridge MTU '1500'"),
    (",host-managed=1,ip6=auto", "net1: SLAAC is not supported for host-managed network configuration.")])
def test_a_card_that_cannot_be_is_not_written(pve, call, more, reason):
    answer = call("PUT", CONFIG, net1=CARD % ("vmbr0", more))
    assert (answer.status, answer.reason) == (500, reason) and "net1" not in pve.config(117)


def test_a_change_is_taken_back_or_deleted_not_both(call):
    answer = call("PUT", CONFIG, delete="tags", revert="tags")
    assert answer.status == 400 and "at the same time" in answer.body["errors"]["delete"]
