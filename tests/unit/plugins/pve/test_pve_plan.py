# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what is compared, what is sent, and what is refused before anything is sent."""

from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest, describe_config, parse_pending
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.plan import make_plan
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import parse_wish

CONFIG = {
    "hostname": "kafka", "cores": 2, "memory": 1024, "swap": 0, "onboot": 1, "unprivileged": 1, "ostype": "debian", "arch": "amd64",
    "description": "Events\n", "tags": "kafka;lake", "nameserver": "192.0.2.30 192.0.2.31", "searchdomain": "example.test",
    "features": "nesting=1", "startup": "order=2,up=10", "cpulimit": "1.5",
    "rootfs": "lab:subvol-109-disk-0,size=4G",
    "mp0": "lab:subvol-109-disk-1,mp=/data,backup=1,size=2G",
    "net0": "name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:08:BF:95,ip=192.0.2.109/24,type=veth",
}
SAME = {
    "hostname": "kafka", "cores": 2, "memory": 1024, "swap": 0, "onboot": True, "unprivileged": True, "ostype": "debian",
    "description": "Events", "tags": ["Lake", "kafka", "lake"], "nameservers": ["192.0.2.30", "192.0.2.31"], "searchdomains": ["example.test"],
    "features": {"nesting": True, "keyctl": False}, "startup": {"order": 2, "up": 10}, "cpulimit": 1.5,
    "rootfs": {"storage": "lab", "size_gib": 4.0},
    "mounts": [{"id": "mp0", "storage": "lab", "size_gib": 2.0, "path": "/data", "backup": True}],
    "networks": [{"id": "net0", "bridge": "vmbr0", "ip": "192.0.2.109/24", "gw": "192.0.2.1", "firewall": True}],
}
NETWORK = SAME["networks"][0]
MOUNT = SAME["mounts"][0]
CREATION = dict(SAME, ostemplate="local:vztmpl/debian.tar.zst")


def wish(state="present", **params):
    return parse_wish(dict({"state": state, "vmid": 109}, **params))


def guest(config=None, running=False, pending=(), pool="", **more):
    entries = [{"key": key, "value": value} for key, value in dict(CONFIG, **(config or {})).items() if value is not None]
    for entry in pending:
        entries = [old for old in entries if old["key"] != entry["key"]] + [entry]
    entries.append({"key": "digest", "value": "d1"})
    return Guest(
        vmid=109, node="pve", exists=True, status="running" if running else "stopped", pool=pool, **dict(parse_pending(entries), **more))


def plan(present, **params):
    return make_plan(wish(**params), present)


def sent(present, **params):
    """Kind and parameters of each step, the digest left out."""
    return [(step.kind, {key: value for key, value in step.params.items() if key != "digest"}) for step in plan(present, **params).steps]


def test_nothing_to_do_when_all_is_as_declared():
    made = plan(guest(), **SAME)
    assert made.steps == () and made.before == made.after and not made.restart_required


@pytest.mark.parametrize("params, expected", [
    ({"memory": 2048}, {"memory": 2048}),
    ({"memory": 512}, {"memory": 512}),
    ({"swap": 512}, {"swap": 512}),
    ({"cores": 4}, {"cores": 4}),
    ({"cores": 0}, {"delete": "cores"}),
    ({"cpulimit": 0.0}, {"delete": "cpulimit"}),
    ({"cpulimit": 2.0}, {"cpulimit": "2"}),
    ({"cpuunits": 200}, {"cpuunits": 200}),
    ({"onboot": False}, {"onboot": "0"}),
    ({"protection": True}, {"protection": "1"}),
    ({"description": ""}, {"delete": "description"}),
    ({"description": "New\nlines"}, {"description": "New\nlines"}),
    ({"tags": []}, {"delete": "tags"}),
    ({"tags": ["Zeta", "alpha"]}, {"tags": "alpha;zeta"}),
    ({"nameservers": ["192.0.2.31", "192.0.2.30"]}, {"nameserver": "192.0.2.31 192.0.2.30"}),
    ({"nameservers": [], "searchdomains": []}, {"delete": "nameserver,searchdomain"}),
    ({"timezone": "host"}, {"timezone": "host"}),
    ({"features": {}}, {"delete": "features"}),
    ({"features": {"nesting": True, "keyctl": True}}, {"features": "keyctl=1,nesting=1"}),
    ({"startup": {"order": 3}}, {"startup": "3"}),
    ({"startup": {}}, {"delete": "startup"}),
    ({"ostype": "ubuntu"}, {"ostype": "ubuntu"}),
])
def test_only_what_differs_is_written(params, expected):
    assert sent(guest(), **params) == [("config", expected)]


