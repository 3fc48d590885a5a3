# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the lab's API that need no server: files, property strings, rights, limits, LXC's configuration."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from lab.pve import ctparams, formats, guestconf, normalise, sizes
from lab.pve.access import Access
from lab.pve.backends import cgroups, lxcconfig, rootfs
from lab.pve.errors import Die, Forbidden
from lab.pve.files import Files
from lab.pve.schema import PropertyString, boolean, integer, string

# ---- the configuration file

FULL = guestconf.Section({"hostname": "kafka", "memory": "512", "description": "a\n\n100% # ü\n", "rootfs": "lab:x,size=1G"})
lines = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), max_size=40)


def test_a_file_survives_printing_and_parsing():
    conf = guestconf.GuestConf()
    conf.current.update(FULL)
    conf.pending["nameserver"] = "192.0.2.1"
    conf.delete["cores"] = False
    conf.snapshots["s1"] = guestconf.Section({"memory": "256", "snaptime": "1", "description": "x\n"})
    conf.raw_lxc.append(("lxc.environment", "A=b"))
    again = guestconf.parse(conf.text())
    assert (again.current, again.pending, again.delete, again.snapshots) == (
        conf.current, conf.pending, conf.delete, conf.snapshots)
    assert again.raw_lxc == conf.raw_lxc and again.digest == conf.digest


@given(st.lists(lines, min_size=1, max_size=5))
def test_any_description_survives(text):
    conf = guestconf.GuestConf()
    conf.current["description"] = "\n".join(text).rstrip("\n") + "\n"
    if conf.current["description"] == "\n":
        return
    assert guestconf.parse(conf.text()).current["description"] == conf.current["description"]


def test_the_pending_view_is_what_the_next_start_brings():
    conf = guestconf.GuestConf()
    conf.current.update(memory="512", cores="1", tags="a")
    conf.pending.update(memory="1024")
    conf.delete["cores"] = False
    assert conf.effective() == {"memory": "1024", "tags": "a"}


def test_numbers_are_numbers_and_the_rest_is_text():
    shown = guestconf.visible({"memory": "512", "onboot": "0", "cpulimit": "1.50", "tags": "1"})
    assert shown == {"memory": 512, "onboot": 0, "cpulimit": "1.50", "tags": "1"}


# ---- values

@pytest.mark.parametrize(("size", "text"), [(1 << 40, "1T"), (1 << 29, "512M"), (0, "0T"), (8 << 30, "8G"), (1000, "1000")])
def test_sizes_print_in_the_largest_exact_unit(size, text):
    assert sizes.show(size) == text and sizes.parse(text) == size


def test_a_net_gets_type_and_mac_once():
    text = normalise.net("ip=dhcp,bridge=vmbr0,name=eth0")
    assert text.startswith("name=eth0,bridge=vmbr0,hwaddr=BC:24:11:") and text.endswith(",ip=dhcp,type=veth")
    assert normalise.net(text) == text


def test_tags_follow_the_style_of_the_datacenter():
    assert normalise.tags("Zeta,alpha;alpha Beta", {}) == "alpha;beta;zeta"
    assert normalise.tags("Zeta;alpha;zeta", {"tag-style": "case-sensitive=1,ordering=config"}) == "Zeta;alpha;zeta"


@pytest.mark.parametrize("wrong", ["a=1,a=2", "a=1,x=1", "1,2", "a", "a=x", "=1"])
def test_wrong_property_strings_are_refused(wrong):
    with pytest.raises(formats.Invalid):
        PropertyString({"a": integer(), "b": boolean()}).parse(wrong)


def test_words_for_booleans_pass_inside_property_strings_only():
    assert ctparams.FEATURES.parse("nesting=true,fuse=off") == {"nesting": "1", "fuse": "0"}
    assert boolean().problem("true") and string().problem("true") is None


@pytest.mark.parametrize("value", ["01:00:5E:00:00:01", "BC:24:11:00:00", "xx:24:11:00:00:01"])
def test_only_unicast_mac_addresses(value):
    with pytest.raises(formats.Invalid):
        formats.mac(value)


# ---- rights

@pytest.fixture
def access():
    made = Access(Files(), lambda path: "lake" if path == "/vms/117" else None)
    made.add_user("a@pve")
    made.add_token("a@pve", "full", privsep=False)
    made.add_token("a@pve", "sep", privsep=True)
    return made


def test_deeper_entries_replace_inherited_ones(access):
    access.grant("/", "a@pve", "PVEAuditor")
    access.grant("/vms/7", "a@pve", "NoAccess")
    assert access.allowed("a@pve", "/vms/8", "VM.Audit") and not access.allowed("a@pve", "/vms/7", "VM.Audit")


