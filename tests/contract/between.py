# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder did between the recorded lines, as far as later lines depend on it."""

from __future__ import annotations

import os
import tempfile
import threading

from lab.pve import sizes
from lab.pve.errors import Die
from lab.pve.guestconf import Section
from lab.pve.guestview import mounts
from tests.contract.client import ticket_headers, token_headers

DO_NOT_WAIT = set()
UBUNTU = "ubuntu-26.04-standard_26.04-1_amd64.tar.zst"
TINY = b""      # its checksum is what matters


def appliances(interactions):
    """The list of templates to be had is the recording's own, as far as it is kept."""
    found = {}
    for recorded in interactions:
        if recorded["path"].endswith("/aplinfo") and recorded["method"] == "GET":
            found.update({entry["template"]: entry for entry in recorded["body"]["data"]})
    found[UBUNTU] = {"template": UBUNTU, "location": "http://download.proxmox.com/images/system/" + UBUNTU}
    return list(found.values())


def fetch(task, url, verify=True):
    """The recorder's mirror: one file of 22 bytes; and no way out to anywhere else."""
    if "mirror.example.test" not in url:
        raise Die("download failed: wget: unable to resolve host address 'download.proxmox.com'")
    if not url.endswith("tiny-1_amd64.tar.zst"):
        raise Die("download failed: exit code 8")
    handle, path = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as target:
        target.write(TINY)
    return path


def odd_credentials(replay, kind):
    """Headers of the lines that try wrong ones."""
    node = replay.node
    good = replay.secrets.get("auto@pve!full", "")
    wrong = {
        "none": {},
        "ticket root@pam without CSRF header": ticket_headers(node, csrf=False),
        "ticket root@pam, bad CSRF": {**ticket_headers(node), "CSRFPreventionToken": "65000000:bad"},
        "bad ticket": {"Cookie": "PVEAuthCookie=PVE:root@pam:65000000::bad"},
        "expired ticket root@pam": ticket_headers(node, age=3 * 3600),
        "token, wrong secret": token_headers("auto@pve!full", "00000000-0000-0000-0000-000000000000"),
        "token, unknown id": token_headers("auto@pve!nope", good),
        "token, unknown user": token_headers("ghost@pve!full", good),
        "token, malformed": {"Authorization": "PVEAPIToken=nonsense"},
        "bad ticket and good token": {"Cookie": "PVEAuthCookie=PVE:root@pam:65000000::bad",
                                      **token_headers("auto@pve!full", good)},
    }
    return wrong[kind]


# ---- steps by the id of the line before which they happened

STEPS = {}


def step(identifier):
    def register(function):
        STEPS[identifier] = function
        return function
    return register


def before(replay, identifier):
    if identifier in STEPS:
        STEPS[identifier](replay)


def after(replay, identifier):
    if identifier + " after" in STEPS:
        STEPS[identifier + " after"](replay)


def call(replay, method, path, wait=True, status=200, **params):
    """As root; waits for the task."""
    answer = replay.client.call(method, path, params, ticket_headers(replay.node))
    assert answer.status == status, (path, params, answer.reason)
    task = replay.node.tasks.find(answer.data) if isinstance(answer.data, str) else None
    if task and wait:
        task.done.wait(5)
    return answer.data


def destroy(replay, *vmids):
    for vmid in vmids:
        call(replay, "DELETE", "/nodes/pve/lxc/%d" % vmid, force="1")


def create(replay, vmid, wait=True, **params):
    return call(replay, "POST", "/nodes/pve/lxc", wait, vmid=str(vmid), unprivileged="1", features="nesting=1",
                ostemplate="local:vztmpl/debian-12-standard_12.0-1_amd64.tar.zst", rootfs="local:1", **params)


@step("access-015")
def other_users(replay):
    access = replay.node.access
    for user in ("nobody@pve", "audit@pve"):
        access.add_user(user)
    access.grant("/", "audit@pve", "PVEAuditor")


@step("auth-022")
def disable_user(replay):
    replay.node.access.users["nobody@pve"]["enable"] = 0


@step("auth-023")
def expire_token(replay):
    replay.node.access.users["nobody@pve"]["enable"] = 1
    replay.node.access.tokens("nobody@pve")["none"]["expire"] = 1