def test_a_changed_tag_leaves_the_network_card_alone():
    """Sending every option would rewrite net0 without its address, hence with a new one."""
    assert sent(guest(), tags=["other"], **{name: value for name, value in SAME.items() if name != "tags"}) == [("config", {"tags": "other"})]


@pytest.mark.parametrize("change, expected", [
    ({"firewall": False}, "name=eth0,bridge=vmbr0,gw=192.0.2.1,hwaddr=BC:24:11:08:BF:95,ip=192.0.2.109/24"),
    ({"gw": ""}, "name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:08:BF:95,ip=192.0.2.109/24"),
    ({"tag": 7}, "name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:08:BF:95,ip=192.0.2.109/24,tag=7"),
    ({"hwaddr": "bc:24:11:00:00:01"}, "name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:00:00:01,ip=192.0.2.109/24"),
])
def test_a_changed_or_removed_part_of_a_card_is_seen_and_its_address_kept(change, expected):
    assert sent(guest(), networks=[dict(NETWORK, **change)]) == [("config", {"net0": expected})]


def test_what_somebody_set_by_hand_stays_when_nothing_is_said_of_it():
    by_hand = guest({
        "net0": CONFIG["net0"].replace("type=veth", "link_down=1,mtu=1400,rate=5,tag=7,trunks=2;3,ip6=auto"),
        "mp0": "lab:subvol-109-disk-1,mp=/data,backup=1,acl=1,mountoptions=noatime,quota=1,replicate=0,ro=1,size=2G",
        "rootfs": "lab:subvol-109-disk-0,mountoptions=noatime,replicate=0,size=4G"})
    card = {"id": "net0", "bridge": "vmbr0", "ip": "192.0.2.109/24"}
    mount = {"id": "mp0", "path": "/data"}
    assert sent(by_hand, networks=[card], mounts=[mount], rootfs={"storage": "lab"}) == []
    taken = dict(card, firewall=False, link_down=False, mtu=0, rate=0.0, tag=0, trunks=[], ip6="", gw="")
    assert sent(by_hand, networks=[taken])[0][1]["net0"] == "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:08:BF:95,ip=192.0.2.109/24"
    assert sent(by_hand, mounts=[dict(mount, backup=False, options=[], quota=False, replicate=True, ro=False)])[0][1]["mp0"] == (
        "lab:subvol-109-disk-1,mp=/data,acl=1,size=2G")
    assert sent(guest({"net0": CONFIG["net0"].replace("eth0", "lan0")}), networks=[NETWORK]) == []


def test_a_gateway_that_stays_must_fit_the_new_address():
    with pytest.raises(PlanError, match="192.0.2.1 is outside the network of 198.51.100.9/24"):
        plan(guest(), networks=[{"id": "net0", "bridge": "vmbr0", "ip": "198.51.100.9/24"}])
    assert sent(guest(), networks=[{"id": "net0", "bridge": "vmbr0", "ip": "192.0.2.9/24"}])[0][1]["net0"].count("gw=192.0.2.1,") == 1


