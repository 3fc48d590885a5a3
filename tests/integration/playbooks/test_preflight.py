# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input is refused before anything is touched, with the variable, the value and the remedy."""
from __future__ import annotations

import copy
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
SITE = {
    "mirror": {"mirror.example.test": {"ansible_host": "192.0.2.10", "ansible_connection": "local"}},
    "minio": {"minio.example.test": {"ansible_host": "192.0.2.11", "lakehouse_ct": {"vmid": 107, "memory": 1024, "rootfs_gib": 8, "order": 1}}},
    "db_hive": {"db-hive.example.test": {"ansible_host": "192.0.2.12", "lakehouse_ct": {"vmid": 117, "memory": 1024, "rootfs_gib": 8, "order": 1}}},
    "spark_iceberg": {"spark.example.test": {"ansible_host": "192.0.2.13", "lakehouse_ct": {"vmid": 108, "memory": 4096, "rootfs_gib": 8, "order": 2}}},
    "trino": {"trino.example.test": {"ansible_host": "192.0.2.15", "lakehouse_ct": {"vmid": 111, "memory": 2560, "rootfs_gib": 8, "order": 2}}},
}
STORE = {"backup_store": {"backup.example.test": {"ansible_host": "192.0.2.16", "lakehouse_ct": {
    "vmid": 120, "memory": 384, "rootfs_gib": 4, "order": 1, "mounts": [{"id": "mp0", "path": "/data", "size_gib": 20}]}}}}
AIRFLOW = {"airflow": {"airflow.example.test": {"ansible_host": "192.0.2.17", "lakehouse_ct": {"vmid": 116, "memory": 2560, "rootfs_gib": 8, "order": 3}}}}
# Nothing listens here: whatever passes all checks but the last one ends with this.
NO_API = "127.0.0.1"


def site_vars():
    names = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())["lakehouse_secrets"]
    values = dict.fromkeys(names, "for-a-test-only-and-nothing-else")
    values.update({
        "vault_proxmox_token_secret": "00000000-0000-0000-0000-000000000000",
        "lakehouse_domain": "example.test",
        "lakehouse_admin_networks": ["192.0.2.10/32", "198.51.100.0/24"],
        "lakehouse_trino_version": "476",
        "proxmox_api_host": NO_API,
        "proxmox_api_port": 9,
        "lakehouse_ct_defaults": {"ostemplate": "local:vztmpl/x.tar.zst", "storage": "local", "bridge": "vmbr0", "gateway": "192.0.2.1", "prefix": 24,
                                  "nameservers": [], "cores": 2, "swap": 0, "mounts": [], "tags": []},
    })
    return values


def preflight(tmp_path, groups, values, playbook=str(ROOT / "playbooks/preflight.yml"), **environment):
    inventory = {"lakehouse": {"children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/lakehouse.yml").write_text(yaml.safe_dump(values))
    secrets = tmp_path / ".secrets"
    for name in ("ssh/id_ed25519", "datagen/airflow", "gitea/ssh_host_ed25519_key", "gitops/airflow", "gitops/superset"):
        (secrets / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(secrets / name)], check=True)
    (secrets / "ca").mkdir()
    (secrets / "ca/ca.crt").write_text("for a test only\n")
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.yml"), playbook],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0", **environment},
        capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode != 0, run.stdout
    return " ".join((run.stdout + run.stderr).split())


def changed(group, host=None, **values):
    def change(groups, site):
        old = next(iter(groups[group]))
        entry = groups[group].pop(old)
        ct = dict(entry.get("lakehouse_ct", {}), **values.pop("lakehouse_ct", {}))
        groups[group][host or old] = dict(entry, lakehouse_ct=ct, **values)
    return change