@step("auth-024")
def revive_token(replay):
    replay.node.access.tokens("nobody@pve")["none"]["expire"] = 0


@step("cluster-013")
def remove_pool_of_protocol_group(replay):
    call(replay, "DELETE", "/pools", poolid="jsonpool")


# ---- create

@step("create-020")
def remove_the_ct_of_create_018(replay):
    destroy(replay, 210)


@step("create-036")
def remove_the_ct_without_bridge(replay):
    destroy(replay, 211)


@step("resources-001")
def status_daemon_does_not_run_yet(replay):
    replay.node.resources.lagging = True
    replay.node.resources.known.clear()


@step("create-054")
def start_takes_its_time(replay):
    replay.backend.delays["start"] = threading.Event()


DO_NOT_WAIT.add("create-054")


@step("create-055")
def create_task_has_ended(replay):
    vzcreate = [task for task in replay.node.tasks.tasks.values() if task.record["type"] == "vzcreate"]
    vzcreate[-1].done.wait(5)


@step("tasks-002 after")
def started_by_now(replay):
    release(replay, "start")


def release(replay, step_name):
    """Let a step that waits go on, and wait for whatever runs."""
    replay.backend.delays.pop(step_name).set()
    wait_for_tasks(replay)


def wait_for_tasks(replay):
    for task in list(replay.node.tasks.tasks.values()):
        task.done.wait(5)


# ---- while a create is under way

@step("in-progress-001")
def long_create(replay):
    replay.backend.delays["unpack"] = threading.Event()
    create(replay, 231, wait=False, hostname="busy", memory="512")


@step("in-progress-004")
def ends_while_the_change_waits(replay):
    threading.Timer(0.1, replay.backend.delays["unpack"].set).start()


@step("in-progress-007")
def another_long_create(replay):
    replay.backend.delays["unpack"] = 5
    create(replay, 232, wait=False)


@step("in-progress-011")
def end_of_long_creates(replay):
    replay.backend.delays.clear()


@step("race-001")
def somebody_is_faster(replay):
    replay.node.guests.reserve("220")
    replay.node.exists = lambda vmid: False


@step("race-001 after")
def and_it_was_the_second_line(replay):
    del replay.node.exists
    replay.node.guests.delete("220")


# ---- rights

@step("rights-024")
def no_bridges_for_the_token(replay):
    replay.node.access.grant("/sdn/zones/localnetwork", "auto@pve", "NoAccess")


@step("rights-025")
def give_the_rights_back(replay):
    access = replay.node.access
    access.revoke("/sdn/zones/localnetwork", "auto@pve", "NoAccess")
    access.revoke("/storage/snap", "auto@pve", "NoAccess")


@step("resources-004")
def status_daemon_runs(replay):
    replay.node.resources.lagging = False
    replay.node.resources.broadcast()


# ---- changes of the stopped container 201 that were not recorded

def config(replay, vmid=201, **params):
    call(replay, "PUT", "/nodes/pve/lxc/%d/config" % vmid, **params)


@step("put-stopped-028")
def net1_goes(replay):
    config(replay, delete="net1")


@step("put-stopped-036")
def plain_features(replay):
    config(replay, features="nesting=1")


@step("put-stopped-091")
def debian_again(replay):
    config(replay, arch="amd64", ostype="debian")


@step("put-volumes-027")
def mp2_goes(replay):
    config(replay, delete="mp2")


@step("put-volumes-001")
def name_it_again(replay):
    config(replay, hostname="kafka-1")


@step("put-volumes-035")
def mp3_goes(replay):
    config(replay, delete="mp3")


def unlock(replay, vmid):
    """What `pct unlock` does on the node."""
    conf = replay.node.guests.load(vmid)
    conf.current.pop("lock", None)
    replay.node.guests.save(vmid, conf)


@step("put-rights-020")
def pct_unlock(replay):
    unlock(replay, 204)


