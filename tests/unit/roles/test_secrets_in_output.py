# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No task shows a secret: not in Ansible's output at any verbosity, not in a diff, a journal or a process's arguments.

A variable is secret where it is one of the vaulted ones, or made of one, as far as the formulas of group_vars, defaults and vars say.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import pathlib
import re

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
ACTIONS = {path.stem for path in ROOT.glob("plugins/action/*.py")}  # run on the controller, and log nothing
NO_ARGUMENTS = {"name", "when", "register", "notify", "changed_when", "failed_when", "until", "vars", "module_defaults"}

# What is made of a secret variable, and shows nothing secret of it.
HARMLESS = {
    "roles/airflow/tasks/validate.yml: Check the secrets": "lengths",
    "roles/app_db/tasks/configure.yml: Write who may sign in from where": "databases and their clients",
    "roles/app_db/tasks/validate.yml: Check the databases": "names, and lengths of passwords",
    "roles/db_hive/tasks/validate.yml: Check the secrets": "lengths, and whether Hadoop would change them",
    "roles/kafka_kraft/tasks/setup.yml: Make the rules about who may do what": "what users may do",
    "roles/minio/tasks/setup.yml: Make the policies": "what users may do",
    "roles/trino/tasks/configure.yml: Write the users' groups and the access rules": "groups of users, and what they may do",
    "roles/trino/tasks/validate.yml: Check the catalogs": "whether there is a password",
}


class Loader(yaml.CSafeLoader):
    """YAML as Ansible writes it, tags and all."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


class Captured(Exception):
    """The options of a module, which does not run."""


@functools.cache
def options_of(module):
    """The argument_spec of a module of the collection by its full name; nothing of another's."""
    name = module.removeprefix("gti.lakehouse.")
    if name not in MODULES or name in ACTIONS:
        return {}

    def capture(self, argument_spec, **others):
        raise Captured(argument_spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnsibleModule, "__init__", capture)
        try:
            importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{name}").main()
        except Captured as captured:
            return captured.args[0]
    raise AssertionError(f"{name} has no options")


def has_secrets(options):
    return any(option.get("no_log") or has_secrets(option.get("options") or {}) for option in options.values())


def has_nested_secrets(module):
    return any(has_secrets(option.get("options") or {}) for option in options_of(module).values())


def load(path):
    return yaml.load(path.read_text(), Loader)


def texts(value):
    if isinstance(value, dict):
        value = itertools.chain(value, value.values())
    if isinstance(value, str):
        yield value
    elif hasattr(value, "__iter__"):
        for part in value:
            yield from texts(part)


def names(value):
    """The variables of which a template shows more than a length, a name, or a key that is called like no secret."""
    found = set()
    for text in texts(value):
        for expression in re.findall(r"\{[{%](.*?)[%}]\}", text, re.DOTALL):
            shown = re.sub(r"\w+ *\| *(length|map\(attribute='(name|organization)'\))|\w+(\[|\.get\()'(?!password|secret|webhooks)\w+'", "", expression)
            found.update(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", shown)))
    return found


@functools.cache
def secret_variables():
    made_of = {}
    for path in itertools.chain(*(ROOT.glob(f"{folder}/*.yml") for folder in ("group_vars/all", "roles/*/vars", "roles/*/defaults"))):
        for name, value in (load(path) or {}).items():
            made_of.setdefault(name, set()).update(names(value))
    secret = {name for parts in made_of.values() for name in parts if name.startswith("vault_")}
    while more := {name for name, parts in made_of.items() if parts & secret} - secret:
        secret |= more
    return frozenset(secret)


def tasks_in(listed, within=()):
    """Each task, after the plays and blocks that it is in."""
    for task in listed or []:
        parts = [name for name in ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks", "handlers") if isinstance(task.get(name), list)]
        for part in parts:
            yield from tasks_in(task[part], (*within, task))
        if not parts:
            yield (*within, task)


@functools.cache
def every_task():
    """Where each task is, and the task after what it is in."""
    folders = ("roles/*/tasks", "roles/*/handlers", "playbooks", "playbooks/tasks", "molecule/default", "molecule/default/tasks")
    files = [path for folder in folders for path in sorted(ROOT.glob(f"{folder}/*.yml"))]
    return [(path, chain) for path in files for listed in [load(path)] if isinstance(listed, list) for chain in tasks_in(listed)]


def variables(chain):
    return {name: value for part in chain for name, value in (part.get("vars") or {}).items()}


def hides_all(chain):
    """Whether neither output nor journal get anything, or a module of the collection hides what is secret, and the journal gets nothing."""
    module = next((name for name in chain[-1] if name.startswith("gti.lakehouse.")), "")
    return any("no_log" in part for part in chain) or (has_nested_secrets(module) and variables(chain).get("ansible_no_target_syslog") is True)


def shown_by(chain, path):
    """The variables that a task's arguments, loop and templates show, with those that these are made of."""
    task, scope = chain[-1], variables(chain)
    shown = {}
    for name, value in task.items():
        if name in NO_ARGUMENTS:
            continue
        if name == "ansible.builtin.assert":
            # A condition is shown as it is written; a message names what is wrong by variables of its own.
            value, scope = [value.get("fail_msg"), value.get("success_msg")], {}
        if isinstance(value, dict):
            value = {option: given for option, given in value.items() if not options_of(name).get(option, {}).get("no_log")}
        shown[name] = value
    found = names(shown)
    for template in {template for text in texts(shown) for template in re.findall(r"[\w.-]+\.j2", text)}:
        found.update(*(names(place.read_text()) for place in (path.parent.parent / "templates" / template, path.parent / "templates" / template)
                       if place.is_file()))
    looked_at = set()
    while more := (found & set(scope)) - looked_at:
        looked_at |= more
        found.update(*(names(scope[name]) for name in more))
    return found


def test_a_task_that_shows_a_secret_hides_it():
    secret = secret_variables()
    assert {"airflow_connections", "trino_users", "__minio_users", "lakehouse_probes"} <= secret
    shown = {f"{path.relative_to(ROOT)}: {chain[-1].get('name')}": sorted(shown_by(chain, path) & secret)
             for path, chain in every_task() if not hides_all(chain)}
    shown = {task: variables for task, variables in shown.items() if variables}
    assert {task: variables for task, variables in shown.items() if task not in HARMLESS} == {}
    assert set(HARMLESS) <= set(shown), "what shows nothing any more needs no excuse"


def test_a_secret_in_a_list_of_things_stays_out_of_the_journal():
    """Ansible writes such an argument there as one text, and knows a secret with a line break, quote or backslash in it no longer."""
    seen = set()
    for path, chain in every_task():
        module = next((name for name in chain[-1] if name.startswith("gti.lakehouse.")), "")
        if has_nested_secrets(module):
            seen.add(module.removeprefix("gti.lakehouse."))
            assert hides_all(chain), f"{path}: {chain[-1]['name']}"
    assert seen == {"airflow_content", "gitea_repository", "kafka_user"}


def test_no_secret_is_in_a_tasks_environment_or_arguments():
    """Both are in the command line of what Ansible starts, so in ps, in sudo's journal and, from -vvv on, in the output, whatever no_log says."""
    secret = secret_variables()
    for path, chain in every_task():
        task = chain[-1]
        given = [part.get("environment") for part in chain]
        for name in ("ansible.builtin.command", "ansible.builtin.shell", "ansible.builtin.script"):
            if isinstance(task.get(name), dict):
                given += [task[name].get("argv"), task[name].get("cmd")]
        assert not names(given) & secret and not re.search(r"\['(password|secret)'\]", str(given)), f"{path}: {task.get('name')}"
