# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxmox_ct against the lab's API: what it does, what it writes, and how it fails."""

from __future__ import annotations

import base64
import os

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import client as pve_client

from lab.pve.errors import Die

BASE = "/nodes/pve/lxc/109"
NETWORK = {"id": "net0", "bridge": "vmbr0", "ip": "192.0.2.109/24", "gw": "192.0.2.1", "firewall": True}
MOUNT = {"id": "mp0", "storage": "lab", "size_gib": 2, "path": "/data", "backup": True}
SMALL = {"hostname": "small", "ostemplate": "local:vztmpl/debian-12-gti_12_amd64.tar.zst", "rootfs": {"storage": "lab", "size_gib": 1},
         "features": {"nesting": True}}


def public_key():
    parts = [b"ssh-ed25519", os.urandom(32)]
    return "ssh-ed25519 " + base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


def kinds(result):
    return [change["call"].split("/")[-1] for change in result["changes"]]


def warnings(result):
    return repr(result["warnings"])


# From nothing to running, and nothing more to do

def test_from_nothing_to_running_in_one_task(site):
    result = site.good(**site.kafka(state="started", ssh_public_keys=[public_key(), public_key()]))
    assert result["changed"] and result["created"] and result["status"] == "running" and result["node"] == "pve" and result["vmid"] == 109
    assert result["writes"] == [("POST", "/nodes/pve/lxc"), ("POST", BASE + "/status/start")]
    assert [task["type"] for task in result["tasks"]] == ["vzcreate", "vzstart"]
    assert all(task["exitstatus"] == "OK" for task in result["tasks"])
    assert result["ip_addresses"] == ["192.0.2.109"]
    assert result["pending"] == [] and not result["restart_required"]
    assert result["config"]["tags"] == ["kafka", "lake"] and result["config"]["description"] == "Events\nlive here"
    config = site.config()
    assert config["hostname"] == "kafka" and config["memory"] == "1024" and config["onboot"] == "1" and config["tags"] == "kafka;lake"
    assert config["net0"].startswith("name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:")


@pytest.mark.parametrize("state", ["present", "started", "stopped"])
def test_the_second_run_writes_nothing(site, state):
    site.good(**site.kafka(state=state))
    result = site.good(**site.kafka(state=state))
    assert not result["changed"] and result["changes"] == [] and result["writes"] == []
    assert result["diff"]["before"] == result["diff"]["after"]


def test_check_mode_writes_nothing_and_foretells_the_run(site):
    wanted = site.kafka(state="started")
    foretold = site.good(check=True, **wanted)
    assert foretold["changed"] and foretold["writes"] == [] and not site.server.node.exists(109)
    done = site.good(**wanted)
    assert done["changes"] == foretold["changes"]
    change = dict(wanted, memory=2048, tags=["x"], rootfs={"storage": "lab", "size_gib": 5}, nameservers=["192.0.2.9"], restart_if_pending=True)
    foretold = site.good(check=True, **change)
    assert foretold["changed"] and foretold["writes"] == [] and site.config()["memory"] == "1024"
    done = site.good(**change)
    assert done["changes"] == foretold["changes"] and done["diff"] == foretold["diff"]
    foretold = site.good(check=True, vmid=109, state="absent", force=True)
    assert foretold["changed"] and foretold["writes"] == [] and site.server.node.exists(109)


def test_check_mode_leaves_nothing_to_find_in_a_second_one(site):
    assert not site.good(check=True, vmid=109, state="absent")["changed"]


def test_the_diff_shows_what_is_managed_and_no_secret(site):
    result = site.good(**site.kafka(password="in the clear"))
    assert "in the clear" not in repr(result)
    assert result["diff"]["before"] == {"state": "absent"}
    result = site.good(vmid=109, memory=2048)
    assert result["diff"] == {"before": {"state": "stopped", "config": {"memory": 1024}}, "after": {"state": "stopped", "config": {"memory": 2048}}}


def test_removal(site):
    site.good(**site.kafka(state="started"))
    result = site.bad(vmid=109, state="absent")
    assert "is running" in result["msg"] and result["writes"] == []
    result = site.good(vmid=109, hostname="kafka", state="absent", force=True)
    assert result["changed"] and result["status"] == "absent" and not site.server.node.exists(109)
    result = site.good(vmid=109, state="absent")
    assert not result["changed"] and result["writes"] == []


# Finding

def test_found_by_name_wherever_it_is(site):
    site.server.create(234, hostname="kafka", memory=512)
    result = site.good(hostname="Kafka", memory=600)
    assert result["vmid"] == 234 and site.config(234)["memory"] == "600"


def test_a_new_one_takes_the_next_free_number(site):
    site.server.create(100)
    result = site.good(**SMALL)
    assert result["vmid"] == 101 and result["created"]
    assert site.good(**SMALL)["writes"] == []