CASES = {
    "undefined secret": (lambda groups, site: site.pop("vault_minio_root_password"), ["vault_minio_root_password", "playbooks/secrets.yml"]),
    "all that a new site lacks": (lambda groups, site: (site.pop("vault_proxmox_token_secret"), site.pop("vault_minio_root_password"),
                                                        site.update(lakehouse_trino_version="478")),
                                  ["vault_proxmox_token_secret has no value", "Secrets without a value: vault_minio_root_password",
                                   "trino-server-478.tar.gz", "trino-cli-478", "docs/install-proxmox.md"]),
    "a secret of digits": (lambda groups, site: site.update(vault_minio_root_password=123456789012345678), ["vault_minio_root_password", "in quotes"]),
    "a name that is a number": (lambda groups, site: site.update(lakehouse_name=2026), ["lakehouse_name is 2026", "in quotes"]),
    "a list without a value": (lambda groups, site: site.update(lakehouse_gitea_people=None), ["lakehouse_gitea_people has no value: write []"]),
    "additions that are wrong": (lambda groups, site: site.update(
        airflow_pools_extra=[{"name": "sparc", "state": "absent"}], lakehouse_personal_data_extra={"pedidos": {"subject": "id"}},
        lakehouse_flows_extra=[{"to": "trino", "port": 1, "from": ["triino"], "what": "x"}],
        lakehouse_outgoing_extra=[{"to": "mail.example.test", "port": 25, "from": ["trino"], "what": "x"}]),
        ["mail.example.test is no address", "airflow_pools_extra takes out sparc", "did you mean spark?",
         "no group triino", "pedidos is in lakehouse_personal_data_extra"]),
    "illegal hostname": (changed("db_hive", host="db_hive.example.test"), ["db_hive.example.test", "legal full DNS name"]),
    "no address": (changed("minio", ansible_host=""), ["minio.example.test", "ansible_host", "static IPv4 address"]),
    "two hosts with one address": (changed("minio", ansible_host="192.0.2.12"), ["192.0.2.12", "ansible_host", "Give each its own"]),
    "two hosts with one vmid": (changed("minio", lakehouse_ct={"vmid": 117}), ["117", "lakehouse_ct.vmid", "Give each its own"]),
    "nobody may administer": (lambda groups, site: site.update(lakehouse_admin_networks=[]), ["lakehouse_admin_networks"]),
    "everybody may administer": (lambda groups, site: site.update(lakehouse_admin_networks=["0.0.0.0/0"]),
                                 ["0.0.0.0/0", "containers' whole network 192.0.2.0/24", "lakehouse_admin_networks_wide"]),
    "a store of backups and another one": (lambda groups, site: (groups.update(STORE), site.update(lakehouse_backup_url="s3:https://192.0.2.9/x")),
                                           ["lakehouse_backup_url", "backup_store", "take one of them away"]),
    "a store too small for what it keeps": (lambda groups, site: (groups.update(copy.deepcopy(STORE)), changed("minio", lakehouse_ct={
        "mounts": [{"id": "mp0", "path": "/data", "size_gib": 50}]})(groups, site)), ["backup_store (lakehouse_ct.mounts) have 20 GiB", "50"]),
    "two hosts of one repository": (lambda groups, site: (groups.update(STORE), changed("minio", host="db-hive.other.test")(groups, site)),
                                    ["different first labels", "db-hive, db-hive, controller"]),
    "a backup of several drives": (lambda groups, site: (groups.update(STORE), changed("minio", minio_data_dirs=["/data/d1", "/data/d2"])(groups, site)),
                                   ["several nodes or drives", "lakehouse_backup_sets without the set bucket"]),
    "a store that keeps nothing": (lambda groups, site: (groups.update(STORE), site.update(backup_store_keep=["--prune"])),
                                   ["backup_store_keep", "--keep-daily=7"]),
    "a proxy by its name": (lambda groups, site: site.update(lakehouse_http_proxy="http://proxy.example.test:3128"),
                            ["lakehouse_http_proxy", "names proxy.example.test", "port: 3128", "lakehouse_outgoing_extra"]),
    "a connection to another system by its name": (
        lambda groups, site: (groups.update(AIRFLOW), site.update(airflow_connections_extra=[
            {"name": "billing", "conn_type": "postgres", "host": "billing.example.test", "port": 5432}])),
        ["airflow_connections_extra names billing.example.test", "port: 5432, from: [airflow]", "lakehouse_outgoing_extra"]),
    "an archive of packages by its name": (lambda groups, site: site.update(common_apt_url="http://apt.example.test/debian-archive"),
                                           ["common_apt_url names apt.example.test", "port: 80, from: [lakehouse]"]),
    "a mirror by its name": (lambda groups, site: site.update(lakehouse_mirror_url="https://releases.example.test:8444"),
                             ["names releases.example.test", "port: 8444, from: [lakehouse]"]),
    "a store by its short name": (lambda groups, site: site.update(lakehouse_backup_url="sftp:ana@store.example.test:folder"),
                                  ["lakehouse_backup_url names store.example.test", "port: 22, from: [minio, db_hive]"]),
    "a store of backups of many addresses": (lambda groups, site: site.update(lakehouse_backup_url="azure:container:/"),
                                             ["lakehouse_backup_url names azure", "port: PORT, from: [minio, db_hive]", "lakehouse_outgoing_extra"]),
    "no network": (lambda groups, site: site.update(lakehouse_admin_networks=["198.51.100.7/24"]), ["198.51.100.7/24 has host bits set"]),
    "unknown version": (lambda groups, site: site.update(lakehouse_trino_version="999"), ["trino", "999"]),
    "container too small for its heap": (changed("trino", lakehouse_ct={"memory": 512}), ["trino_memory_mib", "512"]),
    "a value of another type": (lambda groups, site: site.update(trino_warmup_seconds="soon"),
                                ["trino_warmup_seconds", "soon", "Nothing was changed. The variables of trino.example.test are wrong"]),
    "unreachable API": (lambda groups, site: None, [NO_API, "proxmox_api_host", "proxmox_api_port"]),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_its_remedy(tmp_path, case):
    groups, values = copy.deepcopy(SITE), site_vars()
    change, words = CASES[case]
    change(groups, values)
    said = preflight(tmp_path, groups, values)
    for word in words:
        assert word in said, said[-3000:]
    if case != "unreachable API":
        assert "Ask the Proxmox API" not in said or "192.0.2" not in said.split("Ask the Proxmox API")[1], said[-3000:]


def texts_of_switches_and_numbers():
    """The defaults of all roles' switches and numbers as -e NAME=VALUE gives them, but for those that group_vars/all sets."""
    wired = set().union(*(yaml.safe_load(path.read_text()) or {} for path in (ROOT / "group_vars/all").glob("*.yml")))
    texts = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            texts.update((name, str(option["default"]).lower()) for name, option in entry.get("options", {}).items()
                         if option["type"] in ("bool", "float", "int") and "default" in option and name not in wired)
    return texts


def test_switches_and_numbers_may_be_texts(tmp_path):
    """As the command line, INI inventories and surveys give them."""
    groups, values = copy.deepcopy(SITE), site_vars()
    for number, group in enumerate(["kafka_kraft", "app_db", "datagen", "gitea", "airflow", "superset", "backup_store"], 20):
        groups[group] = {group.replace("_", "-") + ".example.test": {
            "ansible_host": "192.0.2.%d" % number, "lakehouse_ct": {"vmid": 200 + number, "memory": 4096, "rootfs_gib": 8, "order": 3}}}
    changed("spark_iceberg", lakehouse_ct={"memory": 6144})(groups, values)
    values["lakehouse_gitea_version"] = "1.24.6"
    texts = texts_of_switches_and_numbers()
    assert len(texts) > 50
    said = preflight(tmp_path, groups, dict(values, **texts))
    assert NO_API in said and "proxmox_api_host" in said, said[-3000:]


def test_an_installed_collection_brings_what_is_true_of_every_site(tmp_path):
    """Without the checkout and its ansible.cfg: all checks but the last pass, so group_vars were read."""
    collection = tmp_path / "collections/ansible_collections/gti/lakehouse"
    collection.mkdir(parents=True)
    built = subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", "--output-path", str(tmp_path), str(ROOT)],
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    subprocess.run(["tar", "--extract", "--gzip", "--file", *map(str, tmp_path.glob("*.tar.gz")), "--directory", str(collection)], check=True)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    said = preflight(tmp_path, copy.deepcopy(SITE), site_vars(), playbook="gti.lakehouse.preflight",
                     ANSIBLE_CONFIG=str(tmp_path / "ansible.cfg"), ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "collections"))
    assert NO_API in said and "proxmox_api_host" in said, said[-3000:]
