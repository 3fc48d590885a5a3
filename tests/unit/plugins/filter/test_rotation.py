# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.filter import rotation

ROOT = pathlib.Path(__file__).parents[4]


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


SECRETS = load("group_vars/all/secrets.yml")
TABLE = SECRETS["lakehouse_rotation"]
COMPONENTS = load("group_vars/all/components.yml")["lakehouse_components"]
TEXT = """---
# First.
a: !unsafe '{{ x }}' # of a
b: !vault |
    6162
    6364

# Of c.
c: "one
  two"
d:
e: 1"""


@pytest.mark.parametrize("names, gone", [
    ([], ""),
    (["none"], ""),
    (["a"], "a: !unsafe '{{ x }}' # of a\n"),
    (["b"], "b: !vault |\n    6162\n    6364\n"),
    (["c"], 'c: "one\n  two"\n'),
    (["d"], "d:\n"),
    (["e"], "e: 1"),
])
def test_an_entry_goes_with_its_lines_and_nothing_else(names, gone):
    assert TEXT.count(gone) == 1 or not gone
    assert rotation.without_secrets(TEXT, names) == TEXT.replace(gone, "", 1)


@pytest.mark.parametrize("text", ["{a: secret-1, b: secret-2}", "- a\n- b", "a: &x secret-1\nb: *x\n", "a: 'secret-1\nb: 2\n"])
def test_another_form_is_refused_without_showing_it(text):
    with pytest.raises(AnsibleFilterError) as refused:
        rotation.without_secrets(text, ["a"])
    assert "secret-" not in str(refused.value) and refused.value.__cause__ is None


def test_what_a_run_has_begun_is_what_differs():
    assert rotation.rotation_begun(TEXT.replace("6162", "9999").replace("e: 1", "f: 1"), TEXT) == ["b", "e"]
    assert rotation.rotation_begun("# another\n" + TEXT + "\nnew: 1\n", TEXT) == []


def test_all_are_those_of_the_file_that_may():
    text = "vault_pseudonym_key: x\nvault_minio_root_password: y\nother: z\n"
    assert rotation.rotation_names(" all", TABLE, text) == ["vault_minio_root_password"]
    assert rotation.rotation_names("b, a,b,", TABLE, text) == ["b", "a"]


def test_a_rotation_that_did_not_end_comes_first():
    text = "vault_minio_root_password: y\nvault_s3_hive_secret: z\n"
    assert rotation.rotation_problems(["vault_s3_hive_secret"], TABLE, text, ["vault_s3_hive_secret"]) == []
    (said,) = rotation.rotation_problems(["vault_s3_hive_secret"], TABLE, text, ["vault_minio_root_password"])
    assert "-e rotate=vault_minio_root_password." in said


def test_only_components_that_hold_the_secret_do_something_and_the_server_comes_first():
    chosen = rotation.rotation_components(COMPONENTS, TABLE, ["vault_kafka_airflow_password"])
    assert list(chosen) == list(COMPONENTS)
    assert [name for name, component in chosen.items() if component.get("roles") != []] == ["kafka_kraft", "airflow"]
    assert "kafka_kraft" in chosen["airflow"]["needs"] and chosen["airflow"]["roles"] == COMPONENTS["airflow"]["roles"]


def test_who_waits_for_a_server_comes_behind_it_in_the_play():
    """Else a controller with few forks would wait for ever."""
    (order,) = [play["hosts"].split(":") for play in load("playbooks/components.yml") if play["name"] == "Deploy the components"]
    for name, row in TABLE.items():
        server, *clients = row.get("components", [None])
        for client in clients:
            assert list(COMPONENTS).index(server) < list(COMPONENTS).index(client), name
            # A component waits on its own host by its place in the list.
            here, there = (COMPONENTS[each].get("groups", [each]) for each in (server, client))
            assert all(max(map(order.index, here)) < order.index(group) for group in there if group not in here), name


def test_each_secret_has_components_or_a_reason_why_not():
    assert set(TABLE) == {*SECRETS["lakehouse_secrets"], "vault_proxmox_token_secret"}
    for name, row in TABLE.items():
        assert set(row) in ({"components"}, {"components", "after"}, {"by_hand"}) and all(row.values()), name
        assert set(row.get("components", [])) <= set(COMPONENTS), name


def made_of():
    """{variable: every variable that its formula is made of, however far away} of what is true of every site."""
    values = {}
    for path in (ROOT / "group_vars/all").glob("*.yml"):
        if path.name not in ("secrets.yml", "status.yml"):  # the list itself, and what the controller asks
            values.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    names = {name: set(re.findall(r"\b[a-z]\w+", str(value))) for name, value in values.items()}
    names = {name: words | {word + "_default" for word in words if word + "_default" in names} | ({name + "_default"} & set(names))
             for name, words in names.items()}
    found = {}
    for name in names:
        seen, waiting = set(), [name]
        while waiting:
            word = waiting.pop()
            if word not in seen and "_verify" not in word:
                seen.add(word)
                waiting += names.get(word, [])
        found[name] = seen
    return found


def test_the_components_of_a_secret_are_those_whose_variables_are_made_of_it():
    """By the roles' names, which their variables begin with. Airflow's role brings Redis. Who proves something holds nothing."""
    roles = {name: [role["name"].split(".")[-1] for role in (component or {}).get("roles", [{"name": name}]) if "tasks_from" not in role]
             for name, component in COMPONENTS.items()}
    roles["airflow"].append("redis")
    everything = made_of()
    for secret, row in TABLE.items():
        holding = {name for name, words in everything.items() if secret in words and "_verify" not in name}
        expected = {component for component, prefixes in roles.items() if any(name.startswith(tuple(p + "_" for p in prefixes)) for name in holding)}
        # Airflow's users are those of its proofs, and streams read Spark's settings.
        expected |= {"airflow"} if secret in ("vault_airflow_admin_password", "vault_airflow_observer_password") else set()
        expected |= {"spark_streams"} if "spark_iceberg" in expected else set()
        if "components" in row:
            assert set(row["components"]) == expected, secret


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/pt-BR/operations.md"])
def test_the_guide_has_the_same_table(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = [row.strip("|").split(" | ") for row in re.findall(r"^\| `vault_.*\|$", text, flags=re.M)]
    written = {}
    for names, components, *dummy in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert name not in written, name
            written[name] = re.findall(r"`(\w+)`", components) or components.strip()
    assert written == {name: row.get("components", "manual") for name, row in TABLE.items()}