def test_a_name_known_to_the_nodes_but_not_yet_to_the_cluster_is_found(site):
    """resources-001: for a while the cluster's list has neither name nor status."""
    site.server.node.resources.lagging = True
    site.good(**SMALL)
    result = site.good(**dict(SMALL, state="started"))
    assert not result["created"] and result["status"] == "running"


def test_two_of_one_name_need_a_number(site):
    site.server.create(201, hostname="twin")
    site.server.create(202, hostname="twin")
    assert "201, 202" in site.bad(hostname="twin")["msg"]


def test_a_number_of_another_container_is_refused(site):
    site.server.create(109, hostname="trino")
    result = site.bad(**site.kafka())
    assert "belongs to the container 'trino'" in result["msg"] and result["writes"] == []
    assert site.good(vmid=109, hostname="kafka", rename=True)["hostname"] == "kafka"


def test_a_node_that_is_not_there(site):
    assert "node 'pve9' is not in the cluster (pve)" in site.bad(**site.kafka(node="pve9"))["msg"]


def node_away(monkeypatch):
    """A second node that the cluster knows and nobody reaches."""
    from lab.pve.api import nodes
    route = next(route for route in nodes.route.__self__.routes if (route.method, route.path) == ("GET", "/nodes"))
    real = route.handler
    monkeypatch.setattr(route, "handler", lambda call: real(call) + [{"id": "node/pve2", "node": "pve2", "status": "unknown", "type": "node"}])


def test_another_node_that_is_away_is_no_matter(site, monkeypatch):
    """595 and 596 come for each call to it; the cluster's own list still knows its guests."""
    node_away(monkeypatch)
    site.server.create(234, hostname="other")
    site.faults.add("error", status=596, reason="Connection timed out", path="/nodes/pve2/", times=100)
    result = site.good(**site.kafka(state="started"))
    assert result["created"]
    assert site.good(vmid=109, memory=2048)["changed"]
    info = site.run("proxmox_ct_info", node="pve", gather=["nodes", "storages", "templates"])
    assert {ct["vmid"] for ct in info["containers"]} == {109, 234} and not any("/nodes/pve2/" in path for _method, path in info["requests"])
    info = site.run("proxmox_ct_info")
    assert {ct["vmid"] for ct in info["containers"]} == {109, 234} and "pve2 can not be asked" in warnings(info)
    result = site.bad(hostname="nowhere")
    assert "node pve2 can not be asked" in result["msg"] and "give vmid" in result["msg"]
    assert site.good(hostname="kafka", memory=1024)["changed"]


def test_the_node_is_where_the_container_lives(site):
    site.server.create(109, hostname="kafka")
    result = site.good(vmid=109, node="pve9", memory=600)
    assert result["node"] == "pve" and "lives on node pve" in warnings(result)


# Changes

def test_a_changed_tag_keeps_the_address_of_the_card(site):
    site.good(**site.kafka(state="started"))
    before = site.config()["net0"]
    result = site.good(**site.kafka(state="started", tags=["one"]))
    assert result["changes"] == [{"call": "PUT nodes/pve/lxc/109/config", "keys": ["tags"]}]
    assert site.config()["net0"] == before


def test_a_changed_card_keeps_its_address(site):
    mac = site.good(**site.kafka(state="started"))["config"]["networks"][0]["hwaddr"]
    result = site.good(**site.kafka(state="started", networks=[dict(NETWORK, firewall=False, gw="", tag=7)]))
    card = result["config"]["networks"][0]
    assert card == {"id": "net0", "name": "eth0", "bridge": "vmbr0", "hwaddr": mac, "ip": "192.0.2.109/24", "tag": 7}
    assert result["changed"] and site.good(vmid=109, networks=[dict(NETWORK, firewall=None, gw=None)])["writes"] == []


def test_growing(site):
    site.good(**site.kafka(state="started"))
    result = site.good(vmid=109, rootfs={"size_gib": 6}, mounts=[dict(MOUNT, size_gib=2.5)])
    assert kinds(result) == ["resize", "resize"] and [task["type"] for task in result["tasks"]] == ["resize", "resize"]
    assert result["config"]["rootfs"]["size_gib"] == 6 and result["config"]["mounts"][0]["size_gib"] == 2.5
    volumes = site.server.node.storage.volumes
    assert [volumes["lab:subvol-109-disk-%d" % number]["size"] / 2 ** 30 for number in (0, 1)] == [6, 2.5]
    assert site.good(vmid=109, rootfs={"size_gib": 6}, mounts=[dict(MOUNT, size_gib=2.5)])["writes"] == []
    result = site.bad(vmid=109, memory=4096, rootfs={"size_gib": 5})
    assert "from 6G to 5G" in result["msg"] and result["writes"] == [] and site.config()["memory"] == "1024"


