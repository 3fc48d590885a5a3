# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/how-to.md has people type exists: playbooks, tags, commands of the trial, variables with their elements' keys."""
from __future__ import annotations

import pathlib
import re
import shlex

import pytest
import yaml

from ansible_collections.gti.lakehouse.plugins.module_utils.site import checks as site_checks

ROOT = pathlib.Path(__file__).parents[3]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "docs/how-to.md").read_text(encoding="utf-8"), flags=re.S | re.M)
COMMANDS = [line for language, body in BLOCKS if language == "sh" for line in body.splitlines()]
VARIABLES = {name: value for language, body in BLOCKS if language == "yaml" for name, value in yaml.safe_load(body).items()}
COMPONENTS = yaml.safe_load((ROOT / "group_vars/all/components.yml").read_text())["lakehouse_components"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_there(command):
    words = shlex.split(command, comments=True)
    if words[0] == "ansible-playbook":
        assert words[1:3] == ["-i", "inventories/SITE"] and (ROOT / words[3]).is_file()
        assert words[4:] == [] or words[4] == "--tags"
        assert site_checks.tag_problems(words[5].split(",") if words[4:] else [], site_checks.known_tags(ROOT, COMPONENTS)) == []
    elif words[0].startswith("./"):
        assert (ROOT / words[0]).is_file()
    elif words[0] == "python3":
        assert (ROOT / "repositories/superset-config" / words[1]).is_file()
    else:
        assert words[0] in ("git", "trino")


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_read_and_its_elements_have_the_keys_that_are(name):
    assert name in site_checks.known_variables(ROOT)
    role = re.match("kafka_kraft|minio", name)
    if role:
        options = yaml.safe_load((ROOT / "roles" / role[0] / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
        for element in VARIABLES[name]:
            assert set(element) <= set(options[name.removesuffix("_extra")]["options"])


def test_the_dag_and_the_policies_that_it_names_are_there():
    dags = ROOT / "repositories/airflow-dags"
    assert (dags / "dags/load_csv.py").is_file() and (dags / "config/maintenance.yml").is_file()


def test_both_readmes_lead_there():
    assert "(docs/how-to.md)" in (ROOT / "README.md").read_text() and "(docs/pt-BR/how-to.md)" in (ROOT / "README.pt-BR.md").read_text()
