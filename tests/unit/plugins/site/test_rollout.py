# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import threading

import pytest
import yaml

from ansible_collections.gti.lakehouse.plugins.module_utils.site import rollout

ROOT = pathlib.Path(__file__).resolve().parents[4]
GROUPS = {"minio": ["m"], "kafka": ["k1", "k2"], "spark": ["s"], "airflow": ["a"], "superset": ["u"], "gitea": []}
COMPONENTS = {"minio": None, "kafka": {"rolling": True}, "streams": {"groups": ["spark", "kafka"]},
              "flow": {"groups": ["airflow"], "only_with": ["gitea"]}, "copy": {"groups": ["airflow"], "wanted": False}, "airflow": {"roles": [{"name": "a"}]}}


def test_where_a_component_runs():
    assert rollout.hosts_of(COMPONENTS, "kafka", GROUPS) == ["k1", "k2"]
    assert rollout.hosts_of(COMPONENTS, "streams", GROUPS) == ["s", "k1", "k2"]
    assert rollout.hosts_of({"proof": {"groups": ["kafka"], "single": True}}, "proof", GROUPS) == ["k1"]
    assert rollout.hosts_of(COMPONENTS, "flow", GROUPS) == []
    assert rollout.hosts_of(COMPONENTS, "unknown", GROUPS) == []


def test_what_a_host_goes_through():
    assert [item["name"] for item in rollout.components_of(COMPONENTS, "k2", GROUPS)] == ["kafka", "streams"]
    assert rollout.components_of(COMPONENTS, "m", GROUPS) == [{"name": "minio", "host": "m", "roles": [{"name": "gti.lakehouse.minio"}]}]
    assert rollout.components_of(COMPONENTS, "a", GROUPS)[0]["roles"] == [{"name": "a"}]


@pytest.fixture
def marks(tmp_path):
    return rollout.Rollout(str(tmp_path))


def test_waits_until_all_have_ended(marks):
    marks.mark("minio", "m", rollout.DONE)
    marks.mark("kafka", "k1", rollout.BEGUN)
    threading.Timer(0.3, marks.mark, ("kafka", "k1", rollout.DONE)).start()
    assert marks.wait([("minio", "m"), ("kafka", "k1")], set(), 10) == []


@pytest.mark.parametrize("state", [rollout.FAILED, rollout.STOPPED])
def test_tells_what_did_not_end_well(marks, state):
    marks.mark("minio", "m", state, "a task")
    assert marks.wait([("minio", "m")], set(), 10) == [{"component": "minio", "host": "m", "state": state, "reason": "a task"}]


def test_does_not_wait_for_a_host_that_is_lost_nor_for_ever(marks):
    marks.mark("minio", "m", rollout.BEGUN)
    assert [mark["state"] for mark in marks.wait([("minio", "m"), ("kafka", "k1")], {"m", "k1"}, 10)] == [rollout.BEGUN, ""]
    assert [mark["host"] for mark in marks.wait([("minio", "m")], set(), 0)] == ["m"]


def test_stops_waiting_when_a_host_is_lost(marks):
    threading.Timer(0.3, marks.mark, (rollout.WHOLE, "m", rollout.LOST)).start()
    assert [mark["host"] for mark in marks.wait([("minio", "m")], set(), 10)] == ["m"]


def test_lists_all(marks):
    marks.mark("trino", "t", rollout.DONE)
    marks.mark("minio", "m", rollout.DONE)
    assert [mark["component"] for mark in marks.all()] == ["minio", "trino"]


def test_the_sites_components_wait_only_for_hosts_that_come_before_theirs_in_the_play():
    """Else a controller with few forks would wait for ever: host_pinned gives its forks to the first hosts, and keeps them there."""
    components = yaml.safe_load((ROOT / "group_vars/all/components.yml").read_text())["lakehouse_components"]
    plays = yaml.safe_load((ROOT / "playbooks/components.yml").read_text())
    (order,) = [play["hosts"].split(":") for play in plays if play["name"] == "Deploy the components"]
    names = list(components)
    for name, component in components.items():
        groups = component.get("groups", [name])
        assert set(groups) <= set(order), name
        for needed in component.get("needs", []) + component.get("beside", []):
            assert names.index(needed) < names.index(name), (name, needed)
        for needed in component.get("needs", []):
            needed_groups = components[needed].get("groups", [needed])
            assert max(map(order.index, needed_groups)) < min(map(order.index, groups)), (name, needed)


def test_each_component_has_its_role_and_its_playbook():
    components = yaml.safe_load((ROOT / "group_vars/all/components.yml").read_text())["lakehouse_components"]
    roles = {path.parent.parent.name for path in ROOT.glob("roles/*/tasks/validate.yml")} - {"mirror"}
    assert roles == set(components) | {"redis"} & roles
    assert all((ROOT / "playbooks" / (name + ".yml")).exists() for name in components)