@pytest.mark.parametrize("held, wanted, expected", [
    ("mount=nfs;cifs", {"nesting": True, "mount": ["cifs", "nfs"]}, "mount=nfs;cifs,nesting=1"),
    ("keyctl=0", {"nesting": True}, "keyctl=0,nesting=1"),
    ("fuse=yes", {"nesting": True, "fuse": True}, "fuse=yes,nesting=1"),
    ("nesting=1,shiny=1", {"nesting": False}, "shiny=1"),
    ("mount=nfs;cifs", {"mount": ["nfs"]}, "mount=nfs"),
])
def test_a_feature_that_is_as_declared_keeps_its_text(held, wanted, expected):
    """Written otherwise, the server takes it for changed, and refuses that to all but root@pam."""
    assert sent(guest({"features": held}), features=wanted) == [("config", {"features": expected})]


def test_case_of_addresses_means_nothing():
    present = guest({"net0": CONFIG["net0"].replace("BC:24:11:08:BF:95", "bc:24:11:08:bf:95") + ",ip6=2001:DB8:0::1/64"})
    assert sent(present, networks=[dict(NETWORK, hwaddr="Bc:24:11:08:bF:95", ip6="2001:db8::1/64")]) == []


def test_unlisted_cards_and_mounts_stay_unless_purged():
    present = guest({"net1": "name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:00:01", "mp1": "lab:x,mp=/x,size=1G"})
    assert sent(present, networks=[NETWORK], mounts=[MOUNT]) == []
    assert sent(present, networks=[NETWORK], mounts=[MOUNT], purge_networks=True, purge_mounts=True) == [("config", {"delete": "mp1,net1"})]


def test_unknown_parts_of_a_newer_server_are_kept():
    present = guest({"net0": CONFIG["net0"] + ",shiny=1", "mp0": CONFIG["mp0"] + ",idmap=x"})
    assert sent(present, networks=[NETWORK], mounts=[MOUNT]) == []
    kind, params = sent(present, networks=[dict(NETWORK, tag=7)], mounts=[dict(MOUNT, ro=True)])[0]
    assert params["net0"].endswith(",shiny=1") and params["mp0"].endswith(",idmap=x")


def test_a_volume_is_written_with_its_own_name_and_size():
    assert sent(guest(), rootfs={"storage": "lab", "size_gib": 4.0, "options": ["noatime"]}) == [
        ("config", {"rootfs": "lab:subvol-109-disk-0,mountoptions=noatime,size=4G"})]
    assert sent(guest(), mounts=[dict(MOUNT, backup=False, path="/srv")]) == [("config", {"mp0": "lab:subvol-109-disk-1,mp=/srv,size=2G"})]


def test_a_volume_grows_by_its_own_call_only():
    assert sent(guest(), rootfs={"size_gib": 5.5}) == [("resize", {"disk": "rootfs", "size": "5632M"})]
    assert sent(guest(), mounts=[dict(MOUNT, size_gib=1024.0, ro=True)]) == [
        ("config", {"mp0": "lab:subvol-109-disk-1,mp=/data,backup=1,ro=1,size=2G"}), ("resize", {"disk": "mp0", "size": "1T"})]


def test_a_new_mount_is_allocated_once():
    new = {"id": "mp3", "storage": "lab", "size_gib": 0.5, "path": "/new"}
    assert sent(guest(), mounts=[new]) == [("config", {"mp3": "lab:0.5,mp=/new"})]
    assert sent(guest({"mp3": "lab:subvol-109-disk-2,mp=/new,size=512M"}), mounts=[new]) == []


def test_a_bind_mount():
    bind = {"id": "mp1", "host_path": "/srv/x", "path": "/x"}
    assert sent(guest(), mounts=[bind]) == [("config", {"mp1": "/srv/x,mp=/x"})]
    assert sent(guest({"mp1": "/srv/x,mp=/x"}), mounts=[bind]) == []


