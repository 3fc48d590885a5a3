# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups and restores: through the API with containers in memory, and real archives of real folders."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from lab.pve import recovery
from lab.pve.backends import archive, rootfs
from lab.pve.errors import Die
from lab.pve.testing import TEMPLATE, PveServer
from tests.contract.client import Client, token_headers

TOKEN = "auto@pve!full"
LXC = "/nodes/pve/lxc"
VZDUMP = "/nodes/pve/vzdump"
MOUNTS = {"net0": "name=eth0,bridge=vmbr0,ip=dhcp", "mp0": "lab:2,mp=/var/lib/kafka,backup=1", "mp1": "lab:1,mp=/scratch"}


@pytest.fixture
def pve():
    with PveServer() as server:
        server.secret = server.token(TOKEN)
        yield server


@pytest.fixture
def call(pve):
    client = Client(pve)

    def send(method, path, token=TOKEN, secret=None, **params):
        return client.call(method, path, params, token_headers(token, secret or pve.secret))
    yield send
    client.close()


@pytest.fixture
def kafka(pve):
    """A container with a volume in the backup, one outside, and files in both."""
    client = Client(pve)
    ended(pve, client.call("POST", LXC, {"vmid": "117", "ostemplate": TEMPLATE, "hostname": "kafka", "memory": "600",
                                         "description": "x", "rootfs": "lab:4", "unprivileged": "1", **MOUNTS},
                           token_headers(TOKEN, pve.secret)))
    client.close()
    for name, files in (("rootfs", {"/etc/f": "root"}), ("mp0", {"/log": "events"}), ("mp1", {"/tmp": "scratch"})):
        pve.backend.content[volume(pve, 117, name)] = files
    return pve


def volume(pve, vmid, name):
    return pve.config(vmid)[name].split(",")[0]


def ended(pve, answer):
    assert answer.status == 200, answer.reason
    task = pve.node.tasks.find(answer.data)
    assert task.done.wait(5)
    return task


def backed_up(pve, call, **params):
    """The volume id of the backup that the call makes."""
    task = ended(pve, call("POST", VZDUMP, vmid="117", compress="zstd", **params))
    assert task.record["exitstatus"] == "OK", task.lines
    return call("GET", "/nodes/pve/storage/local/content", content="backup").data[-1]["volid"]


def restored(pve, call, vmid, volid, **params):
    return ended(pve, call("POST", LXC, vmid=str(vmid), ostemplate=volid, restore="1", storage="lab", **params))


def test_a_restore_brings_back_configuration_and_files(kafka, call):
    volid = backed_up(kafka, call)
    assert restored(kafka, call, 118, volid, hostname="again").record["exitstatus"] == "OK"
    conf = kafka.config(118)
    assert (conf["hostname"], conf["memory"], conf["description"]) == ("again", "600", "x\n")
    assert conf["mp0"] == "lab:subvol-118-disk-1,mp=/var/lib/kafka,backup=1,size=2G"
    assert [kafka.backend.content[volume(kafka, 118, name)] for name in ("rootfs", "mp0", "mp1")] == [
        {"/etc/f": "root"}, {"/log": "events"}, {}]
    assert "lock" not in conf and "lock" not in kafka.config(117)


def test_a_restore_over_a_container_puts_back_what_it_was(kafka, call):
    volid = backed_up(kafka, call)
    net = kafka.config(117).get("net0")
    kafka.backend.content[volume(kafka, 117, "rootfs")] = {}
    call("PUT", LXC + "/117/config", memory="700")
    assert call("POST", LXC, vmid="117", ostemplate=volid, restore="1").reason == "CT 117 already exists on node 'pve'"
    assert restored(kafka, call, 117, volid, force="1").record["exitstatus"] == "OK"
    assert kafka.backend.content[volume(kafka, 117, "rootfs")] == {"/etc/f": "root"}
    assert (kafka.config(117)["memory"], kafka.config(117).get("net0")) == ("600", net)
    assert len(kafka.node.storage.of_guest(117)) == 3