def test_changes_of_a_running_container_that_wait(site):
    site.good(**site.kafka(state="started"))
    result = site.good(vmid=109, memory=2048, nameservers=["192.0.2.99"], searchdomains=[])
    assert result["pending"] == ["nameserver", "searchdomain"] and result["restart_required"]
    assert result["config"]["nameservers"] == ["192.0.2.99"] and site.config()["memory"] == "2048"
    again = site.good(vmid=109, memory=2048, nameservers=["192.0.2.99"], searchdomains=[])
    assert again["writes"] == [] and again["restart_required"]
    result = site.good(vmid=109, state="started", nameservers=["192.0.2.99"], restart_if_pending=True)
    assert kinds(result) == ["reboot"] and result["pending"] == [] and not result["restart_required"] and result["status"] == "running"
    assert site.config()["nameserver"] == "192.0.2.99"


def test_a_removed_description_and_tags_are_gone(site):
    site.good(**site.kafka())
    site.good(vmid=109, description="", tags=[], features={}, startup={})
    assert not {"description", "tags", "features", "startup"} & set(site.config())
    assert site.good(vmid=109, description="", tags=[], features={}, startup={})["writes"] == []


def test_purging(site):
    site.good(**site.kafka(mounts=[MOUNT, dict(MOUNT, id="mp1", path="/more")], networks=[NETWORK, {"id": "net1", "bridge": "vmbr0"}]))
    assert site.good(**site.kafka())["writes"] == []
    result = site.good(**site.kafka(purge_mounts=True, purge_networks=True))
    assert result["changes"] == [{"call": "PUT nodes/pve/lxc/109/config", "keys": ["mp1", "net1"]}]
    assert "unused0" in site.config()


def test_a_new_mount_is_allocated_once(site):
    site.good(**site.kafka(state="started"))
    more = [MOUNT, {"id": "mp1", "storage": "lab", "size_gib": 1, "path": "/hot"}]
    result = site.good(vmid=109, mounts=more)
    assert result["config"]["mounts"][1]["volume"].startswith("lab:") and not result["restart_required"]
    assert site.good(vmid=109, mounts=more)["writes"] == []
    assert not any(key.startswith("unused") for key in site.config())


def test_a_protected_container(site):
    site.good(**site.kafka(protection=True))
    assert "is protected" in site.bad(vmid=109, state="absent")["msg"]
    result = site.bad(vmid=109, mounts=[dict(MOUNT, ro=True)])
    assert "protected" in result["msg"] and result["writes"] == []
    assert kinds(site.good(vmid=109, protection=False, mounts=[dict(MOUNT, ro=True)])) == ["config", "config"]


def unplugged(site, monkeypatch):
    """Cards can not be plugged, though their bridge is there."""
    def hot_net(vmid, index, new, old):
        if new:
            raise Die("no veth")
    monkeypatch.setattr(site.server.backend, "hot_net", hot_net)


def test_a_hot_change_that_fails_is_taken_back(site, monkeypatch):
    """put-running-037 to -043: left waiting, it blocks that key, and the next restart. The card that it was to replace is gone, and that is told."""
    site.good(**site.kafka(state="started"))
    with monkeypatch.context() as patch:
        unplugged(site, patch)
        result = site.bad(vmid=109, memory=2048, networks=[dict(NETWORK, hwaddr="BC:24:11:00:00:01")])
    assert "no veth" in result["errors"]["net0"] and result["reverted"] == ["net0"]
    assert result["written"] == ["memory", "net0"] and "were changed all the same: memory, net0" in result["msg"]
    assert result["changed"] and result["changes"] == [{"call": "PUT nodes/pve/lxc/109/config", "keys": ["memory", "net0"]}]
    result = site.good(vmid=109, networks=[NETWORK])
    assert result["pending"] == [] and len(result["config"]["networks"]) == 1


def test_a_new_card_that_fails_leaves_nothing_behind(site, monkeypatch):
    site.good(**site.kafka(state="started"))
    with monkeypatch.context() as patch:
        unplugged(site, patch)
        result = site.bad(vmid=109, memory=2048, networks=[NETWORK, {"id": "net1", "bridge": "vmbr0"}])
    assert "net1" in result["errors"] and "written" not in result and not result["changed"] and site.config()["memory"] == "1024"


def test_an_error_after_the_effect_is_told_as_what_it_is(site, monkeypatch):
    """A stopped container's file is written before the server finds out that it can not render LXC's."""
    site.good(**site.kafka())
    with monkeypatch.context() as patch:
        patch.setattr(site.server.backend, "bridge_mtu", lambda name: None)
        result = site.bad(vmid=109, memory=2048)
    assert result["status"] == 500 and "bridge 'vmbr0' does not exist" in result["msg"] and result["written"] == ["memory"] and result["changed"]
    assert site.config()["memory"] == "2048" and not site.good(vmid=109, memory=2048)["changed"]


def waiting(site, **pending):
    conf = site.server.node.guests.load(109)
    conf.pending.update(pending)
    site.server.node.guests.save(109, conf)