def set_as_recorded(replay, identifier, vmid):
    """The configuration that a recorded line shows, with just the volumes that it names."""
    data = next(recorded["body"]["data"] for recorded in replay.interactions if recorded["id"] == identifier)
    conf = replay.node.guests.load(vmid)
    conf.current = Section({name: str(value) for name, value in data.items() if name != "digest"})
    storage = replay.node.storage
    for volid in storage.of_guest(vmid):
        if not any(value.startswith(volid + ",") or value == volid for value in conf.current.values()):
            storage.free(volid)
    for name, keys in mounts(conf.current):
        assert keys["volume"] in storage.volumes, name
        storage.resize(keys["volume"], sizes.parse(keys["size"]))
    replay.node.guests.save(vmid, conf)


# ---- power, changes of the running container 201

@step("power-001")
def another_configuration(replay):
    set_as_recorded(replay, "put-running-001", 201)


@step("put-running-053")
def enough_memory(replay):
    config(replay, memory="768")


@step("power-038")
def hanging_shutdown(replay):
    replay.backend.delays["shutdown"] = threading.Event()
    call(replay, "POST", "/nodes/pve/lxc/207/status/shutdown", wait=False)


@step("power-043")
def impatient(replay):
    replay.node.guests.lock_timeout = 0.1


@step("power-048")
def patient(replay):
    replay.node.guests.lock_timeout = 5


@step("power-054")
def another_hanging_shutdown(replay):
    call(replay, "POST", "/nodes/pve/lxc/207/status/shutdown", wait=False)


@step("power-058")
def start_207_again(replay):
    release(replay, "shutdown")
    call(replay, "POST", "/nodes/pve/lxc/207/status/start")


@step("power-062")
def and_again(replay):
    call(replay, "POST", "/nodes/pve/lxc/207/status/start")


@step("power-070")
def net_of_223(replay):
    config(replay, 223, status=500, net0="name=eth0,bridge=vmbr77")       # written all the same


@step("resize-015")
def right_digest(replay):
    sent = next(recorded["params"]["digest"] for recorded in replay.interactions if recorded["id"] == "resize-015")
    replay.comparison.digests[sent] = replay.node.guests.load(201).digest


@step("lock-026")
def somebody_holds_the_file_lock(replay):
    unlock(replay, 204)
    replay.node.guests.lock_timeout = 0.1
    replay.held = threading.Event()
    taken = threading.Event()

    def hold():
        with replay.node.guests.locked("204"):
            taken.set()
            replay.held.wait(5)
    threading.Thread(target=hold, daemon=True).start()
    taken.wait(5)


@step("lock-026 after")
def and_lets_go(replay):
    replay.held.set()
    replay.node.guests.lock_timeout = 5


# ---- snapshots

@step("snapshot-045")
def start_205(replay):
    call(replay, "POST", "/nodes/pve/lxc/205/status/start")


@step("snapshot-053")
def next_start_will_fail(replay):
    """It hung on the recording host, and failed in the end."""
    replay.held = threading.Event()

    def start(task, vmid, conf):
        replay.held.wait(5)
        raise Die("unable to get PID for CT 205 (not running?)")
    replay.backend.start = start


@step("snapshot-058")
def it_failed(replay):
    replay.held.set()
    wait_for_tasks(replay)
    del replay.backend.start


# ---- the end of several containers

@step("destroy-001")
def what_the_ha_group_destroyed(replay):
    destroy(replay, 203)


@step("destroy-010")
def stop_207(replay):
    call(replay, "POST", "/nodes/pve/lxc/207/status/stop")


# ---- when the API's own daemon is silent or gone

@step("gateway-007")
def daemon_is_silent(replay):
    create(replay, 234, memory="600")
    replay.pve.faults.add("error", status=596, reason="Connection timed out")


@step("gateway-008")
@step("gateway-009")
@step("gateway-011")
def daemon_is_gone(replay):
    replay.pve.faults.add("error", status=595, reason="Connection refused")


@step("put-stopped-123")
def features_of_234(replay):
    config(replay, 234, features="nesting=1")


@step("cgroup2-001")
def another_host(replay):
    replay.backend.cgroup_v2 = True
    create(replay, 240)


@step("gateway-021")
def slow_volume(replay):
    config(replay, 240, delete="cpuunits")
    replay.backend.delays["volume"] = 0.3
    replay.pve.faults.add("late", method="PUT")
