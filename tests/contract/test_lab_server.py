# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's API as a whole: what survives, what goes wrong on request, and many clients at once."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import ssl
import threading
import time

import pytest

from lab.pve import recovery
from lab.pve.backends.memory import MemoryBackend
from lab.pve.errors import Die
from lab.pve.node import Node
from lab.pve.testing import STORAGES, TEMPLATE, PveServer
from tests.contract.client import Client, ticket_headers, token_headers

TOKEN = "auto@pve!full"
LXC = "/nodes/pve/lxc"


@pytest.fixture
def pve():
    with PveServer() as server:
        server.secret = server.token(TOKEN)
        yield server


@pytest.fixture
def call(pve):
    client = Client(pve)

    def send(method, path, **params):
        return client.call(method, path, params, token_headers(TOKEN, pve.secret))
    yield send
    client.close()


def status(pve, upid):
    task = pve.node.tasks.find(upid)
    task.done.wait(5)
    return task.record["exitstatus"]


# ---- faults

@pytest.mark.parametrize(("code", "reason"), [(500, "no reason"), (595, "Connection refused"), (596, "Connection timed out")])
def test_a_call_is_refused_without_effect(pve, call, code, reason):
    pve.create(117)
    pve.faults.add("error", status=code, reason=reason, method="PUT", times=2)
    for _try in range(2):
        answer = call("PUT", LXC + "/117/config", memory="1024")
        assert (answer.status, answer.reason) == (code, reason)
    assert pve.config(117)["memory"] == "512"
    assert call("PUT", LXC + "/117/config", memory="1024").status == 200


def test_the_answer_to_an_effect_is_lost(pve, call):
    pve.create(117)
    pve.faults.add("lost", method="PUT")
    assert call("PUT", LXC + "/117/config", memory="1024").status == 596
    assert pve.config(117)["memory"] == "1024"


def test_a_lock_goes_away_after_some_calls(pve, call):
    pve.create(117)
    pve.faults.add("locked", times=2)
    assert call("PUT", LXC + "/117/config", memory="1024").reason == "CT is locked (backup)"
    assert status(pve, call("POST", LXC + "/117/status/start").data) == "CT is locked (backup)"
    assert call("PUT", LXC + "/117/config", memory="1024").status == 200
    assert status(pve, call("POST", LXC + "/117/status/start").data) == "WARNINGS: 1"


def test_a_task_is_slow_or_fails(pve, call):
    pve.create(117)
    pve.faults.add("slow", type="vzstart", seconds=0.4)
    pve.faults.add("fail", type="vzstop", text="no way")
    upid = call("POST", LXC + "/117/status/start").data
    assert call("GET", "/nodes/pve/tasks/%s/status" % upid).data["status"] == "running"
    assert status(pve, upid) == "WARNINGS: 1"
    assert status(pve, call("POST", LXC + "/117/status/stop").data) == "no way"


def test_an_expired_ticket(pve):
    client = Client(pve)
    assert client.call("GET", "/version", headers=ticket_headers(pve.node)).status == 200
    pve.faults.add("expired", path="/version")
    assert client.call("GET", "/version", headers=ticket_headers(pve.node)).reason == "Authentication failed!"
    assert client.call("GET", "/version", headers=ticket_headers(pve.node, age=7300)).status == 401


def test_the_list_of_resources_lags(pve, call):
    pve.faults.add("lag", seconds=0.2)
    pve.create(117, hostname="kafka")
    listed = call("GET", "/cluster/resources", type="vm").data[0]
    assert listed["status"] == "unknown" and "name" not in listed
    time.sleep(0.25)
    assert call("GET", "/cluster/resources", type="vm").data[0]["name"] == "kafka"


def test_an_unknown_fault_is_a_mistake_of_the_test(pve):
    with pytest.raises(ValueError, match="nonsense"):
        pve.faults.add("nonsense")


# ---- many at once

def test_ids_are_given_once(pve):
    """20 clients want a container each; nextid reserves nothing, so they fight."""
    def make(_number):
        client = Client(pve)
        headers = token_headers(TOKEN, pve.secret)
        try:
            for _try in range(60):
                vmid = client.call("GET", "/cluster/nextid", headers=headers).data
                answer = client.call("POST", LXC, {"vmid": vmid, "ostemplate": TEMPLATE, "rootfs": "lab:1"}, headers)
                if answer.status == 200:
                    return vmid
                assert "already exists on node 'pve'" in answer.reason
            raise AssertionError("no id in 60 tries")
        finally:
            client.close()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        made = list(pool.map(make, range(20)))
    assert sorted(map(int, made)) == list(range(100, 120)) == pve.node.guests.ids()


def test_a_silent_client_holds_nobody_up(pve, call):
    with socket.create_connection((pve.host, pve.port)):
        begun = time.monotonic()
        assert call("GET", "/version").status == 200
        assert time.monotonic() - begun < 2


def test_plain_http_is_not_served(pve):
    with socket.create_connection((pve.host, pve.port)) as plain:
        plain.sendall(b"GET /api2/json/version HTTP/1.0\r\n\r\n")
        plain.settimeout(2)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = plain.recv(100)
        assert b"200" not in answer


def test_the_certificate_is_checked_by_clients(pve):
    context = ssl.create_default_context()
    with socket.create_connection((pve.host, pve.port)) as plain, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(plain, server_hostname=pve.host)


