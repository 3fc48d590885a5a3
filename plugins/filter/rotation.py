# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import difflib

import yaml
from ansible.errors import AnsibleFilterError

ALL = "all"
FORM = "The vaulted file is no plain list of names and values, one below the other. Write it so by ansible-vault edit."


def _entries(text):
    """The entries of a YAML mapping as (name, start, end): places in the text, whole lines, without blank lines and comments behind them.

    :raises AnsibleFilterError: it is no such mapping. Says nothing of the text, which is secret.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise AnsibleFilterError("The vaulted file is no YAML%s." % ("" if line is None else ", see line %d" % (line + 1))) from None
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise AnsibleFilterError(FORM)
    found = []
    for key, value in root.value:
        last = len(text[:max(key.end_mark.index, value.end_mark.index)].rstrip())
        end = text.find("\n", last)
        found.append((key.value, text.rfind("\n", 0, key.start_mark.index) + 1, len(text) if end < 0 else end + 1))
    return found


def _texts(text):
    return {name: text[start:end].strip() for name, start, end in _entries(text)}


def without_secrets(text, names):
    """Take entries out of a text in YAML. All else stays as it is, comments and tags (!vault, !unsafe) among it.

    :param text: str, a mapping of names and values.
    :param names: list of str.
    :returns: str.
    :raises AnsibleFilterError: the text is no such mapping, or what stays would no longer mean the same.
    """
    if not names:
        return text
    kept = text
    for name, start, end in reversed(_entries(text)):
        if name in names:
            kept = kept[:start] + kept[end:]
    if _texts(kept) != {name: entry for name, entry in _texts(text).items() if name not in names}:
        raise AnsibleFilterError(FORM)
    return kept


def rotation_begun(text, before):
    """The secrets that have another value than before.

    :param text: str, the file's text in YAML.
    :param before: str, the text that it had.
    :returns: sorted list of str, names that were there before.
    """
    now = _texts(text)
    return sorted(name for name, entry in _texts(before).items() if now.get(name) != entry)


def rotation_names(asked, table, text):
    """The names that a person asked for.

    :param asked: str, a name, several with commas, or ``all``: those of the file that may be rotated so.
    :param table: dict of a secret's name to its row, as ``lakehouse_rotation``.
    :param text: str, the vaulted file's text in YAML.
    :returns: list of str, without doubles.
    """
    if asked.strip() == ALL:
        there = _texts(text)
        return [name for name, row in table.items() if "components" in row and name in there]
    return list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))


def rotation_problems(names, table, text, begun):
    """Say why secrets cannot be rotated by one command, each time with the name and the remedy.

    :param names: list of str, what is asked for.
    :param table: dict of a secret's name to its row, as ``lakehouse_rotation``.
    :param text: str, the vaulted file's text in YAML.
    :param begun: list of str, what a run that did not end has rotated.
    :returns: list of sentences, empty where all is well. They hold names and no value.
    """
    able = sorted(name for name, row in table.items() if "components" in row)
    if not names:
        return ["Say which by -e rotate=NAME, several with commas, or all. There are: %s." % ", ".join(able)]
    there, said = _texts(text), []
    for name in names:
        if name not in table:
            near = difflib.get_close_matches(name, sorted(table), 1)
            said.append("There is no secret %s%s." % (name, " (did you mean %s?)" % near[0] if near else "; there are: %s" % ", ".join(able)))
        elif "by_hand" in table[name]:
            said.append("%s is not rotated by this command: %s" % (name, table[name]["by_hand"]))
        elif name not in there and name not in begun:
            said.append("%s is not in the vaulted file: rotate it where the site keeps it, or run playbooks/secrets.yml, which makes what is missing." % name)
    if begun and set(begun) != set(names):
        said.append("The rotation of %s did not end. End it first: -e rotate=%s. Where site.yml did, remove rotation-before.yml from "
                    "lakehouse_secrets_dir." % (", ".join(begun), ",".join(begun)))
    return said


def rotation_components(components, table, names):
    """The components of a rollout in which only those do something that hold one of the secrets.

    :param components: dict, as ``lakehouse_components``.
    :param table: dict of a secret's name to its row, as ``lakehouse_rotation``; the first of its components is the server, which the others wait for.
    :param names: list of str, the secrets.
    :returns: dict of the same names. One that holds none of the secrets has no roles.
    """
    wanted, needs = set(), {}
    for name in names:
        server, *clients = table[name]["components"]
        wanted.update([server, *clients])
        for client in clients:
            needs.setdefault(client, []).append(server)
    result = {}
    for name, component in components.items():
        here = dict(component or {})
        here["needs"] = list(dict.fromkeys([*here.get("needs", []), *needs.get(name, [])]))
        result[name] = here if name in wanted else {**here, "roles": []}
    return result


class FilterModule:
    """Filters by which playbooks/rotate.yml gives secrets new values."""

    def filters(self):
        return {"without_secrets": without_secrets, "rotation_begun": rotation_begun, "rotation_names": rotation_names,
                "rotation_problems": rotation_problems, "rotation_components": rotation_components}
