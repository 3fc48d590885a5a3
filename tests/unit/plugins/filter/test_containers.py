# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How containers are declared: every form of value that YAML gives, and keys that would do nothing."""
from __future__ import annotations

import datetime
import pathlib

import pytest
import yaml

from ansible_collections.gti.lakehouse.plugins.filter.containers import CONTAINER, MOUNT, ct_problems, ct_room

ROOT = pathlib.Path(__file__).parents[4]
DEFAULTS = {"ostemplate": "local:vztmpl/x.tar.zst", "storage": "lab", "bridge": "vmbr0", "gateway": "192.0.2.1", "prefix": 24, "nameservers": [],
            "cores": 2, "memory": 2048, "swap": 0, "rootfs_gib": 20, "mounts": [], "tags": ["lakehouse"]}
OWN = {"vmid": 107, "order": 1}
DATA = {"id": "mp0", "path": "/data", "size_gib": 20}


def test_a_container_as_it_should_be():
    assert ct_problems(dict(OWN, pool="lake", mounts=[dict(DATA, storage="hdd", backup=False, options=["noatime"])]), DEFAULTS) == []
    assert ct_problems(dict(OWN, vmid="107", memory="4096", rootfs_gib="20.5", mounts=[dict(DATA, size_gib="5")]), DEFAULTS) == []


@pytest.mark.parametrize("key, words", [
    ("ram", "lakehouse_ct.ram is not known; did you mean memory."), ("disk", "did you mean rootfs_gib."), ("tag", "did you mean tags."),
    ("memroy", "did you mean memory."), ("node", "lakehouse_ct.node is not known; "), ("xyzzy", "there are bridge, cores, gateway, memory, ")])
def test_a_key_that_would_do_nothing_is_refused_with_the_nearest(key, words):
    assert any(words in problem for problem in ct_problems(dict(OWN, **{key: 7}), DEFAULTS))
    assert any(words.replace("lakehouse_ct.", "lakehouse_ct_defaults.") in problem for problem in ct_problems(OWN, dict(DEFAULTS, **{key: 7})))


@pytest.mark.parametrize("mount, words", [
    (dict(DATA, host_path="/srv"), "lakehouse_ct.mounts[0].host_path: a folder of the node cannot be mounted"),
    (dict(DATA, size=5), "lakehouse_ct.mounts[0].size is not known; did you mean size_gib."), (dict(DATA, storge="hdd"), "did you mean storage."),
    ({"id": "mp0", "path": "/data"}, "lakehouse_ct.mounts[0].size_gib is not given."), ("/data", 'lakehouse_ct.mounts[0] is the text "/data"'),
    (dict(DATA, size_gib="20G"), 'lakehouse_ct.mounts[0].size_gib is the text "20G"; it must be a number of GiB'),
    (dict(DATA, storage=None), "lakehouse_ct.mounts[0].storage is empty"), (dict(DATA, backup="maybe"), "must be true or false")])
def test_mounts(mount, words):
    assert any(words in problem for problem in ct_problems(dict(OWN, mounts=[mount]), DEFAULTS))


FORMS = {"empty": None, "the truth value true": True, "the number 7.5": 7.5, "the number -1": -1, "the date 2026-01-02": datetime.date(2026, 1, 2),
         'the text "a,b"': "a,b", 'the text ""': "", "a list": [1], "a mapping": {"a": 1}}


@pytest.mark.parametrize("shown", sorted(FORMS))
@pytest.mark.parametrize("name", sorted(CONTAINER))
def test_each_key_in_each_form_is_taken_or_named(name, shown):
    problems = ct_problems(dict(OWN, **{name: FORMS[shown]}), DEFAULTS)
    taken = {"rootfs_gib": [7.5], **dict.fromkeys(("ostemplate", "storage", "pool", "bridge"), ["a,b"])}
    assert [problem for problem in problems if "lakehouse_ct.%s" % name in problem] or FORMS[shown] in taken.get(name, [])
    assert name == "mounts" or not problems or shown in problems[0]


@pytest.mark.parametrize("shown", sorted(FORMS))
def test_the_whole_in_each_form(shown):
    for where, problems in (("lakehouse_ct", ct_problems(FORMS[shown], DEFAULTS)), ("lakehouse_ct_defaults", ct_problems(OWN, FORMS[shown]))):
        assert problems and problems[0].startswith(where + (" is " + shown if shown != "a mapping" else ".a is not known"))


def test_what_is_missing_is_named():
    assert ct_problems({"vmid": 107}, DEFAULTS) == ["order is not given; set it in lakehouse_ct or lakehouse_ct_defaults."]


@pytest.mark.parametrize("hosts", sorted(ROOT.glob("inventories/*/hosts.yml")) + sorted(ROOT.glob("molecule/*/inventory/hosts.yml")), ids=str)
def test_every_inventory_that_is_shipped_passes(hosts):
    found = []

    def look(node):
        if isinstance(node, dict):
            found.extend([node["lakehouse_ct"]] if "lakehouse_ct" in node else [])
            for value in node.values():
                look(value)
    look(yaml.safe_load(hosts.read_text(encoding="utf-8")))
    assert all(ct_problems(own, DEFAULTS) == [] for own in found)


def test_the_shipped_defaults_are_the_keys_that_are_known():
    shipped = yaml.safe_load((ROOT / "group_vars/all/provision.yml").read_text(encoding="utf-8"))["lakehouse_ct_defaults"]
    assert set(shipped) <= set(CONTAINER) and {"vmid", "order", "pool"} == set(CONTAINER) - set(shipped)


def test_every_key_of_a_mount_is_one_of_the_module():
    from ansible_collections.gti.lakehouse.plugins.modules.proxmox_ct import argument_spec
    assert set(MOUNT) == set(argument_spec()["mounts"]["options"]) - {"host_path"}


def test_room_is_counted_by_storage():
    storages = [{"storage": "lab", "avail": 30 << 30}, {"storage": "hdd", "avail": 99 << 30}]
    big = dict(DEFAULTS, mounts=[dict(DATA, size_gib="60", storage="hdd"), dict(DATA, size_gib=40, storage="hdd"), dict(DATA, storage="elsewhere")])
    assert ct_room([DEFAULTS], storages) == []
    assert ct_room([big, DEFAULTS], storages) == [
        "The storage hdd has 99 GiB free; the containers still to be made want 100 GiB on it. Make them smaller, or free some.",
        "The storage lab has 30 GiB free; the containers still to be made want 40 GiB on it. Make them smaller, or free some."]