def test_a_key_whose_other_value_waits_is_unset_for_good(site):
    site.good(**site.kafka(state="started"))
    site.good(vmid=109, nameservers=["192.0.2.99"])
    foretold = site.good(check=True, vmid=109, nameservers=[])
    result = site.good(vmid=109, nameservers=[])
    assert kinds(result) == ["config", "config"] and foretold["changes"] == result["changes"] and result["pending"] == ["nameserver"]
    assert site.good(vmid=109, nameservers=[])["writes"] == []
    site.good(vmid=109, state="restarted", nameservers=[])
    assert "nameserver" not in site.config()


def test_a_key_that_only_waits_is_unset(site):
    site.good(**site.kafka(state="started"))
    waiting(site, timezone="host")
    result = site.good(vmid=109, timezone="")
    assert result["pending"] == [] and site.good(vmid=109, timezone="")["writes"] == []


def test_setting_back_foretells_no_restart(site):
    site.good(**site.kafka(state="started"))
    site.good(vmid=109, nameservers=["192.0.2.99"])
    for check in (True, False):
        result = site.good(check=check, vmid=109, state="started", nameservers=["192.0.2.30", "192.0.2.31"], restart_if_pending=True)
        assert kinds(result) == ["config"] and not result["restart_required"]
    assert result["pending"] == []


def test_a_mount_is_purged_although_another_path_waits(site):
    site.good(**site.kafka(state="started"))
    site.good(vmid=109, mounts=[dict(MOUNT, path="/new")])
    site.good(vmid=109, mounts=[], purge_mounts=True)
    site.good(vmid=109, state="restarted", mounts=[], purge_mounts=True)
    assert "mp0" not in site.config() and site.config()["unused0"] == "lab:subvol-109-disk-1"


def test_a_mount_declared_again_before_the_restart_keeps_its_data(site):
    site.good(**site.kafka(state="started"))
    before = site.config()["mp0"]
    site.good(vmid=109, mounts=[], purge_mounts=True)
    for check in (True, False):
        result = site.good(check=check, vmid=109, mounts=[MOUNT])
        assert [change["keys"] for change in result["changes"]] == [["mp0"]] and not result["restart_required"]
    site.good(vmid=109, state="restarted")
    assert site.config()["mp0"] == before and "unused0" not in site.config()
    assert sorted(site.server.node.storage.of_guest(109)) == ["lab:subvol-109-disk-0", "lab:subvol-109-disk-1"]


def test_a_firewall_flag_ticked_by_hand_stays(site):
    site.good(**site.kafka(networks=[dict(NETWORK, firewall=None)]))
    conf = site.server.node.guests.load(109)
    conf.current["net0"] = conf.current["net0"].replace(",type=veth", ",firewall=1,type=veth")
    site.server.node.guests.save(109, conf)
    assert site.good(**site.kafka(networks=[dict(NETWORK, firewall=None)]))["writes"] == []
    assert site.good(**site.kafka(networks=[dict(NETWORK, firewall=False)]))["changed"] and "firewall" not in site.config()["net0"]


def test_somebody_elses_failed_change_is_dropped_before_ours(site):
    site.good(**site.kafka(state="started"))
    conf = site.server.node.guests.load(109)
    conf.pending["net1"] = "name=eth1,bridge=vmbr77"
    site.server.node.guests.save(109, conf)
    result = site.good(vmid=109, networks=[NETWORK, {"id": "net1", "bridge": "vmbr0"}])
    assert kinds(result) == ["config", "config"] and result["pending"] == []


# Power

def test_stop_and_start(site):
    site.good(**site.kafka(state="started"))
    result = site.good(vmid=109, state="stopped")
    assert result["status"] == "stopped" and result["ip_addresses"] == []
    assert site.good(vmid=109, state="stopped")["writes"] == []
    assert site.good(vmid=109, state="started")["status"] == "running"


def test_a_container_that_ignores_its_shutdown_is_stopped(site):
    site.good(**site.kafka(state="started"))
    site.server.backend.live[109]["entrypoint"] = "/bin/ignores-signals"
    assert site.good(vmid=109, state="stopped", shutdown_timeout=1)["status"] == "stopped"


def test_stop_by_force(site):
    site.good(**site.kafka(state="started"))
    site.server.backend.live[109]["entrypoint"] = "/bin/ignores-signals"
    result = site.good(vmid=109, state="stopped", force=True)
    assert result["writes"] == [("POST", BASE + "/status/stop")]


def test_restart(site):
    site.good(**site.kafka(state="started"))
    pid = site.server.backend.pids[109]
    assert kinds(site.good(vmid=109, state="restarted")) == ["reboot"]
    assert site.server.backend.pids[109] != pid
    site.good(vmid=109, state="stopped")
    result = site.good(vmid=109, state="restarted")
    assert kinds(result) == ["start"] and result["status"] == "running"