def test_without_propagation_only_the_path_itself(access):
    access.grant("/vms", "a@pve", "PVEVMUser", propagate=0)
    assert access.allowed("a@pve", "/vms", "VM.Audit") and not access.allowed("a@pve", "/vms/7", "VM.Audit")


def test_a_separated_token_has_what_both_have(access):
    access.grant("/vms", "a@pve", "PVEVMUser")
    assert access.allowed("a@pve!full", "/vms/7", "VM.PowerMgmt")
    assert not access.rights("a@pve!sep", "/vms/7")
    access.grant("/", "a@pve!sep", "PVEAuditor", kind="token")
    assert access.rights("a@pve!sep", "/vms/7") == {"VM.Audit"}


def test_a_pool_gives_rights_on_its_members(access):
    access.grant("/pool/lake", "a@pve", "PVEVMUser")
    assert access.allowed("a@pve", "/vms/117", "VM.PowerMgmt") and not access.allowed("a@pve", "/vms/118", "VM.PowerMgmt")


def test_a_refusal_names_path_and_privilege(access):
    with pytest.raises(Forbidden, match=r"\(/vms/7, VM.Audit\|VM.Backup\)"):
        access.require("a@pve", "/vms/7", "VM.Audit", "VM.Backup", any_of=True)


def test_rights_survive_the_server(tmp_path):
    first = Access(Files(tmp_path), lambda path: None)
    first.add_user("a@pve")
    secret = first.add_token("a@pve", "t")
    again = Access(Files(tmp_path), lambda path: None)
    assert again.token_fits("a@pve!t", secret) and not again.token_fits("a@pve!t", "x")
    assert (tmp_path / "access.json").stat().st_mode & 0o077 == 0


# ---- what LXC gets

CONF = guestconf.Section({
    "arch": "amd64", "hostname": "kafka.gti.local", "unprivileged": "1", "memory": "1024", "swap": "0", "cores": "1",
    "rootfs": "lab:subvol-117-disk-0,size=8G", "mp0": "lab:subvol-117-disk-1,mp=/var/lib/kafka,ro=1,size=1G",
    "net0": "name=eth0,bridge=gtilab0,gw=10.0.0.1,hwaddr=BC:24:11:00:00:01,ip=10.0.0.34/24,type=veth"})


@pytest.fixture
def volume(tmp_path):
    for name in ("subvol-117-disk-0", "subvol-117-disk-1"):
        (tmp_path / name).mkdir()
    return lambda volid: tmp_path / volid.partition(":")[2]


@pytest.mark.parametrize(("v2", "expected"), [
    (False, ["lxc.cgroup.memory.limit_in_bytes = 1073741824", "lxc.cgroup.cpu.cfs_quota_us = 150000"]),
    (True, ["lxc.cgroup2.memory.max = 1073741824", "lxc.cgroup2.memory.swap.max = 0", "lxc.cgroup2.cpu.max = 150000 100000"]),
])
def test_the_configuration_for_lxc(volume, tmp_path, monkeypatch, v2, expected):
    monkeypatch.setattr(cgroups, "is_v2", lambda: v2)
    text = lxcconfig.render(117, {**CONF, "cpulimit": "1.5"}, volume, tmp_path, [1])
    for line in [*expected, "lxc.idmap = u 0 100000 65536", "lxc.uts.name = kafka", "lxc.net.0.veth.pair = veth117i0",
                 "lxc.net.0.link = gtilab0", "lxc.net.0.ipv4.address = 10.0.0.34/24", "lxc.net.0.ipv4.gateway = 10.0.0.1"]:
        assert line in text.splitlines()
    assert "var/lib/kafka none bind,create=dir,ro 0 0" in text and "cpuset.cpus = 1" in text


@pytest.mark.parametrize("wrong", [{"unprivileged": "0"}, {"mp0": "/srv,mp=/x"}, {"mp0": "lab:subvol-117-disk-9,mp=/x"}])
def test_what_the_lab_will_not_start(volume, tmp_path, wrong):
    with pytest.raises(Die):
        lxcconfig.render(117, {**CONF, **wrong}, volume, tmp_path, None)


def test_cpus_are_spread(monkeypatch):
    monkeypatch.setattr(cgroups.os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3})
    assert cgroups.choose_cpus(2, [[0, 1]]) == [2, 3]
    assert cgroups.choose_cpus(1, [[0], [1], [2]]) == [3]
    assert cgroups.choose_cpus(4, []) is None and cgroups.choose_cpus(None, []) is None


def test_a_crypt_hash_is_taken_as_it_is():
    assert rootfs.crypted("$6$salt$hash") == "$6$salt$hash"
    assert rootfs.crypted("clear text").startswith("$6$")