@pytest.mark.parametrize(("setting", "reason"), [
    ({"protection": "1"}, "unable to restore CT 117 - protection mode enabled"),
    ({"lock": "backup"}, "CT is locked (backup)")])
def test_what_is_protected_or_locked_is_not_replaced(kafka, call, setting, reason):
    volid = backed_up(kafka, call)
    call("PUT", LXC + "/117/config", **setting)
    answer = call("POST", LXC, vmid="117", ostemplate=volid, restore="1", force="1", storage="lab")
    assert (answer.status, answer.reason) == (500, reason)
    assert kafka.backend.content[volume(kafka, 117, "mp0")] == {"/log": "events"}


def test_what_runs_is_not_replaced(kafka, call):
    volid = backed_up(kafka, call)
    ended(kafka, call("POST", LXC + "/117/status/start"))
    answer = call("POST", LXC, vmid="117", ostemplate=volid, restore="1", force="1", storage="lab")
    assert answer.reason == "can't overwrite running container"


@pytest.mark.parametrize("mode", ["snapshot", "suspend", "stop"])
def test_a_running_container_runs_on(kafka, call, mode):
    ended(kafka, call("POST", LXC + "/117/status/start"))
    task = ended(kafka, call("POST", VZDUMP, vmid="117", mode=mode))
    assert task.record["exitstatus"] == ("WARNINGS: 1" if mode == "stop" else "OK")     # starts without nesting=1
    assert "INFO: backup mode: " + mode in task.lines
    assert kafka.backend.running(117) and not kafka.backend.snapshots


def test_a_container_is_locked_meanwhile(kafka, call):
    kafka.backend.delays["backup"] = done = threading.Event()
    task = kafka.node.tasks.find(call("POST", VZDUMP, vmid="117").data)
    assert call("PUT", LXC + "/117/config", memory="700").reason == "CT is locked (backup)"
    second = ended(kafka, call("POST", VZDUMP, vmid="117"))
    assert second.record["exitstatus"] == "job errors"
    assert "ERROR: Backup of VM 117 failed - CT is locked (backup)" in second.lines
    done.set()
    assert task.done.wait(5) and task.record["exitstatus"] == "OK"
    assert call("PUT", LXC + "/117/config", memory="700").status == 200


def test_one_task_backs_up_several_and_goes_on_after_one_that_fails(kafka, call):
    kafka.create(118)
    task = ended(kafka, call("POST", VZDUMP, vmid="117,999,118"))
    assert (task.record["exitstatus"], task.record["id"]) == ("job errors", "")
    kept = call("GET", "/nodes/pve/storage/local/content", content="backup").data
    assert [entry["vmid"] for entry in kept] == [117, 118]


def test_a_server_that_was_killed_leaves_no_lock(kafka, call):
    kafka.backend.snapshot_volume(volume(kafka, 117, "rootfs"), "vzdump")
    call("PUT", LXC + "/117/config", lock="backup")
    recovery.clean(kafka.node, [].append)
    assert "lock" not in kafka.config(117) and not kafka.backend.snapshots


def test_rights_on_guest_and_storage_are_needed(kafka, call):
    volid = backed_up(kafka, call)
    weak = kafka.token("weak@pve!t", {"/vms": "VM.Audit VM.Allocate", "/storage": "Datastore.Audit"})
    answer = call("POST", VZDUMP, token="weak@pve!t", secret=weak, vmid="117", storage="local")
    assert answer.reason == "Permission check failed (/storage/local, Datastore.AllocateSpace)"
    kafka.grant("weak@pve", {"/storage": "Datastore.Audit Datastore.AllocateSpace"})
    task = ended(kafka, call("POST", VZDUMP, token="weak@pve!t", secret=weak, vmid="117", storage="local"))
    assert "ERROR: Backup of VM 117 failed - Permission check failed (/vms/117, VM.Backup)" in task.lines
    for method, path, params in (("POST", LXC, {"vmid": "118", "ostemplate": volid, "restore": "1", "storage": "lab"}),
                                 ("DELETE", "/nodes/pve/storage/local/content/" + volid, {})):
        answer = call(method, path, token="weak@pve!t", secret=weak, **params)
        assert answer.reason == "Permission check failed (/vms/117, VM.Backup)"
    ended(kafka, call("DELETE", "/nodes/pve/storage/local/content/" + volid))
    assert call("GET", "/nodes/pve/storage/local/content", content="backup").data == []


