# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxmox_ct_snapshot against the lab's API; what is in the volumes proves that a roll-back is one."""

from __future__ import annotations

import pytest

BASE = "/nodes/pve/lxc/109"


@pytest.fixture
def kafka(site):
    site.server.create(109, hostname="kafka", start=True)
    return site


def snapshot(site, **params):
    return site.run("proxmox_ct_snapshot", **dict({"vmid": 109, "name": "before"}, **params))


def files(site):
    return site.server.backend.content["lab:subvol-109-disk-0"]


def test_make_and_remove(kafka):
    foretold = snapshot(kafka, check=True)
    assert foretold["changed"] and foretold["writes"] == [] and foretold["snapshots"] == []
    result = snapshot(kafka, description="Kafka 3.9\n")
    assert result["writes"] == [("POST", BASE + "/snapshot")] and result["changes"] == foretold["changes"]
    assert [(made["name"], made["description"]) for made in result["snapshots"]] == [("before", "Kafka 3.9")]
    assert result["diff"] == {"before": {"snapshots": []}, "after": {"snapshots": ["before"]}}
    for again in (snapshot(kafka), snapshot(kafka, description="Kafka 3.9")):
        assert not again["changed"] and again["writes"] == []
    assert snapshot(kafka, description="other")["writes"] == [("PUT", BASE + "/snapshot/before/config")]
    assert snapshot(kafka, description="other")["writes"] == []
    result = snapshot(kafka, hostname="kafka", state="absent")
    assert result["changed"] and result["snapshots"] == []
    assert snapshot(kafka, state="absent")["writes"] == []


@pytest.mark.parametrize("running, start, after, calls", [
    (True, None, "running", 2), (True, False, "stopped", 1), (False, None, "stopped", 1), (False, True, "running", 2)])
def test_rolling_back(kafka, running, start, after, calls):
    if not running:
        kafka.server.backend.stop(None, 109)
    files(kafka)["/data"] = "old"
    snapshot(kafka)
    files(kafka)["/data"] = "new"
    wanted = {} if start is None else {"start": start}
    foretold = snapshot(kafka, state="rolled_back", check=True, **wanted)
    assert foretold["changed"] and foretold["writes"] == [] and files(kafka)["/data"] == "new"
    result = snapshot(kafka, state="rolled_back", **wanted)
    assert files(kafka)["/data"] == "old" and result["status"] == after
    assert len(result["writes"]) == calls and result["changes"] == foretold["changes"]


def test_rolling_back_to_nowhere(kafka):
    snapshot(kafka, name="one")
    result = snapshot(kafka, name="two", state="rolled_back")
    assert result["failed"] and "it has one" in result["msg"] and result["writes"] == []


def test_rolling_back_is_never_tried_twice(kafka):
    snapshot(kafka)
    kafka.faults.add("lost", status=596, path="/rollback$")
    result = snapshot(kafka, state="rolled_back")
    assert result["failed"] and "may or may not" in result["msg"] and len(result["writes"]) == 1


def test_a_snapshot_whose_answer_was_lost(kafka):
    kafka.faults.add("lost", status=596, path="/snapshot$")
    result = snapshot(kafka)
    assert result["changed"] and len(result["writes"]) == 1 and result["snapshots"][0]["name"] == "before"


@pytest.mark.parametrize("name", ["current", "vzdump", "x", "1st", "a b", "a" * 41])
def test_illegal_names(kafka, name):
    result = snapshot(kafka, name=name)
    assert result["failed"] and "can not be the name of a snapshot" in result["msg"] and result["requests"] == []


def test_a_storage_that_can_not(site):
    site.server.create(109, hostname="kafka", storage="local")
    result = snapshot(site)
    assert result["failed"] and "storage without snapshots" in result["msg"] and result["writes"] == []


def test_no_such_container(site):
    assert "there is no container 109" in snapshot(site)["msg"]
    assert "there is no container kafka" in snapshot(site, vmid=None, hostname="kafka")["msg"]


def test_a_number_of_another_container(kafka):
    assert "belongs to the container 'kafka', not to 'trino'" in snapshot(kafka, hostname="trino")["msg"]


def test_found_by_name(kafka):
    assert snapshot(kafka, vmid=None, hostname="kafka")["vmid"] == 109


def test_missing_rights_are_named(kafka):
    auth = kafka.token_auth("some@pve!few", rights={"/vms": "VM.Audit"})
    result = snapshot(kafka, auth=auth)
    assert result["failed"] and "VM.Snapshot on /vms/109" in result["msg"] and result["writes"] == []


def test_a_failed_task_tells_its_log(kafka):
    kafka.faults.add("fail", type="vzsnapshot", text="no space left")
    result = snapshot(kafka)
    assert result["failed"] and result["exitstatus"] == "no space left" and result["log"][-1] == "TASK ERROR: no space left"


def test_a_locked_container_is_waited_for(kafka):
    kafka.faults.add("locked", lock="backup", times=2)
    assert snapshot(kafka)["changed"]