@pytest.mark.parametrize("before, state, after", [("stopped", "started", "running"), ("started", "stopped", "stopped"), ("started", "absent", "absent")])
def test_somebody_else_was_faster(site, monkeypatch, before, state, after):
    """power-002, power-008, destroy-009: what was done between our look and our call is no failure."""
    site.good(**site.kafka(state=before))
    backend = site.server.backend
    real = pve_client.Client.write

    def write(client, *args):
        if state == "started":
            backend.start(None, 109, site.config())
        else:
            backend.stop(None, 109)
        if state == "absent":
            site.server.node.guests.delete(109)
        return real(client, *args)

    monkeypatch.setattr(pve_client.Client, "write", write)
    result = site.good(vmid=109, state=state, force=True)
    assert result["status"] == after and len(result["writes"]) == 1


# Tasks

def test_a_failed_task_tells_its_own_log(site):
    site.faults.add("fail", type="vzstart", text="startup for container '109' failed")
    result = site.bad(**site.kafka(state="started"))
    assert result["exitstatus"] == "startup for container '109' failed" and result["upid"].startswith("UPID:pve:")
    assert result["log"][-1] == "TASK ERROR: startup for container '109' failed"
    assert kinds(result) == ["lxc"] and result["changed"]


def test_a_failed_create_leaves_nothing_and_is_not_tried_again(site, monkeypatch):
    def unpack(*arguments):
        raise Die("disk full")
    monkeypatch.setattr(site.server.backend, "unpack", unpack)
    result = site.bad(**site.kafka())
    assert "disk full" in result["exitstatus"] and len(result["writes"]) == 1
    assert not site.server.node.exists(109)


def test_warnings_are_a_success_that_is_told(site):
    """power-068: systemd without nesting."""
    result = site.good(**site.kafka(state="started", features={}))
    assert [task["exitstatus"] for task in result["tasks"]] == ["WARNINGS: 1", "WARNINGS: 1"]
    assert "enable nesting" in warnings(result)


def test_a_slow_task_is_waited_for(site):
    site.faults.add("slow", type="vzcreate", seconds=0.6)
    assert site.good(**site.kafka())["tasks"][0]["exitstatus"] == "OK"


@pytest.mark.parametrize("abort", [False, True])
def test_a_task_that_takes_too_long(site, abort):
    site.faults.add("slow", type="vzcreate", seconds=1.5)
    result = site.bad(**site.kafka(timeouts={"create": 0}, abort_on_timeout=abort))
    assert "did not end within 0 seconds" in result["msg"] and result["upid"].startswith("UPID:pve:")
    assert [method for method, path in result["writes"]] == (["POST", "DELETE"] if abort else ["POST"])


# Retries

@pytest.mark.parametrize("status, reason", [(595, "Connection refused"), (596, "Connection timed out"), (599, "Too many redirections")])
def test_reads_are_tried_again(site, status, reason):
    site.good(**site.kafka())
    site.faults.add("error", status=status, reason=reason, method="GET", times=2)
    assert site.good(**site.kafka())["writes"] == []


def test_reads_are_not_tried_for_ever(site):
    site.faults.add("error", status=595, reason="Connection refused", method="GET", times=50)
    result = site.bad(**site.kafka())
    assert "Connection refused" in result["msg"] and result["status"] == 595 and len(result["requests"]) == 6


def test_a_create_whose_answer_was_lost_is_not_sent_again(site):
    site.faults.add("lost", status=596, method="POST", path="/lxc$")
    site.faults.add("slow", type="vzcreate", seconds=0.5)
    result = site.good(**site.kafka(state="started"))
    assert result["status"] == "running" and result["writes"] == [("POST", "/nodes/pve/lxc"), ("POST", BASE + "/status/start")]
    assert result["created"] and site.good(**site.kafka(state="started"))["writes"] == []


def test_a_create_of_a_free_number_whose_answer_was_lost(site):
    site.faults.add("lost", status=596, method="POST", path="/lxc$")
    result = site.good(**SMALL)
    assert result["created"] and site.server.node.guests.ids() == [100] and len(result["writes"]) == 1


def test_a_create_that_never_began_is_sent_again(site):
    site.faults.add("error", status=596, reason="Connection timed out", method="POST", path="/lxc$")
    result = site.good(**SMALL)
    assert result["created"] and site.server.node.guests.ids() == [100] and len(result["writes"]) == 2


def test_a_change_whose_answer_was_lost_is_not_sent_again(site):
    """gateway-021 to -024: the new volume was made after the 596."""
    site.good(**site.kafka())
    site.faults.add("lost", status=596, method="PUT", path="/config$")
    more = [MOUNT, {"id": "mp1", "storage": "lab", "size_gib": 1, "path": "/slow"}]
    result = site.good(vmid=109, mounts=more)
    assert result["changed"] and result["writes"] == [("PUT", BASE + "/config")]
    assert kinds(result) == ["config"] and not any(key.startswith("unused") for key in site.config())


@pytest.mark.parametrize("path, params, kind", [
    ("/resize$", {"rootfs": {"size_gib": 5}}, "resize"), ("/status/start$", {"state": "started"}, "start"), ("/lxc/109$", {"state": "absent"}, "109")])
def test_other_calls_whose_answer_was_lost(site, path, params, kind):
    site.good(**site.kafka())
    site.faults.add("lost", status=596, path=path)
    result = site.good(vmid=109, **params)
    assert result["changed"] and kinds(result) == [kind] and len(result["writes"]) == 1