@pytest.mark.parametrize(("volid", "reason"), [
    ("local:backup/vzdump-lxc-117-2026_01_01-00_00_00.tar.zst", "does not exist"),
    ("local:vztmpl/debian-12-gti_12_amd64.tar.zst", "is no backup of a container")])
def test_a_restore_of_no_backup_leaves_nothing(pve, call, volid, reason):
    pve.grant("auto@pve", {"/vms": "VM.Allocate VM.Backup"})
    assert reason in restored(pve, call, 118, volid).record["exitstatus"]
    assert not pve.node.exists(118) and not pve.node.storage.volumes


# ---- real archives


class Log:
    """As much of a task as an archive wants."""

    def log(self, line):
        pass

    def run(self, argv, **options):
        done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False, **options)
        if done.returncode:
            raise Die(done.stderr)


@pytest.fixture
def folders(tmp_path):
    """Makes empty volumes that the containers' root may use."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)

    def make(*names):
        for name in names:
            (tmp_path / name).mkdir()
            os.chown(tmp_path / name, rootfs.SHIFT, rootfs.SHIFT)
        return [tmp_path / name for name in names]
    return make


def shown(folder, without=()):
    """Everything about the files of a folder, by their names; `without` mount points, which other volumes cover."""
    said = subprocess.run(["find", ".", "-printf", r"%p %y %m %U %G %l %n\n"], cwd=folder, check=True, text=True,
                          capture_output=True)
    return sorted(line for line in said.stdout.splitlines() if not line.startswith(without))


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.zst"])
def test_an_archive_holds_each_volume_as_it_was(folders, tmp_path, ending):
    root, data, inner = folders("root", "data", "inner")
    subprocess.run([*rootfs.AS_CONTAINER, "sh", "-c", """
        cd "$0" && mkdir -p etc 'srv/a.b&c/in' && echo secret > etc/f && chmod 640 etc/f && chown 5:7 etc/f
        ln etc/f etc/hard && ln -s ../../../etc out && ln -s /srv lnk && chmod 4755 etc
        cd "$1" && echo events > log && ln log log2 && ln -s ./log soft && mkdir in && chown 33:33 . && chmod 2750 .
        cd "$2" && echo more > more && chown 44 .""", str(root), str(data), str(inner)], check=True)
    name = "vzdump-lxc-117-2026_01_01-00_00_00." + ending
    trees = [("/", root), ("/srv/a.b&c", data), ("/srv/a.b&c/in", inner)]
    archive.write(Log(), tmp_path / "half", name, "memory: 600\n", trees)
    (tmp_path / "half").rename(tmp_path / name)
    assert archive.config(tmp_path / name) == "memory: 600\n"
    copies = folders("root2", "data2", "inner2")
    archive.read(Log(), tmp_path / name, [(path, copy) for (path, _tree), copy in zip(trees, copies, strict=True)])
    for (_path, tree), copy, mounts in zip(trees, copies, ("./srv/", "./in ", ()), strict=True):
        assert shown(copy, mounts) == shown(tree, mounts)
    assert (copies[0] / "srv/a.b&c").is_dir() and (copies[1] / "in").is_dir()       # where they are mounted


def test_a_broken_archive_is_said(folders, tmp_path):
    (tmp_path / "x.tar.zst").write_bytes(b"nothing")
    with pytest.raises(Die, match="unable to read the configuration"):
        archive.config(tmp_path / "x.tar.zst")
    with pytest.raises(Die):
        archive.read(Log(), tmp_path / "x.tar.zst", [("/", folders("root")[0])])