@pytest.mark.parametrize("params, words", [
    ({"rootfs": {"size_gib": 3.0}}, "can not shrink from 4G to 3G"),
    ({"mounts": [dict(MOUNT, size_gib=1.0)]}, "can not shrink from 2G to 1G"),
    ({"rootfs": {"storage": "local"}}, "move_volume"),
    ({"mounts": [dict(MOUNT, storage="local")]}, "move_volume"),
    ({"mounts": [{"id": "mp0", "host_path": "/srv", "path": "/data"}]}, "not a bind mount"),
    ({"mounts": [{"id": "mp1", "path": "/new"}]}, "needs storage and size_gib"),
    ({"mounts": [{"id": "mp1", "path": "/data", "storage": "lab", "size_gib": 1.0}]}, "mounts.path: '/data' is given twice"),
    ({"networks": [{"id": "net1", "name": "eth0", "bridge": "vmbr0"}]}, "networks.name: 'eth0' is given twice"),
    ({"unprivileged": False}, "unprivileged, which can not be changed"),
    ({"hostname": "other"}, "belongs to the container 'kafka' on node pve, not to 'other'"),
])
def test_what_can_not_be_is_refused_before_any_write(params, words):
    with pytest.raises(PlanError, match=words):
        plan(guest(), **params)


def test_a_volume_without_a_known_or_real_size_is_not_resized():
    with pytest.raises(PlanError, match="unknown to Proxmox VE"):
        plan(guest({"rootfs": "lab:subvol-109-disk-0"}), rootfs={"size_gib": 5.0})
    with pytest.raises(PlanError, match="plain directory"):
        plan(guest({"rootfs": "lab:subvol-109-disk-0,size=0T"}), rootfs={"size_gib": 5.0})
    assert sent(guest({"rootfs": "lab:subvol-109-disk-0,size=0T"}), rootfs={"size_gib": 0.0}) == []


def test_a_template_is_refused():
    with pytest.raises(PlanError, match="is a template"):
        plan(guest({"template": 1}), memory=2048)


def test_a_name_changes_only_when_asked():
    assert sent(guest(), hostname="broker", rename=True) == [("config", {"hostname": "broker"})]
    assert plan(guest(running=True), hostname="broker", rename=True).restart_required
    assert sent(guest({"hostname": "Kafka"}), hostname="kafka") == [("config", {"hostname": "kafka"})]


def test_protection_gives_way_only_when_told_to():
    protected = guest({"protection": 1})
    change = {"mounts": [dict(MOUNT, ro=True)]}
    with pytest.raises(PlanError, match="protected, which forbids changing mp0"):
        plan(protected, **change)
    assert [sorted(params) for kind, params in sent(protected, protection=False, **change)] == [["protection"], ["mp0"]]
    assert [sorted(params) for kind, params in sent(guest(), protection=True, **change)] == [["mp0"], ["protection"]]
    assert sent(protected, rootfs={"size_gib": 5.0}) == [("resize", {"disk": "rootfs", "size": "5G"})]


# Creation

def test_creation_sends_everything_once():
    wanted = wish(state="started", pool="lake", password="x" * 8, ssh_public_keys=["key a", "key b"], **CREATION)
    made = make_plan(wanted, Guest(vmid=109, node="pve"))
    assert [step.kind for step in made.steps] == ["create", "start"]
    assert made.steps[0].params == {
        "vmid": "109", "ostemplate": "local:vztmpl/debian.tar.zst", "hostname": "kafka", "cores": 2, "memory": 1024, "swap": 0, "onboot": "1",
        "unprivileged": "1", "ostype": "debian", "description": "Events", "tags": "kafka;lake", "nameserver": "192.0.2.30 192.0.2.31",
        "searchdomain": "example.test", "features": "nesting=1", "startup": "2,up=10", "cpulimit": "1.5", "rootfs": "lab:4",
        "mp0": "lab:2,mp=/data,backup=1", "net0": "name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,ip=192.0.2.109/24",
        "pool": "lake", "ssh-public-keys": "key a\nkey b", "password": "x" * 8}
    assert "password" in made.steps[0].describe()["keys"]
    assert "xxxxxxxx" not in repr(made)