def test_a_restart_whose_answer_was_lost_is_not_done_twice(site):
    site.good(**site.kafka(state="started"))
    began = site.server.backend.pids[109]
    site.server.backend.pids[109] = (began[0], began[1] - 100)
    site.faults.add("lost", status=596, path="/status/reboot$")
    result = site.good(vmid=109, state="restarted")
    assert result["writes"] == [("POST", BASE + "/status/reboot")] and result["status"] == "running"


def test_a_change_by_somebody_else_is_read_again(site):
    site.good(**site.kafka())
    site.faults.add("error", status=500, reason="detected modified configuration - file changed by other user? Try again.", path="/config$", method="PUT")
    assert site.good(vmid=109, memory=2048)["changed"] and site.config()["memory"] == "2048"


def test_the_digest_is_sent(site):
    """A digest that is not that of the file is refused by the server; so the one that is read is the one that is sent."""
    site.good(**site.kafka())
    assert site.good(vmid=109, memory=2048)["changed"]
    load = site.server.node.guests.load
    conf = load(109)
    conf.current["cores"] = "1"
    site.server.node.guests.save(109, conf)
    assert site.good(vmid=109, memory=1024)["changed"]


@pytest.mark.parametrize("kind", ["locked", "timeout"])
def test_locks_are_waited_for(site, kind):
    site.good(**site.kafka())
    site.faults.add(kind, lock="backup", times=3)
    assert site.good(vmid=109, memory=2048, state="started")["status"] == "running" and site.config()["memory"] == "2048"


def test_a_visible_lock_is_waited_for_without_a_task(site, monkeypatch):
    """Each task that meets a lock fails, and is a line in the node's list."""
    site.good(**site.kafka())
    conf = site.server.node.guests.load(109)
    conf.current["lock"] = "backup"
    site.server.node.guests.save(109, conf)
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 5:
            del conf.current["lock"]
            site.server.node.guests.save(109, conf)
    monkeypatch.setattr(pve_client.Client, "sleep", staticmethod(sleep))
    result = site.good(vmid=109, state="started")
    assert [task["type"] for task in result["tasks"]] == ["vzstart"] and len(result["writes"]) == 1 and looks[:5] == sorted(looks[:5])


def test_tasks_that_meet_a_lock_are_tried_ever_more_seldom(site, monkeypatch):
    site.good(**site.kafka())
    site.faults.add("fail", type="vzstart", text="CT is locked (backup)", times=50)
    now = [0.0]
    monkeypatch.setattr(pve_client.Client, "sleep", staticmethod(lambda seconds: now.__setitem__(0, now[0] + seconds)))
    monkeypatch.setattr(pve_client.Client, "clock", staticmethod(lambda: now[0]))
    result = site.bad(vmid=109, state="started", lock_timeout=60)
    assert "CT is locked (backup)" in result["msg"] and len(result["writes"]) <= 9


def test_a_lock_that_stays_is_told(site):
    site.good(**site.kafka())
    conf = site.server.node.guests.load(109)
    conf.current["lock"] = "backup"
    site.server.node.guests.save(109, conf)
    result = site.bad(vmid=109, memory=2048, lock_timeout=0)
    assert "CT is locked (backup)" in result["msg"] and "pct unlock" in result["hint"]
    result = site.bad(vmid=109, state="started", lock_timeout=0)
    assert "CT is locked (backup)" in result["msg"] and result["log"]


# Rights

NONE = "nobody@pve!none"


def test_a_token_without_rights_is_told_path_and_privilege(site):
    result = site.ct(auth=site.token_auth(NONE, rights=None), **site.kafka(state="started"))
    assert result["failed"] and result["writes"] == []
    for need in ("VM.Allocate on /vms/109", "VM.Config.Network on /vms/109", "Datastore.AllocateSpace on /storage/lab", "VM.PowerMgmt on /vms/109"):
        assert need in result["msg"]


def test_a_token_with_privilege_separation_starts_with_nothing(site):
    result = site.ct(auth=site.token_auth("lakehouse@pve!sep", privsep=True), **site.kafka())
    assert "VM.Allocate on /vms/109" in result["msg"] and "lakehouse@pve!sep" in result["msg"] and result["writes"] == []


def test_only_the_missing_privilege_is_named(site):
    site.good(**site.kafka(state="started"))
    rights = {"/vms": "VM.Audit VM.Config.Memory"}
    auth = site.token_auth("some@pve!few", rights=rights)
    assert site.ct(auth=auth, vmid=109, memory=2048)["changed"]
    result = site.ct(auth=auth, vmid=109, memory=3072, tags=["x"])
    assert "lacks privileges: VM.Config.Options on /vms/109;" in result["msg"] and result["writes"] == []
    result = site.ct(auth=auth, vmid=109, mounts=[{"id": "mp5", "storage": "lab", "size_gib": 1, "path": "/x"}], rootfs={"size_gib": 9}, state="stopped")
    for need in ("VM.Config.Disk on /vms/109", "Datastore.AllocateSpace on /storage/lab", "VM.PowerMgmt on /vms/109"):
        assert need in result["msg"]


