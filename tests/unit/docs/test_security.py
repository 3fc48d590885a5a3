# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/security.md, in both editions, has the ports, accounts, groups and grants that firewalls and policies are made of."""
from __future__ import annotations

import itertools
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
EVERY_HOST = {"all but the mirror", "todos menos o espelho"}
ADMINISTRATORS = ("administrators", "administradores")


@pytest.fixture(params=["docs/security.md", "docs/pt-BR/security.md"])
def page(request):
    return (ROOT / request.param).read_text(encoding="utf-8")


def site(name):
    return yaml.safe_load((ROOT / "group_vars/all" / name).read_text(encoding="utf-8"))


def spans(cell):
    return re.findall(r"`([^`]+)`", cell)


def table(page, text):
    """The cells of each row of the table that has this text."""
    found = next(rows for rows in re.findall(r"(?:^\|.*\|\n)+", page, flags=re.M) if text in rows)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in found.splitlines()[2:]]


def test_ports_are_those_that_the_firewalls_are_made_of(page):
    network = site("network.yml")
    ports = {**network["lakehouse_ports"], "metastore_db": "3306, 5432"}  # as db_hive_backend says
    flows = {}
    for flow in network["lakehouse_flows_default"]:
        name = re.search(r"lakehouse_ports\['(\w+)'\]", str(flow["port"]))
        for port in str(ports[name.group(1)] if name else flow["port"]).split(", "):
            flows.setdefault((flow["to"], port), set()).update(flow["from"])
    # Said once, above the table.
    for (group, port), source in list(flows.items()):
        if "airflow" in source:
            source.discard("airflow_workers")
        if group == "airflow_workers":
            assert flows.pop((group, port)) == flows[("airflow", port)]
    written = {}
    for groups, port, dummy, source, *dummy in table(page, "| 9000 |"):
        for key in itertools.product(["lakehouse"] if groups in EVERY_HOST else spans(groups), port.split(", ")):
            assert key not in written, key
            written[key] = set(spans(source)) | ({"admin"} if source.startswith(ADMINISTRATORS) else set())
    assert written == flows


def test_accounts_of_the_object_store_are_those_that_policies_are_made_of(page):
    accounts = {user["name"]: user for user in site("s3.yml")["minio_users_default"]}
    rows = {spans(name)[0]: (set(spans(read)), set(spans(write))) for name, read, write in table(page, "`lakehouse-root`")}
    assert set(rows) == set(accounts) | {"forget", "backup", "lakehouse-root"}
    for name, account in accounts.items():
        for grant in account.get("grants", []):
            read, write = set(grant.get("read", [])), set(grant["write"])
            assert rows[name][1] == write and read <= rows[name][0] <= read | write, name


def test_accounts_of_kafka_are_those_that_rules_are_made_of(page):
    kafka = site("kafka_kraft.yml")
    domains = {f"{topic['name'].partition('.')[0]}.*" for topic in kafka["kafka_kraft_topics_default"] if "schema" in topic} - {"plataforma.*"}
    rows = {spans(name)[0]: [set(spans(cell)) for cell in cells] for name, *cells in table(page, "`spark-*`")}
    told = {}
    for user in kafka["kafka_kraft_users_default"]:
        given = [user.get(right, []) for right in ("read", "write", "groups")]
        told[user["name"]] = [set(re.findall(r"'([^']+)'", right)) | domains if isinstance(right, str) else set(right) for right in given]
    assert rows == {**told, "admin": [set(), set(), set()]}


def test_groups_and_users_of_trino_are_those_that_have_rules(page):
    rules = yaml.safe_load((ROOT / "roles/trino/defaults/main.yml").read_text(encoding="utf-8"))["trino_access_rules"]
    groups = {group for kind in rules.values() if isinstance(kind, list) for rule in kind for group in rule.get("group", "admin").split("|")}
    assert {spans(name)[0] for name, dummy in table(page, "`validator`")} == groups
    users = {user["name"].replace("{{ common_operator_name }}", "datalake"): user["groups"] for user in site("trino.yml")["lakehouse_trino_users_default"]}
    assert {name: [group] for name, group in re.findall(r"`(\w+)`\s\(`(\w+)`\)", page)} == users


def test_accounts_of_the_containers_and_databases_are_named(page):
    made = {name for path in ROOT.glob("roles/*/tasks/*.yml")
            for name in re.findall(r"common_account_name: ([\w-]+)", path.read_text(encoding="utf-8"))}
    text = next(part for part in page.split("\n\n") if "minio-forget" in part)
    assert made and made <= set(spans(text))
    text = next(part for part in page.split("\n\n") if part.startswith(("**In the applications' database**", "**No banco das aplicações**")))
    assert set(spans(text)) == {database["name"] for database in site("app_db.yml")["lakehouse_app_databases_default"]}
