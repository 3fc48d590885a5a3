# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of GTI's site says what the site's table of containers says."""
from __future__ import annotations

import ipaddress
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
FILE = ROOT / "inventories/gti_local/hosts.yml"
# group: (vmid, host, address, cores, memory, GiB in all)
TABLE = {
    "db_hive": (117, "db-hive", 32, 2, 4096, 40),
    "minio": (107, "minio", 31, 2, 4096, 270),      # 250 for the objects
    "spark_iceberg": (108, "spark", 33, 4, 8192, 40),
    "kafka_kraft": (109, "kafka", 34, 2, 4096, 30),     # 20 for the events
    "trino": (111, "trino", 35, 2, 4096, 20),
    "superset": (115, "superset", 37, 2, 4096, 20),
    "airflow": (116, "airflow", 36, 2, 4096, 20),
    "gitea": (118, "gitea", 26, 2, 4096, 30),       # 20 for the repositories
    "backup_store": (120, "backup", 43, 2, 1024, 510),  # 500 for the backups
    "datagen": (119, "datagen", 42, 2, 2048, 20),
}
# What is commented out begins with "# " and an inventory's word; prose stays prose.
EXAMPLE = re.compile(r"^( +)# ( *(?:[a-z0-9-]+\.gti\.local:|ansible_host:|lakehouse_ct:|mounts:).*)$", re.MULTILINE)


def groups(text):
    return {name: group["hosts"] for name, group in yaml.safe_load(text)["lakehouse"]["children"].items()}


@pytest.mark.parametrize("group", TABLE)
def test_a_container_is_as_the_table_says(group):
    vmid, name, last, cores, memory, gib = TABLE[group]
    (host, entry), = groups(FILE.read_text())[group].items()
    ct = entry["lakehouse_ct"]
    assert (host, entry["ansible_host"]) == (name + ".gti.local", "192.168.4.%d" % last)
    assert (ct["vmid"], ct["cores"], ct["memory"]) == (vmid, cores, memory)
    assert ct["rootfs_gib"] + sum(mount["size_gib"] for mount in ct.get("mounts", [])) == gib
    assert ct["order"] in range(1, 5) and "lakehouse" in ct["tags"]
    assert all(isinstance(mount["backup"], bool) for mount in ct.get("mounts", [])), "whether data is backed up is said on purpose"


def test_events_and_objects_have_volumes_of_their_own():
    hosts = groups(FILE.read_text())
    for group in ("minio", "kafka_kraft"):
        assert [mount["path"] for host in hosts[group].values() for mount in host["lakehouse_ct"]["mounts"]] == ["/data"]


def test_the_examples_of_more_nodes_could_be_taken_as_they_are():
    hosts = groups(EXAMPLE.sub(r"\1\2", FILE.read_text()))
    assert [len(hosts[group]) for group in ("kafka_kraft", "spark_iceberg", "trino")] == [3, 3, 3]
    # A host of two groups is described in one of them.
    entries = [entry for group, members in hosts.items() if group != "mirror" for entry in members.values() if entry]
    for values in ([entry["ansible_host"] for entry in entries], [entry["lakehouse_ct"]["vmid"] for entry in entries]):
        assert len(set(values)) == len(values) == 16
    network = ipaddress.ip_network("192.168.4.0/24")
    assert all(ipaddress.ip_address(entry["ansible_host"]) in network for entry in entries)


def test_the_network_is_the_sites():
    site = yaml.safe_load((FILE.parent / "group_vars/lakehouse/site.yml").read_text())
    assert site["lakehouse_domain"] == "gti.local"
    defaults = site["lakehouse_ct_defaults"]
    assert (defaults["bridge"], defaults["gateway"], defaults["prefix"], defaults["nameservers"]) == (
        "vmbr0", "192.168.4.1", 24, ["192.168.4.30"])


def test_every_container_is_unprivileged_and_nesting():
    task = yaml.safe_load((ROOT / "playbooks/tasks/container.yml").read_text())[1]["gti.lakehouse.proxmox_ct"]
    assert task["unprivileged"] is True and task["features"] == {"nesting": True} and task["onboot"] is True
    assert task["searchdomains"] == ["{{ lakehouse_domain }}"]