def test_creation_says_unprivileged_in_any_case():
    """Older servers take it for no when it is not said."""
    bare = {"hostname": "kafka", "ostemplate": "x", "rootfs": {"storage": "lab", "size_gib": 1.0}}
    step = make_plan(wish(**bare), Guest(node="pve")).steps[0]
    assert step.params == {"ostemplate": "x", "hostname": "kafka", "unprivileged": "1", "rootfs": "lab:1"}
    assert make_plan(wish(unprivileged=False, **bare), Guest(node="pve")).steps[0].params["unprivileged"] == "0"


def test_creation_names_what_is_missing():
    with pytest.raises(PlanError, match="ostemplate, rootfs.storage, rootfs.size_gib"):
        make_plan(wish(hostname="kafka"), Guest(node="pve"))


# Power

@pytest.mark.parametrize("state, running, kinds", [
    ("present", False, []), ("present", True, []), ("started", True, []), ("started", False, ["start"]), ("stopped", False, []),
    ("stopped", True, ["shutdown"]), ("restarted", True, ["reboot"]), ("restarted", False, ["start"])])
def test_power(state, running, kinds):
    assert [step.kind for step in plan(guest(running=running), state=state).steps] == kinds


def test_a_container_is_stopped_before_it_is_changed_and_started_after():
    assert [kind for kind, params in sent(guest(running=True), state="stopped", memory=2048)] == ["shutdown", "config"]
    assert [kind for kind, params in sent(guest(), state="started", memory=2048)] == ["config", "start"]


def test_stopping():
    assert sent(guest(running=True), state="stopped", shutdown_timeout=7) == [("shutdown", {"timeout": "7", "forceStop": "1"})]
    assert sent(guest(running=True), state="stopped", force=True) == [("stop", {})]


def test_restart_only_when_something_waits():
    waiting = guest(running=True, pending=[{"key": "nameserver", "value": "192.0.2.30", "pending": "192.0.2.31"}])
    assert [kind for kind, params in sent(waiting, state="started", restart_if_pending=True)] == ["reboot"]
    assert sent(waiting, state="started") == [] and plan(waiting, state="started").restart_required
    assert sent(guest(running=True), state="started", restart_if_pending=True) == []
    made = plan(guest(running=True), state="started", restart_if_pending=True, nameservers=["192.0.2.31"])
    assert [step.kind for step in made.steps] == ["config", "reboot"] and not made.restart_required


@pytest.mark.parametrize("params, required", [
    ({"memory": 2048}, False), ({"tags": []}, False), ({"networks": [dict(NETWORK, tag=7)]}, False), ({"nameservers": []}, True),
    ({"features": {}}, True), ({"mounts": [dict(MOUNT, ro=True)]}, True), ({"rootfs": {"options": ["noatime"]}}, True),
    ({"mounts": [{"id": "mp1", "storage": "lab", "size_gib": 1.0, "path": "/hot"}]}, False)])
def test_knows_what_a_running_container_takes_at_once(params, required):
    assert plan(guest(running=True), **params).restart_required is required
    assert plan(guest(), **params).restart_required is False


# Removal

def test_removal():
    assert sent(guest(), state="absent") == [("destroy", {})]
    assert sent(guest(running=True), state="absent", force=True, purge=True) == [("destroy", {"force": "1", "purge": "1"})]
    assert make_plan(wish(state="absent"), Guest(vmid=109)).steps == ()


@pytest.mark.parametrize("present, params, words", [
    (guest(running=True), {}, "is running; stop it first, or set force"),
    (guest({"protection": 1}), {"force": True}, "is protected"),
    (guest(), {"hostname": "other", "rename": True}, "belongs to the container 'kafka'"),
])
def test_what_must_not_be_removed(present, params, words):
    with pytest.raises(PlanError, match=words):
        plan(present, state="absent", **params)


