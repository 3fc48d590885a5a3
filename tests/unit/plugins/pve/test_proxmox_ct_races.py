# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that happen between two calls of proxmox_ct, and servers that say one thing and do another."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import actor as pve_actor, client as pve_client, guest as pve_guest
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError

SMALL = {"hostname": "small", "ostemplate": "local:vztmpl/debian-12-gti_12_amd64.tar.zst", "rootfs": {"storage": "lab", "size_gib": 1},
         "features": {"nesting": True}}


@pytest.fixture
def before_write(monkeypatch):
    """Lets a test act just before each write of the module: it gives a list of functions, one for each write."""
    acts = []
    real = pve_client.Client._call

    def call(client, method, path, params):
        if method != "GET" and acts:
            acts.pop(0)()
        return real(client, method, path, params)

    monkeypatch.setattr(pve_client.Client, "_call", call)
    return acts


def nothing():
    pass


def test_a_lost_create_whose_number_went_to_somebody_else(site, before_write):
    site.faults.add("error", status=596, reason="Connection timed out", method="POST", path="/lxc$")
    before_write.append(lambda: site.server.create(100, hostname="other"))
    result = site.good(**SMALL)
    assert result["vmid"] == 101 and site.config(101)["hostname"] == "small" and site.config(100)["hostname"] == "other"


def test_a_lost_create_that_took_effect_late(site, before_write):
    site.faults.add("error", status=596, reason="Connection timed out", method="POST", path="/lxc$")
    before_write.extend([nothing, lambda: site.server.create(100, hostname="small")])
    result = site.good(**SMALL)
    assert result["vmid"] == 100 and site.server.node.guests.ids() == [100]


def test_a_lost_create_whose_number_went_to_somebody_else_late(site, before_write):
    site.faults.add("error", status=596, reason="Connection timed out", method="POST", path="/lxc$")
    before_write.extend([nothing, lambda: site.server.create(100, hostname="other")])
    assert site.good(**SMALL)["vmid"] == 101


@pytest.mark.parametrize("params", [{}, {"vmid": 109}])
def test_a_create_that_takes_longer_than_we_listen(site, monkeypatch, params):
    """The server goes on when a client has stopped to listen."""
    real = requests.Session.request
    lost = []

    def request(session, method, url, *args, **kwargs):
        answer = real(session, method, url, *args, **kwargs)
        if method == "POST" and url.endswith("/lxc") and not lost:
            lost.append(url)
            raise requests.exceptions.ReadTimeout("read timed out")
        return answer

    monkeypatch.setattr(requests.Session, "request", request)
    result = site.good(**dict(SMALL, **params))
    assert result["created"] and len(site.server.node.guests.ids()) == 1 and len(result["writes"]) == 1


def test_a_fixed_number_that_somebody_else_took(site, before_write):
    before_write.append(lambda: site.server.create(109, hostname="other"))
    result = site.bad(**dict(SMALL, vmid=109))
    assert "belongs to the container 'other'" in result["msg"] and len(result["writes"]) == 1


def test_a_fixed_number_that_a_twin_run_took(site, before_write):
    before_write.append(lambda: site.server.create(109, hostname="small", features="nesting=1"))
    result = site.good(**dict(SMALL, vmid=109))
    assert result["vmid"] == 109 and len(result["writes"]) == 1


def test_no_number_to_be_had(site):
    site.faults.add("error", status=500, reason="CT 100 already exists on node 'pve'", method="POST", path="/lxc$", times=99)
    assert "no free id could be taken" in site.bad(**SMALL)["msg"]


def test_a_container_that_falls_over_at_once(site, monkeypatch):
    site.good(**dict(SMALL, vmid=109))
    monkeypatch.setattr(site.server.backend, "start", lambda *args: None)
    result = site.bad(vmid=109, state="started", timeouts={"start": 0})
    assert "container 109 is stopped after start" in result["msg"]


def test_a_container_that_comes_up_late(site, monkeypatch):
    """High availability only queues the start."""
    site.good(**dict(SMALL, vmid=109))
    real = site.server.backend.start
    monkeypatch.setattr(site.server.backend, "start", lambda *args: None)
    looks = []

    def read(client, guest, patience):
        looks.append(guest)
        if len(looks) == 4:
            real(None, 109, site.config(109))
        return pve_guest.read(client, guest, patience)

    monkeypatch.setattr(pve_actor, "read", read)
    assert site.good(vmid=109, state="started")["status"] == "running"


def test_a_change_that_is_accepted_but_not_held(site, monkeypatch):
    site.good(**dict(SMALL, vmid=109))
    monkeypatch.setattr(pve_client.Client, "write", lambda *args: None)
    result = site.bad(vmid=109, memory=600)
    assert "was accepted, but the server does not hold it: memory" in result["msg"]


def test_an_answer_that_is_lost_again_and_again(site):
    site.good(**dict(SMALL, vmid=109))
    site.faults.add("error", status=596, reason="Connection timed out", method="PUT", times=99)
    result = site.bad(vmid=109, memory=600)
    assert result["status"] == 596 and len(result["writes"]) == 6


def test_a_grown_volume_whose_file_system_did_not(site, monkeypatch):
    """put-running-056: the task ends well."""
    site.good(**dict(SMALL, vmid=109))
    line = "Failed to update the container's filesystem: command failed"
    monkeypatch.setattr(pve_client.Client, "log", lambda client, upid: ["Image resized.", line, "TASK OK"])
    assert line in repr(site.good(vmid=109, rootfs={"size_gib": 2})["warnings"])


def test_a_half_made_container_that_nobody_makes_any_more(site):
    site.server.node.guests.reserve(109)
    result = site.bad(**dict(SMALL, vmid=109, timeouts={"create": 0}))
    assert "still being created" in result["msg"] and result["writes"] == []


class Answers:
    """A client that knows its answers by path."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "/"): answer for name, answer in answers.items()}
        self.connection = pve_client.Connection("h", 1, "u@pve")

    def get(self, path, /, **params):
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_once = get


TAKEN = pve_client.PveError("Parameter verification failed.", 400, {"vmid": "VM 109 already exists"})


def test_a_container_that_the_cluster_does_not_list_yet():
    client = Answers(cluster_resources=[], cluster_nextid=TAKEN, nodes=[{"node": "a"}], nodes_a_lxc=[{"vmid": "109", "name": "kafka"}])
    guest = pve_guest.locate(client, 109, "")
    assert guest.exists and guest.node == "a" and guest.vmid == 109


def test_nodes_that_are_down_are_left_out():
    client = Answers(
        cluster_resources=[{"type": "lxc", "vmid": 7, "node": "b", "name": "old"}],
        nodes=[{"node": "a", "status": "online"}, {"node": "b", "status": "offline"}], nodes_a_lxc=[{"vmid": 8, "name": "new"}])
    assert {vmid: (entry["node"], entry["name"]) for vmid, entry in pve_guest.list_containers(client)[0].items()} == {7: ("b", "old"), 8: ("a", "new")}


def test_a_cluster_of_several_nodes_needs_one_to_create_on():
    client = Answers(nodes=[{"node": "a"}, {"node": "b"}])
    assert pve_guest.choose_node(client, "b") == "b"
    with pytest.raises(PlanError, match="several nodes \\(a, b\\)"):
        pve_guest.choose_node(client, "")


def test_another_error_of_the_look_for_a_free_number_is_not_swallowed():
    client = Answers(cluster_resources=[], cluster_nextid=pve_client.PveError("no", 403))
    with pytest.raises(pve_client.PveError):
        pve_guest.locate(client, 109, "")
