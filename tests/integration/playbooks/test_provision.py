# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that check, make and remove a site's containers, against the lab's API with containers in memory."""
from __future__ import annotations

import copy
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from test_preflight import SITE, site_vars

from lab.pve.testing import PROVISIONER, TEMPLATE, PveServer

ROOT = pathlib.Path(__file__).parents[3]
VMIDS = {107: "minio.example.test", 117: "db-hive.example.test", 108: "spark.example.test", 111: "trino.example.test"}


class Site:
    """A small site, a Proxmox VE to make it on, and the playbooks that do."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.groups = copy.deepcopy(SITE)
        self.values = site_vars()
        self.values.update({
            "lakehouse_name": "small", "proxmox_api_host": server.host, "proxmox_api_port": server.port, "proxmox_ca_path": server.ca_path,
            "vault_proxmox_token_secret": server.token("lakehouse@pve!ansible"), "ansible_python_interpreter": sys.executable,
        })
        self.values["lakehouse_ct_defaults"].update(ostemplate=TEMPLATE, storage="lab")

    def ct(self, group):
        return next(iter(self.groups[group].values()))["lakehouse_ct"]

    def play(self, playbook, *arguments):
        """(whether it succeeded, all that it said on one line)"""
        self.server.forget_requests()
        inventory = {"lakehouse": {"children": {name: {"hosts": hosts} for name, hosts in self.groups.items()}}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
        (self.folder / "group_vars").mkdir(exist_ok=True)
        (self.folder / "group_vars/lakehouse.yml").write_text(yaml.safe_dump(self.values))
        for name in ("ssh/id_ed25519.pub", "ca/ca.crt"):
            path = self.folder / ".secrets" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.key if name.endswith(".pub") else "for a test only\n")
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.folder / "hosts.yml"),
             str(ROOT / "playbooks" / playbook), *arguments],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True, text=True, check=False, timeout=240, stdin=subprocess.DEVNULL)
        return done.returncode == 0, " ".join((done.stdout + done.stderr).split())

    @property
    def key(self):
        if not (self.folder / "key.pub").exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key")], check=True)
        return (self.folder / "key.pub").read_text()

    def containers(self):
        return {vmid: self.server.config(vmid)["hostname"] for vmid in self.server.node.guests.ids()}


@pytest.fixture
def site(tmp_path):
    with PveServer() as server:
        yield Site(tmp_path, server)


def test_containers_are_adopted_made_and_removed_by_name(site):
    """What is there is adopted, what is missing made; twice is once; only the right name removes, and only what is the site's."""
    # One that runs already, as the inventory describes it but for its memory, and one that is nobody's business.
    site.server.create(107, hostname="minio.example.test", memory="512", size=8, start=True)
    site.server.create(200, hostname="stranger.example.test")
    before = site.server.config(107)["rootfs"]
    well, said = site.play("provision.yml", "--check")
    assert well and site.server.writes == [] and set(site.containers()) == {107, 200}, said

    well, said = site.play("provision.yml")
    assert well and site.containers() == {**VMIDS, 200: "stranger.example.test"}, said
    assert site.server.config(107)["memory"] == "1024" and site.server.config(107)["rootfs"] == before
    assert all(site.server.backend.running(vmid) for vmid in VMIDS)
    assert all(method != "DELETE" for method, path in site.server.writes)
    assert "minio.example.test takes these at its next start: features" in said, said
    for conf in [site.server.node.guests.load(vmid).effective() for vmid in VMIDS]:     # of the adopted one: at its next start
        assert (conf["features"], conf["unprivileged"]) == ("nesting=1", "1")
    well, said = site.play("provision.yml")
    assert well and site.server.writes == [] and "changed=1" not in said, said

    # Another container under a number of the site stays, and the run says so.
    site.server.node.guests.save("111", renamed(site.server.node.guests.load("111"), "other.example.test"))
    everything = site.containers()
    well, said = site.play("destroy.yml", "--extra-vars", "destroy_site=another")
    assert not well and 'This site is called "small"' in said and site.server.writes == [] and site.containers() == everything
    well, said = site.play("destroy.yml", "--extra-vars", "destroy_site=small", "--check")
    assert site.server.writes == [] and site.containers() == everything, said
    well, said = site.play("destroy.yml", "--extra-vars", "destroy_site=small")
    assert not well and "other.example.test" in said, said
    assert site.containers() == {111: "other.example.test", 200: "stranger.example.test"}


def renamed(conf, hostname):
    conf.current["hostname"] = hostname
    return conf