# Pools and nodes

def test_pools():
    assert sent(guest(), pool="lake") == [("pool", {"poolid": "lake", "vms": "109"})]
    assert sent(guest(pool="lake"), pool="lake") == []
    made = plan(guest(pool="spare"), pool="lake")
    assert made.steps == () and "stays in pool 'spare'" in made.warnings[0]
    assert sent(guest(pool="spare"), pool="lake", pool_move=True) == [("pool", {"poolid": "lake", "vms": "109", "allow-move": "1"})]


def test_a_container_stays_on_its_node():
    made = plan(guest(), node="pve2", memory=2048, rootfs={"size_gib": 5.0}, state="started")
    assert [step.path.split("/", 3)[:2] for step in made.steps] == [["nodes", "pve"]] * 3
    assert "lives on node pve" in made.warnings[0]


# Pending changes

def test_a_change_that_waits_is_not_written_again():
    waiting = guest(running=True, pending=[
        {"key": "nameserver", "value": "192.0.2.30", "pending": "192.0.2.31"}, {"key": "searchdomain", "value": "example.test", "delete": 1},
        {"key": "timezone", "pending": "host"}])
    assert waiting.pending == ("nameserver", "searchdomain", "timezone")
    made = plan(waiting, nameservers=["192.0.2.31"], searchdomains=[], timezone="host")
    assert made.steps == () and made.restart_required


def test_the_size_of_a_waiting_volume_is_the_present_one():
    """put-running-057: after a resize, the waiting text still has the old size."""
    waiting = guest(running=True, pending=[{
        "key": "mp0", "value": "lab:subvol-109-disk-1,mp=/data,backup=1,size=3G", "pending": "lab:subvol-109-disk-1,mp=/data,size=2G"}])
    assert sent(waiting, mounts=[dict(MOUNT, backup=False, size_gib=3.0)]) == []


def test_a_hot_change_that_failed_is_dropped_first():
    stuck = guest(running=True, pending=[{"key": "net1", "pending": "name=eth1,bridge=vmbr77"}])
    assert [(kind, sorted(params)) for kind, params in sent(stuck, networks=[{"id": "net1", "bridge": "vmbr0"}])] == [
        ("revert", ["revert"]), ("config", ["net1"])]


def config_of(made):
    return [(step.kind, step.params.get("revert") or step.params.get("delete") or sorted(set(step.params) - {"digest"})) for step in made.steps]


def waits(key, value=None, **more):
    return guest(running=True, pending=[dict({"key": key}, **({"value": value} if value else {}), **more)])