# ---- restarts

def node_in(folder, backend):
    node = Node(backend, folder, {name: dict(entry) for name, entry in STORAGES.items()}, auth_delay=0, grace=0.2)
    return node


def test_everything_survives_the_server(tmp_path):
    backend = MemoryBackend()
    with PveServer(backend, directory=tmp_path) as first:
        secret = first.token(TOKEN)
        first.create(117, hostname="kafka")
        first.node.tasks.start("vzstart", "117", "root@pam", lambda task: task.log("hello"))
        digest = first.node.guests.load(117).digest
    second = node_in(tmp_path, backend)
    assert second.access.token_fits(TOKEN, secret)
    assert second.guests.load(117).digest == digest
    assert second.storage.size("lab:subvol-117-disk-0") == 1 << 30
    [task] = second.tasks.tasks.values()
    assert task.lines == ["hello", "TASK OK"] and task.status()["exitstatus"] == "OK"


def test_what_a_killed_server_left_is_cleaned(tmp_path):
    backend = MemoryBackend()
    first = node_in(tmp_path, backend)
    first.guests.reserve(117)
    first.storage.allocate("lab", 117, 1 << 30)
    first.storage.allocate("lab", 999, 1 << 30)
    first.guests.reserve(118)
    conf = first.guests.load(118)
    conf.current.update(lock="rollback", memory="512")
    first.guests.save(118, conf)
    held = threading.Event()
    first.tasks.start("vzcreate", "117", "root@pam", lambda task: held.wait(5))

    said = []
    second = node_in(tmp_path, backend)
    recovery.clean(second, said.append)
    assert second.guests.ids() == [118] and "lock" not in second.guests.load(118).current
    assert not second.storage.volumes and not backend.content
    assert [task.status()["exitstatus"] for task in second.tasks.tasks.values()] == ["unexpected status"]
    assert len(said) == 3
    held.set()


def test_containers_start_with_the_machine_in_their_order(tmp_path):
    backend = MemoryBackend()
    with PveServer(backend, directory=tmp_path) as pve:
        for vmid, order in ((117, "order=2"), (118, "1"), (119, "order=3")):
            pve.create(vmid, onboot=int(vmid != 119), startup=order)
    node = node_in(tmp_path, backend)
    recovery.start_on_boot(node, print)             # the first start of all: nobody asked for one
    assert not backend.pids
    node.files.write(recovery.BOOT_FILE, "another boot")
    recovery.start_on_boot(node, print)
    assert list(backend.pids) == [118, 117]


# ---- odds and ends that no recording shows

def test_a_template_is_downloaded_with_its_checksum(pve, call, tmp_path):
    source = tmp_path / "t-1_amd64.tar.zst"
    source.write_bytes(b"x" * 100)

    def fetch(task, url, verify):
        copy = tmp_path / "copy"
        copy.write_bytes(source.read_bytes())
        return str(copy)
    pve.node.fetch = fetch
    where = "/nodes/pve/storage/local/"
    answer = call("POST", where + "download-url", content="vztmpl", filename=source.name, url="https://x.example/t")
    assert status(pve, answer.data) == "OK"
    assert "local:vztmpl/" + source.name in [entry["volid"] for entry in call("GET", where + "content").data]
    answer = call("POST", where + "download-url", content="vztmpl", filename="u.tar.zst", url="https://x.example/t", checksum="00")
    assert answer.body["errors"] == {"checksum-algorithm": "missing property - 'checksum' requires this property"}


def test_snapshots_bring_the_files_back(pve, call):
    pve.create(117)
    files = pve.backend.content["lab:subvol-117-disk-0"]
    files["/a"] = "one"
    assert status(pve, call("POST", LXC + "/117/snapshot", snapname="s1").data) == "OK"
    files["/a"] = "two"
    call("PUT", LXC + "/117/config", memory="1024", mp0="lab:1,mp=/new")
    assert status(pve, call("POST", LXC + "/117/snapshot/s1/rollback").data) == "OK"
    assert pve.backend.content["lab:subvol-117-disk-0"] == {"/a": "one"}
    conf = pve.config(117)
    assert conf["memory"] == "512" and "mp0" not in conf and conf["unused0"] == "lab:subvol-117-disk-1"


def test_a_failed_create_leaves_nothing(pve, call):
    pve.node.pools["lake"] = {"vms": [], "storage": []}

    def unpack(*_arguments):
        raise Die("disk full")
    pve.backend.unpack = unpack
    upid = call("POST", LXC, vmid="117", ostemplate=TEMPLATE, rootfs="lab:1", mp0="lab:1,mp=/data", pool="lake").data
    assert status(pve, upid) == "unable to create CT 117 - disk full"
    assert not pve.node.guests.ids() and not pve.node.storage.volumes and pve.node.pools["lake"]["vms"] == []


def test_a_defect_of_the_lab_ends_the_task(pve, call):
    pve.create(117)
    pve.backend.start = lambda *_arguments: 1 / 0
    assert status(pve, call("POST", LXC + "/117/status/start").data).startswith("internal error - ZeroDivisionError")


def test_what_the_lab_does_not_have_is_said(call):
    answer = call("POST", LXC, vmid="117", ostemplate=TEMPLATE, rootfs="lab:1", **{"ha-managed": "1"})
    assert answer.status == 500 and "ha-managed" in answer.reason