def test_no_more_are_made_at_once_than_the_site_says(site):
    most = []

    def counted(work=site.server.backend.unpack):
        def unpack(*arguments):
            most.append(sum(task.running and task.record["type"] == "vzcreate" for task in site.server.node.tasks.tasks.values()))
            return work(*arguments)
        return unpack

    site.server.backend.unpack = counted()
    site.server.backend.delays["unpack"] = 2
    site.values["proxmox_parallel"] = 2
    well, said = site.play("provision.yml")
    assert well and len(most) == 4 and max(most) == 2, (most, said)


def test_what_the_node_cannot_carry_is_refused_all_at_once(site):
    site.values["lakehouse_ct_defaults"].update(ostemplate="local:vztmpl/no.tar.zst")
    site.ct("minio").update(rootfs_gib=5000)
    site.ct("spark_iceberg").update(memory=90000)
    site.server.create(117, hostname="stranger")
    site.groups["trino"]["trino.example.test"].update(ansible_host="127.0.0.5")
    site.server.grant("lakehouse@pve", {"/vms/108": "VM.Audit"})
    site.ct("minio").update(mounts=[{"id": "mp0", "path": "/data", "size_gib": 1, "storage": "hdd"}])
    well, said = site.play("preflight.yml")
    assert not well and site.server.writes == []
    for words in ("minio.example.test: storage hdd is not on node pve, which has lab, local", "template local:vztmpl/no.tar.zst is not on node pve, which has "
                  + TEMPLATE, "download it", "The storage lab has 220 GiB",
                  "want 5016 GiB on it", "MiB of memory", "has 24576 MiB", "answers at already: 127.0.0.5",
                  "db-hive.example.test: vmid 117 belongs to the container 'stranger' on node pve", "VM.Allocate on /vms/108"):
        assert words in said, (words, said[-4000:])


def test_preflight_asks_for_the_rights_that_containers_which_are_gone_need_again(site):
    """With a container go the rules on its number; a pool's stay."""
    site.server.grant("lakehouse@pve", {"/vms": ""})
    rights = PROVISIONER["/vms"]
    for vmid in VMIDS:
        site.server.grant("lakehouse@pve", {"/vms/%d" % vmid: rights})
    assert site.play("provision.yml")[0]
    assert site.play("destroy.yml", "--extra-vars", "destroy_site=small")[0]
    well, said = site.play("preflight.yml")
    assert not well and all("%s: lakehouse@pve!ansible lacks privileges" % name in said for name in VMIDS.values()), said[-3000:]
    site.server.node.pools["lake"] = {"vms": [], "storage": []}
    site.server.grant("lakehouse@pve", {"/pool/lake": rights})
    site.values["lakehouse_ct_defaults"]["pool"] = "lake"
    for _time in range(2):
        assert site.play("provision.yml")[0] and sorted(site.server.node.pools["lake"]["vms"]) == sorted(map(str, VMIDS))
        assert site.play("destroy.yml", "--extra-vars", "destroy_site=small")[0] and site.containers() == {}


def test_keys_that_would_do_nothing_are_refused_before_anything_is_made(site):
    site.ct("minio").update(ram=4096)
    site.ct("trino").update(mounts=[{"id": "mp0", "path": "/data", "size_gib": 1, "host_path": "/srv"}])
    for playbook in ("preflight.yml", "provision.yml"):
        well, said = site.play(playbook)
        assert not well and site.server.writes == [], said
        for words in ("lakehouse_ct.ram is not known; did you mean memory", "lakehouse_ct.mounts[0].host_path: a folder of the node cannot be mounted"):
            assert words in said, (words, said[-3000:])


def test_a_mount_on_a_storage_of_its_own(site):
    site.server.node.storage.config["hdd"] = {"type": "zfspool", "pool": "hdd", "content": "images,rootdir"}
    site.ct("minio").update(mounts=[{"id": "mp0", "path": "/data", "size_gib": 1, "storage": "hdd"}])
    well, said = site.play("provision.yml", "--limit", "minio.example.test")
    assert well and site.server.config(107)["mp0"].startswith("hdd:") and site.server.config(107)["rootfs"].startswith("lab:"), said


def test_a_token_that_is_none_is_told(site):
    site.values["vault_proxmox_token_secret"] = "00000000-0000-0000-0000-000000000000"
    well, said = site.play("preflight.yml")
    assert not well and "cannot be used by lakehouse@pve!ansible" in said and "vault_proxmox_token_secret" in said, said[-3000:]


def test_a_site_that_fits_passes(site):
    well, said = site.play("preflight.yml")
    assert well and site.server.writes == [], said[-3000:]