def test_rights_of_a_pool_suffice_to_create_in_it(site):
    site.pool("lake")
    auth = site.token_auth("some@pve!pool", rights={
        "/pool/lake": "VM.Allocate VM.Audit VM.Config.CPU VM.Config.Disk VM.Config.Memory VM.Config.Network VM.Config.Options",
        "/storage": "Datastore.AllocateSpace", "/sdn/zones/localnetwork": "SDN.Use"})
    result = site.ct(auth=auth, **site.kafka(pool="lake"))
    assert not result.get("failed"), result
    assert site.ct(auth=auth, **site.kafka(pool="lake"))["writes"] == []


PLACES = {
    "no right on the bridge": ({"/sdn/zones/localnetwork": ""}, {}, "bridge vmbr0 is not on node pve, or {0} lacks SDN.Use on it (/sdn/zones/local"),
    "the bridge may only be seen": ({"/sdn/zones/localnetwork": "SDN.Audit"}, {}, "{0} lacks SDN.Use on /sdn/zones/localnetwork/vmbr0"),
    "no such bridge": ({}, {"networks": [{"id": "net0", "bridge": "vmbr9"}]}, "bridge vmbr9 is not on node pve, which has vmbr0"),
    "no such storage": ({}, {"rootfs": {"storage": "hdd", "size_gib": 4}}, "storage hdd is not on node pve, which has lab, local, norootdir"),
    "no right on the storage": ({"/storage": "", "/storage/local": "Datastore.AllocateSpace"}, {}, "lacks privileges: Datastore.AllocateSpace on /storage/lab"),
    "a storage without rootdir": ({}, {"rootfs": {"storage": "norootdir", "size_gib": 4}}, "storage norootdir does not take containers"),
    "no such template": ({}, {"ostemplate": "local:vztmpl/no.tar.zst"}, "template local:vztmpl/no.tar.zst is not on node pve, which has local:vztmpl/debian"),
    "no right on the template": ({"/storage": "", "/storage/lab": "Datastore.AllocateSpace"}, {},
                                 "Datastore.AllocateSpace or Datastore.Audit on /storage/local"),
    "no right on the number": ({"/vms": "", "/vms/110": "VM.Allocate"}, {}, "VM.Allocate on /vms/109"),
    "made, and lost from sight": ({"/vms": "VM.Allocate VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.Options "
                                           "VM.PowerMgmt"}, {}, "lacks privileges: VM.Audit on /vms/109;"),
}


@pytest.mark.parametrize("name", sorted(PLACES))
def test_what_the_node_or_the_token_lacks_is_named_before_the_first_write(site, name):
    rights, params, words = PLACES[name]
    site.server.node.storage.config["norootdir"] = {"type": "dir", "path": "/x", "content": "images"}
    site.server.grant("lakehouse@pve", rights)
    for check in (True, False):
        result = site.ct(check=check, **site.kafka(state="started", **params))
        assert result["failed"] and words.format("lakehouse@pve!provision") in result["msg"] and result["writes"] == [], result["msg"]


def test_growing_needs_options_and_the_storage(site):
    site.good(**site.kafka())
    auth = site.token_auth("some@pve!disk", rights={"/vms": "VM.Audit VM.Config.Disk"})
    result = site.ct(auth=auth, check=True, vmid=109, mounts=[dict(MOUNT, size_gib=3)])
    assert "Datastore.AllocateSpace on /storage/lab, VM.Config.Options on /vms/109" in result["msg"]
    site.server.grant("some@pve", {"/vms": "VM.Audit VM.Config.Disk VM.Config.Options", "/storage/lab": "Datastore.AllocateSpace"})
    assert site.ct(auth=auth, vmid=109, mounts=[dict(MOUNT, size_gib=3)])["changed"]


@pytest.mark.parametrize("held, wanted, refused", [
    ("keyctl=1", {}, "features.keyctl"), ("keyctl=0,nesting=1", {}, "features.keyctl"), ("nesting=1", {}, ""),
    ("mount=nfs;cifs", {"nesting": True, "mount": ["cifs", "nfs"]}, ""), ("keyctl=0", {"nesting": True}, ""),
    ("mount=nfs;cifs", {"nesting": True, "mount": ["nfs"]}, "features.mount"), ("mount=nfs;cifs", {"nesting": True}, "features.mount")])
def test_features_that_are_roots_are_foreseen(site, held, wanted, refused):
    site.server.create(109, hostname="kafka", features=held)
    for check in (True, False):
        result = site.ct(check=check, vmid=109, features=wanted)
        assert (refused + ": only root@pam" in result["msg"] and result["writes"] == []) if refused else (result["changed"] and not result.get("failed"))