@pytest.mark.parametrize("present, params, steps, required", [
    # A value waits, and the key is to be unset: the server would keep both, and the value would hold after the restart.
    (waits("nameserver", "192.0.2.30", pending="192.0.2.31"), {"nameservers": []}, [("revert", "nameserver"), ("config", "nameserver")], True),
    (waits("nameserver", "192.0.2.30", pending="192.0.2.31", delete=1), {"nameservers": []}, [("revert", "nameserver"), ("config", "nameserver")], True),
    # A key that only waits: there is nothing to delete.
    (waits("timezone", pending="host"), {"timezone": ""}, [("revert", "timezone")], False),
    (waits("net1", pending="name=eth1,bridge=vmbr77"), {"networks": [NETWORK], "purge_networks": True}, [("revert", "net1")], False),
    # Setting back only cancels what waits: nothing is left for a restart.
    (waits("nameserver", "192.0.2.30", pending="192.0.2.31"), {"nameservers": ["192.0.2.30"]}, [("revert", "nameserver")], False),
    (waits("searchdomain", "example.test", delete=1), {"searchdomains": ["example.test"]}, [("revert", "searchdomain")], False),
    (waits("features", "nesting=1", delete=1), {"features": {"nesting": True}}, [("revert", "features")], False),
    # A third value.
    (waits("nameserver", "192.0.2.30", pending="192.0.2.31"), {"nameservers": ["192.0.2.32"]}, [("revert", "nameserver"), ("config", ["nameserver"])], True),
    # Mounts: purged while another path waits; purged, and declared again before the restart.
    (waits("mp0", CONFIG["mp0"], pending=CONFIG["mp0"].replace("/data", "/new")), {"mounts": [], "purge_mounts": True},
     [("revert", "mp0"), ("config", "mp0")], True),
    (waits("mp0", CONFIG["mp0"], delete=1), {"mounts": [MOUNT]}, [("revert", "mp0")], False),
    (waits("mp0", CONFIG["mp0"], delete=1), {"mounts": [{"id": "mp0", "path": "/data"}]}, [("revert", "mp0")], False),
    (waits("mp0", CONFIG["mp0"], delete=1), {"mounts": [dict(MOUNT, path="/other")]}, [("revert", "mp0"), ("config", ["mp0"])], True),
    (waits("mp0", CONFIG["mp0"], delete=1), {"mounts": [dict(MOUNT, size_gib=3.0)]}, [("revert", "mp0"), ("resize", ["disk", "size"])], False),
    (waits("mp0", CONFIG["mp0"], delete=1), {"mounts": [], "purge_mounts": True}, [], True),
])
def test_what_waits_is_taken_back_before_it_is_changed(present, params, steps, required):
    made = plan(present, **params)
    assert config_of(made) == steps and made.restart_required is required
    assert not any("lab:2" in str(step.params) for step in made.steps)      # never a new, empty volume


def test_no_new_volume_over_one_that_is_still_mounted():
    leaving = waits("mp0", CONFIG["mp0"], delete=1)
    with pytest.raises(PlanError, match="/data is mounted as mp0 until the next restart; declare mp0"):
        plan(leaving, mounts=[dict(MOUNT, id="mp1")])
    with pytest.raises(PlanError, match="/data is mounted as mp0 until the next restart"):
        plan(guest(running=True), mounts=[dict(MOUNT, id="mp1")], purge_mounts=True)
    assert config_of(plan(guest(), mounts=[dict(MOUNT, id="mp1")], purge_mounts=True)) == [("config", "mp0")]


def test_writes_carry_the_digest():
    made = plan(guest(), memory=2048, rootfs={"size_gib": 5.0})
    assert [step.params["digest"] for step in made.steps] == ["d1", "d1"]


# What the user declares

