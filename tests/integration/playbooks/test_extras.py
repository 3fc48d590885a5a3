# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site adds to each list arrives where the roles read it, on the trial's inventory. No host is reached."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
ABSENT = {"state": "absent"}
# By list: what is added, what replaces, what is taken out.
EXTRAS = {
    "lakehouse_flows": [{"to": "trino", "port": 9999, "from": ["gitea"], "what": "new"}, {"to": "superset", "port": 8088, "from": [], "what": "closed"},
                        {"to": "trino", "port": 8443, **ABSENT}],
    "lakehouse_outgoing": [{"to": "198.51.100.0/24", "port": 389, "from": ["trino"], "what": "new"},
                           {"to": "203.0.113.53", "port": 53, "from": ["lakehouse"], "what": "TCP alone"}],
    "minio_buckets": [{"name": "archive"}, {"name": "datalake", "versioning": "suspended"}],
    "minio_policies": [{"name": "archive", "document": {}}, {"name": "datagen", **ABSENT}],
    "minio_users": [{"name": "shop", "secret": "x"}, {"name": "hive", "secret": "y"}, {"name": "trino", **ABSENT}],
    "kafka_kraft_users": [{"name": "shop", "write": ["loja.*"]}, {"name": "datagen", "write": ["rede.*"]}, {"name": "trino", **ABSENT}],
    "kafka_kraft_topics": [{"name": "loja.pedidos", "schema": {"event_id": "string", "event_time": "timestamp", "customer": "string"}},
                           {"name": "comercial.sales", "schema": {"event_id": "string", "event_time": "timestamp"}}, {"name": "rede.cpe_status", **ABSENT}],
    "lakehouse_streams": [{"name": "shop", "topics": []}],
    "lakehouse_personal_data": {"pedidos": {"subject": "customer", "hashed": ["customer"]}, "sales": {"hashed": []}, "billing": ABSENT},
    "lakehouse_trino_users": [{"name": "ana", "password": "x", "groups": ["bi"]}, {"name": "reader", "password": "y"}, {"name": "gitops", **ABSENT}],
    "lakehouse_app_databases": [{"name": "shop", "password": "x", "clients": ["192.0.2.1"]}, {"name": "superset", **ABSENT}],
    "gitea_organizations": [{"name": "lab"}, {"name": "gti", "full_name": "Other"}],
    "gitea_repositories": [{"organization": "gti", "name": "shop"}, {"organization": "gti", "name": "spark-jobs", "description": "Other"},
                           {"organization": "gti", "name": "infra-data-platform", **ABSENT}],
    "gitea_teams": [{"organization": "gti", "name": "shop"}, {"organization": "gti", "name": "analise", **ABSENT}],
    "lakehouse_gitops": {"airflow": [{"name": "shop", "organization": "gti"}, {"name": "spark-jobs", "organization": "gti", **ABSENT}], "superset": ABSENT},
    "airflow_connections": [{"name": "shop", "conn_type": "http"}, {"name": "trino_default", "conn_type": "x"}, {"name": "minio_default", **ABSENT}],
    "airflow_pools": [{"name": "shop", "slots": 1}, {"name": "trino", "slots": 8}, {"name": "datagen", **ABSENT}],
    "airflow_roles": [{"name": "Shop", "like": "User"}, {"name": "Ops", **ABSENT}],
}
MEMBERS = {"engenharia": ["ana"], "operacao": [], "of-an-extra-team": ["bia"]}
READ = ["common_firewall_rules", "common_firewall_outgoing_rules", "trino_users",
        "trino_kafka_topics", "lakehouse_streams_names", "lakehouse_curate_tables", "app_db_databases"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The lists and some of what is made of them, as a host of Trino sees them."""
    folder = tmp_path_factory.mktemp("extras")
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all").symlink_to(ROOT / "group_vars/all")
    secrets = folder / "secrets"
    for name in ("datagen/airflow", "gitops/airflow.pub", "gitops/superset.pub"):
        (secrets / name).parent.mkdir(parents=True, exist_ok=True)
        (secrets / name).write_text("for a test only\n")
    names = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())["lakehouse_secrets"]
    values = {**dict.fromkeys(names, "for-a-test-only"), "lakehouse_secrets_dir": str(secrets), "lakehouse_landing_days": 30,
              **{name + "_extra": value for name, value in EXTRAS.items()}}
    (folder / "values.json").write_text(json.dumps(values))

    def write(file, names, **told):
        content = "{{ {%s} | to_json }}" % ", ".join("'%s': %s" % (name, name) for name in names)
        return {"name": "Write the lists down", "vars": told, "ansible.builtin.copy": {"dest": str(folder / file), "mode": "0600", "content": content}}

    play = {"hosts": "trino", "gather_facts": False, "connection": "local", "become": False, "tasks": [
        write("lists.json", [*EXTRAS, *[name + "_default" for name in EXTRAS], *READ]),
        write("teams.json", ["gitea_teams_default"], lakehouse_gitea_members=MEMBERS)]}
    (folder / "play.json").write_text(json.dumps([play]))
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(ROOT / "inventories/lab/hosts.yml"), "-e", "@%s/values.json" % folder,
         "-e", "ansible_python_interpreter=" + sys.executable, str(folder / "play.json")],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return {**json.loads((folder / "lists.json").read_text()), "told": json.loads((folder / "teams.json").read_text())["gitea_teams_default"]}


def known_by(element):
    return [str(element.get(key)) for key in (("organization", "name") if "name" in element else ("to", "port"))]


def test_each_list_is_tried():
    wiring = yaml.safe_load((ROOT / "group_vars/all/wiring.yml").read_text())
    assert set(EXTRAS) == {name.removesuffix("_extra") for name in wiring if name.endswith("_extra")}


@pytest.mark.parametrize("name", EXTRAS)
def test_an_addition_arrives(site, name):
    extra, default, found = EXTRAS[name], site[name + "_default"], site[name]
    if isinstance(extra, dict):
        assert {key for key, value in extra.items() if value == ABSENT}.isdisjoint(found)
        for key, value in extra.items():
            if isinstance(value, list):
                assert [element["name"] for element in found[key]] == ["airflow-dags", "lakehouse-sql", "shop"]
            elif value != ABSENT:
                assert found[key] == value
        return
    for element in extra:
        if element.get("state") == "absent" and name != "kafka_kraft_topics":
            assert not [other for other in found if all(str(other.get(key)) == str(element[key]) for key in element if key != "state")]
        else:
            assert element in found
    for element in default:
        if not any(known_by(element) == known_by(other) for other in extra):
            assert element in found


def members(teams):
    return {team["name"]: team["members"] for team in teams if "members" in team}


def test_what_the_inventory_does_not_say_is_left_as_it_is(site):
    flow = {"gitops": ["gitops"], "gitops-leitura": ["gitops"]}
    assert len(site["gitea_teams_default"]) == len(site["told"]) == 7 and members(site["gitea_teams_default"]) == flow
    assert members(site["told"]) == {"engenharia": ["ana"], "revisores": ["ana"], "operacao": [], "operacao-leitura": [], **flow}
    for repository in site["gitea_repositories_default"]:
        assert {"webhooks", "deploy_keys"} & set(repository) == (set() if repository["name"] == "infra-data-platform" else {"webhooks", "deploy_keys"})


def test_how_long_files_that_people_bring_stay_is_the_sites_to_say(site):
    assert [bucket["lifecycle"] for bucket in site["minio_buckets_default"]][0][4] == {
        "id": "landing", "prefix": "landing/", "expiration_days": 30, "noncurrent_days": 7}


def test_what_is_made_of_the_lists_follows(site):
    assert [rule["what"] for rule in site["common_firewall_rules"] if rule["port"] == 9999] == ["new"]
    assert not [rule for rule in site["common_firewall_rules"] if rule["port"] in (8443, "8443")]
    assert {"to": ["198.51.100.0/24"], "port": 389, "protocols": ["tcp"], "what": "new"} in site["common_firewall_outgoing_rules"]
    assert {"ana", "reader"} <= {user["name"] for user in site["trino_users"]}
    assert "loja.pedidos" in [topic["name"] for topic in site["trino_kafka_topics"]]
    assert "pedidos" in site["lakehouse_streams_names"] and "cpe_status" not in site["lakehouse_streams_names"]
    tables = {table["name"]: table for table in site["lakehouse_curate_tables"]}
    assert tables["pedidos"]["hashed"] == ["customer"] and "subject" not in tables["billing"]
    (spark,) = [user for user in site["kafka_kraft_users"] if user["name"] == "spark"]
    assert spark["read"] == ["rede.*", "financeiro.*", "comercial.*", "loja.*", "plataforma.streams"]