def test_a_token_is_told_why_a_tag_is_refused(site):
    site.good(**site.kafka())
    site.server.node.options["registered-tags"] = "golden"
    result = site.bad(**site.kafka(tags=["golden"]))
    assert result["hint"].startswith("the datacenter's options reserve the tag golden")


def test_a_missing_pool_is_told(site):
    result = site.bad(**site.kafka(pool="nope"))
    assert "pool 'nope' does not exist" in result["msg"] and result["hint"].startswith("make the pool nope")


def test_absent_and_invisible_are_not_the_same(site):
    site.server.create(109, hostname="kafka")
    auth = site.token_auth(NONE, rights=None)
    result = site.ct(auth=auth, vmid=109, state="absent", force=True)
    assert result["failed"] and "VM.Audit on /vms/109" in result["msg"]
    assert not site.ct(auth=auth, vmid=110, state="absent")["changed"]


@pytest.mark.parametrize("params, what", [
    ({"features": {"nesting": True, "keyctl": True}}, "features.keyctl"),
    ({"mounts": [{"id": "mp0", "host_path": "/srv", "path": "/x"}]}, "mounts[id=mp0].host_path")])
def test_what_is_kept_for_root_is_refused_to_tokens_and_allowed_to_root(site, params, what):
    result = site.bad(**site.kafka(**params))
    assert what in result["msg"] and "root@pam" in result["msg"] and result["writes"] == []
    result = site.ct(auth=site.token_auth("root@pam!r0", rights=None), **site.kafka(**params))
    assert what in result["msg"] and result["writes"] == []
    assert not site.ct(auth=site.root_auth(), **site.kafka(**params)).get("failed")
    assert site.good(**site.kafka(**params))["writes"] == []


# Pools

def test_pools(site):
    site.pool("lake")
    site.pool("spare")
    site.good(**site.kafka(pool="lake"))
    assert site.good(**site.kafka(pool="lake"))["writes"] == []
    result = site.good(**site.kafka(pool="spare"))
    assert result["writes"] == [] and "stays in pool 'lake'" in warnings(result)
    assert site.good(**site.kafka(pool="spare", pool_move=True))["writes"] == [("PUT", "/pools")]
    assert site.good(**site.kafka(pool="spare"))["writes"] == []


def test_a_pool_whose_answer_was_lost(site):
    site.pool("lake")
    site.good(**site.kafka())
    site.faults.add("lost", status=596, path="/pools$")
    assert site.good(**site.kafka(pool="lake"))["writes"] == [("PUT", "/pools")]


# Refusals before the first write

def test_mistakes_are_told_without_a_connection(site):
    result = site.bad(**site.kafka(hostname="db_hive", memory=1))
    assert "db_hive" in result["msg"] and "memory" in result["msg"] and result["requests"] == []


def test_a_number_of_a_virtual_machine_is_refused(site, monkeypatch):
    from lab.pve.api import cluster
    real = cluster.broadcast_entry
    monkeypatch.setattr(cluster, "broadcast_entry", lambda node, vmid: dict(real(node, vmid), type="qemu"))
    site.server.create(109, hostname="kafka")
    assert "is a virtual machine" in site.bad(vmid=109)["msg"]


def test_the_container_is_not_recreated_when_its_storage_differs(site):
    site.good(**site.kafka())
    result = site.bad(**site.kafka(rootfs={"storage": "local", "size_gib": 4}))
    assert "move_volume" in result["msg"] and result["writes"] == []


# The host keys that a container was made with

KEYS = ["SHA256:" + letter * 43 for letter in "ab"]


def test_the_host_keys_of_the_creation_are_told_by_every_run(site):
    """Real log lines are in create-040: the fingerprints stand there, and the log stays when the run is gone."""
    site.server.backend.host_keys = KEYS[:1]
    assert site.good(**site.kafka())["host_keys"] == KEYS[:1]
    assert site.good(**site.kafka(state="started", memory=2048))["host_keys"] == KEYS[:1]
    site.good(vmid=109, state="absent", force=True)
    site.server.backend.host_keys = KEYS[1:]
    site.faults.add("fail", type="vzstart", text="no start")
    assert site.bad(**site.kafka(state="started"))["changed"]
    assert site.good(**site.kafka(state="started"))["host_keys"] == KEYS[1:]


def test_host_keys_that_are_not_to_be_known(site):
    site.server.create(109, hostname="kafka")
    assert site.good(vmid=109)["host_keys"] == []                       # made by somebody else, long ago
    site.server.backend.host_keys = KEYS
    site.good(**dict(SMALL, hostname="own", vmid=110))
    assert site.good(vmid=110)["host_keys"] == KEYS
    other = site.token_auth("other@pve!two", rights={"/vms": "VM.Audit"})
    assert site.ct(auth=other, vmid=110)["host_keys"] == []             # another token's task is hidden without Sys.Audit
    site.server.grant("other@pve", {"/nodes/pve": "Sys.Audit"})
    assert site.ct(auth=other, vmid=110)["host_keys"] == KEYS
