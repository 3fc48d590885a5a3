# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's public interface is defaults/main.yml, and meta/argument_specs.yml says the same."""
from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/meta/argument_specs.yml"))


def load(path):
    return yaml.safe_load(path.read_text()) or {} if path.exists() else {}


def options_of(role):
    """All options of all entry points; one name must mean the same everywhere."""
    options = {}
    for entry in load(role / "meta/argument_specs.yml")["argument_specs"].values():
        for name, option in entry.get("options", {}).items():
            if name in options:
                assert option.get("default") == options[name].get("default"), name
            options[name] = option
    return options


def computed(option, value):
    """Whether a default is a formula where no text can stand."""
    return option["type"] in ("bool", "dict", "float", "int") and isinstance(value, str) and "{{" in value


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestPublicInterface:
    def test_every_default_is_specified_with_its_value(self, role):
        options = options_of(role)
        for name, value in load(role / "defaults/main.yml").items():
            assert name in options, "%s has a default and no entry in argument_specs" % name
            if computed(options[name], value):
                assert "default" not in options[name], "a formula is no %s: ansible-doc wants none" % options[name]["type"]
            else:
                assert options[name].get("default") == value, name

    def test_every_specified_default_is_a_default(self, role):
        defaults = load(role / "defaults/main.yml")
        for name, option in options_of(role).items():
            if "default" in option:
                assert name in defaults, "%s has a default in argument_specs only" % name
            if option.get("required"):
                assert name not in defaults, "%s is required and has a default" % name

    def test_public_names_carry_the_roles_name(self, role):
        for name in options_of(role):
            assert name.startswith(role.name + "_"), name

    def test_every_option_is_described(self, role):
        for name, option in options_of(role).items():
            assert option.get("description") and option.get("type"), name
            if option["type"] == "list":
                assert option.get("elements"), name


def test_every_role_has_a_specification():
    assert [path.name for path in ROLES] == sorted(path.name for path in ROOT.glob("roles/*") if path.is_dir())


def test_the_stages_of_a_component_are_the_houses():
    stages = ["install", "configure", "service", "verify"]
    for role in ROLES:
        if role.name in ("common", "mirror"):
            continue
        check, deploy = load(role / "tasks/main.yml")
        assert check["ansible.builtin.import_tasks"] == "validate.yml" and check["tags"] == [role.name + "_validate"], role.name
        assert deploy["ansible.builtin.import_tasks"] == "deploy.yml", role.name
        tasks = load(role / "tasks/deploy.yml")
        assert [task["ansible.builtin.import_tasks"] for task in tasks] == [stage + ".yml" for stage in stages], role.name
        for task, stage in zip(tasks, stages):
            assert "%s_%s" % (role.name, stage) in task["tags"], role.name


def test_preflight_holds_every_component_to_its_specification():
    """What site.yml deploys has no check of its own there: preflight is it, before anything is changed."""
    asked = next(play for play in load(ROOT / "playbooks/preflight.yml") if play["name"] == "Check the variables of every component")
    loop = asked["tasks"][0]["loop"]
    for name in ["mirror", *load(ROOT / "group_vars/all/components.yml")["lakehouse_components"]]:
        assert "'%s'" % name in loop, name
        entries = load(ROOT / "roles" / name / "meta/argument_specs.yml")["argument_specs"]
        assert entries["validate"]["options"] == entries["main"]["options"], name


def test_a_switch_may_be_a_text():
    """-e NAME=false, an INI inventory and a survey give texts, and in an expression the text "false" is true."""
    switches = [name for role in ROLES for name, option in options_of(role).items() if option["type"] == "bool"]
    read = re.compile(r"\b(%s)\b(?!:| \| bool| \| default\((?:true|false)\) \| bool)" % "|".join(sorted(set(switches))))
    for folder in ("group_vars/all", "playbooks", "roles"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".yml", ".j2") or path.name == "argument_specs.yml":
                continue
            for line in path.read_text().splitlines():
                # Ansible itself turns no_log into a bool; a value in brackets is only shown.
                told = re.sub(r"^ *no_log: .*|\w+: \{\{ \w+ \}\}|\w+ (?:to|is) (?:true|false)\b", "", line)
                assert not read.search(told), "%s: %s" % (path.relative_to(ROOT), line.strip())


def test_task_files_stay_readable():
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        assert len(path.read_text().splitlines()) <= 120, path


def test_every_group_vars_file_reaches_the_playbooks():
    """Ansible loads the group_vars beside a playbook only, so playbooks/ holds a link to each file."""
    for path in (ROOT / "group_vars/all").glob("*.yml"):
        link = ROOT / "playbooks/group_vars/all" / path.name
        assert link.is_symlink() and link.resolve() == path.resolve(), path.name


def test_roles_never_look_at_groups():
    for path in ROOT.glob("roles/*/**/*"):
        if path.is_file() and path.suffix in (".yml", ".j2"):
            text = path.read_text()
            assert not re.search(r"\bgroups\[|\bhostvars\[|\bgroups\.(get|items|keys)|\bgroup_names\b", text), path


def test_the_example_of_secrets_shows_every_secret():
    names = load(ROOT / "group_vars/all/secrets.yml")["lakehouse_secrets"]
    example = load(ROOT / "inventories/gti_local/group_vars/lakehouse/secrets.yml.example")
    assert list(example) == ["vault_proxmox_token_secret"] + names
    assert not any(example.values())


def tasks_in(tree):
    """Every task below a list of tasks, blocks opened."""
    for task in tree or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_in(task.get(part))


PARTS = load(ROOT / "roles/common/meta/argument_specs.yml")["argument_specs"]
WIRED = {name for path in [ROOT / "roles/common/defaults/main.yml", *ROOT.glob("group_vars/all/*.yml")] for name in load(path)}
BUILDING = ("account", "java", "offered", "packages", "release", "tls", "unit", "wait")
IMPORTS = [
    (path, task)
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml"))
    for task in tasks_in(load(path))
    for called in [task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role") or {}]
    if called.get("name") == "gti.lakehouse.common" and called.get("tasks_from") in BUILDING
]


@pytest.mark.parametrize("path, task", IMPORTS, ids=["%s: %s" % (path.relative_to(ROOT), task["name"]) for path, task in IMPORTS])
def test_what_a_role_tells_a_common_part_is_specified(path, task):
    """Here and not in each run, where looking at it is a task of its own on every host."""
    called = task.get("ansible.builtin.import_role") or task["ansible.builtin.include_role"]
    assert called["rolespec_validate"] is False
    options = PARTS[called["tasks_from"]]["options"]
    told = {name: value for name, value in task.get("vars", {}).items() if name.startswith("common_")}
    assert set(told) <= set(options)
    assert {name for name, option in options.items() if option.get("required")} <= set(told) | WIRED
    for name, value in told.items():
        if "choices" in options[name] and "{{" not in str(value):
            assert value in options[name]["choices"]