@pytest.mark.parametrize("params, words", [
    ({"vmid": 99}, "vmid: 99 is not between 100 and 999999999"),
    ({"memory": 15}, "memory: 15 is not at least 16"),
    ({"swap": -1}, "swap: -1 is not at least 0"),
    ({"cpuunits": 20000}, "cpuunits: 20000 is not between 1 and 10000"),
    ({"cores": 9000}, "cores"),
    ({"hostname": "db_hive"}, "no underscore"),
    ({"hostname": "-x"}, "hostname"),
    ({"hostname": "a" * 300}, "hostname"),
    ({"searchdomains": ["a_b.example"]}, "searchdomains"),
    ({"nameservers": ["dns1"]}, "nameservers: 'dns1' is not an IP address"),
    ({"tags": ["bad tag!"]}, "tags"),
    ({"description": "x" * 8193}, "8193 characters"),
    ({"timezone": "a b"}, "timezone"),
    ({"rootfs": {"size_gib": -1.0}}, "rootfs.size_gib"),
    ({"rootfs": {"size_gib": 0.0001}}, "rootfs.size_gib"),
    ({"rootfs": {"storage": "local:40Gi"}}, "rootfs.storage: 'local:40Gi' is not the name of a storage"),
    ({"mounts": [dict(MOUNT, path="data")]}, "not an absolute path below /"),
    ({"mounts": [dict(MOUNT, path="/")]}, "not an absolute path below /"),
    ({"mounts": [dict(MOUNT, path="/a/../b")]}, "not an absolute path below /"),
    ({"mounts": [dict(MOUNT, path="/a,b")]}, "not an absolute path below /"),
    ({"mounts": [dict(MOUNT, id="mp256")]}, "mp0 to mp255"),
    ({"mounts": [dict(MOUNT, id="0")]}, "mp0 to mp255"),
    ({"mounts": [MOUNT, dict(MOUNT, path="/x")]}, "mounts.id: 'mp0' is given twice"),
    ({"mounts": [MOUNT, dict(MOUNT, id="mp1")]}, "mounts.path: '/data' is given twice"),
    ({"mounts": [{"id": "mp0", "host_path": "srv", "path": "/x"}]}, "host_path"),
    ({"mounts": [{"id": "mp0", "host_path": "/srv", "path": "/x", "size_gib": 1.0}]}, "no size of its own"),
    ({"networks": [dict(NETWORK, id="net32")]}, "net0 to net31"),
    ({"networks": [dict(NETWORK, id="net01")]}, "net0 to net31"),
    ({"networks": [dict(NETWORK, bridge="a b")]}, "not a legal device name"),
    ({"networks": [dict(NETWORK, ip="192.0.2.9")]}, "not an IPv4 address with a prefix length"),
    ({"networks": [dict(NETWORK, ip="dhcp")]}, "needs a fixed address in ip"),
    ({"networks": [dict(NETWORK, gw="198.51.100.1", ip="192.0.2.9/24")]}, "outside the network"),
    ({"networks": [dict(NETWORK, mtu=10)]}, "mtu: 10 is not between 64 and 65535"),
    ({"networks": [dict(NETWORK, tag=5000)]}, "tag"),
    ({"networks": [dict(NETWORK, hwaddr="01:00:5E:00:00:01")]}, "unicast"),
    ({"networks": [NETWORK, dict(NETWORK, id="net1", name="eth0")]}, "networks.name: 'eth0' is given twice"),
    ({"features": {"mount": ["nfs,cifs"]}}, "features"),
])
def test_mistakes_are_named(params, words):
    with pytest.raises(PlanError, match=words):
        wish(**params)


def test_all_mistakes_are_named_at_once():
    with pytest.raises(PlanError) as caught:
        wish(hostname="a_b", memory=1, networks=[dict(NETWORK, ip="x")])
    assert all(word in str(caught.value) for word in ("hostname", "memory", "networks[id=net0]"))


@pytest.mark.parametrize("params", [
    {"networks": [dict(NETWORK, ip="192.0.2.9/32", gw="198.51.100.1")]},
    {"networks": [dict(NETWORK, ip6="2001:db8::2/64", gw6="fe80::1")]},
    {"hostname": "kafka-1.example.test"},
])
def test_what_only_looks_like_a_mistake_passes(params):
    wish(**params)


def test_the_description_of_a_configuration_is_in_the_words_of_the_options():
    shown = describe_config(guest({"mp10": "/srv,mp=/x", "net10": "name=eth10,bridge=vmbr0", "mp2": "lab:v,mp=/y,size=512M"}).future)
    assert [mount["id"] for mount in shown["mounts"]] == ["mp0", "mp2", "mp10"]
    assert shown["mounts"][1]["size_gib"] == 0.5 and shown["mounts"][2]["host_path"] == "/srv"
    assert shown["rootfs"] == {"storage": "lab", "size_gib": 4, "volume": "lab:subvol-109-disk-0"}
    assert [net["id"] for net in shown["networks"]] == ["net0", "net10"] and shown["networks"][0]["hwaddr"] == "BC:24:11:08:BF:95"


def test_a_described_configuration_can_be_declared_again():
    shown = describe_config(guest().future)
    for volume in [shown["rootfs"]] + shown["mounts"]:
        del volume["volume"]
    assert sent(guest(), **shown) == []
