# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import pathlib
import re

import pytest
import yaml

from ansible_collections.gti.lakehouse.plugins.module_utils.site import checks as site_checks

ROOT = pathlib.Path(__file__).parents[4]
COMPONENTS = yaml.safe_load((ROOT / "group_vars/all/components.yml").read_text())["lakehouse_components"]
INVENTORIES = sorted(path for pattern in ("inventories/*/hosts.yml", "inventories/*/group_vars/*/*.yml", "molecule/*/inventory/*.yml")
                     for path in ROOT.glob(pattern) if path.name != "secrets.yml")


@pytest.mark.parametrize("network, wide, words", [
    ("192.0.2.0/24", False, "whole network 192.0.2.0/24"),
    ("0.0.0.0/0", False, "whole network"),
    ("192.0.0.0/16", False, "whole network"),
    ("0.0.0.0/0", True, ""),
    ("192.0.2.0/25", False, ""),
    ("192.0.2.9/32", False, ""),
    ("198.51.100.0/24", False, ""),
    ("203.0.113.0/24", False, "whole network 203.0.113.0/24"),  # of another container
    ("0.0.0.0/1", False, "wider than any network"),
    ("10.0.0.0/8", False, ""),  # the largest network of private addresses
    ("2001:db8::/32", False, "Write an IPv4 network"),
    ("192.0.2.9/24", True, "has host bits set"),
    ("office", True, "Write an IPv4 network"),
])
def test_a_network_is_as_wide_as_a_site_can_mean(network, wide, words):
    found = site_checks.network_problems([network], ["203.0.113.7", "192.0.2.31"], 24, wide)
    assert len(found) == bool(words) and words in "".join(found)


def test_two_halves_are_a_whole():
    found = site_checks.network_problems(["192.0.2.128/25", "198.51.100.0/24", "192.0.2.0/25"], ["192.0.2.31"], 24, False)
    assert len(found) == 1 and "has 192.0.2.128/25, 192.0.2.0/25, which holds the containers' whole network 192.0.2.0/24" in found[0]


def test_one_network_is_a_list_all_the_same():
    assert site_checks.network_problems("192.0.2.9/32", ["192.0.2.31"], 24, False) == ["lakehouse_admin_networks is no list: write [192.0.2.9/32]."]


def test_a_tag_that_nothing_has_is_named_with_the_nearest():
    known = site_checks.known_tags(ROOT, COMPONENTS)
    assert site_checks.tag_problems(["trinoo", "trino"], known) == ["There is no tag trinoo (did you mean trino?)."]
    assert site_checks.tag_problems(["xyzzy"], known) == ["There is no tag xyzzy."]


def test_the_tags_that_are_documented_and_used_are_known():
    guide = (ROOT / "docs/operations.md").read_text()
    used = {tag for path in ROOT.glob("molecule/*/molecule.yml") for tags in re.findall(r"-tags=(\S+)", path.read_text()) for tag in tags.split(",")}
    used |= {tag for tags in re.findall(r"--tags ([\w,]+)", guide) for tag in tags.split(",")}
    used |= {name for name in re.findall(r"\b[a-z]\w*_verify\b", (ROOT / "playbooks/verify.yml").read_text()) if "`%s`" % name in guide}
    assert used - site_checks.known_tags(ROOT, COMPONENTS) == set()


def test_a_variable_that_nothing_reads_is_named_with_the_nearest():
    known = site_checks.known_variables(ROOT)
    given = ["lakehouse_trino_versao", "trino_heap_mb", "somebody_elses", "lakehouse_mine", "lakehouse_trino_version", "kafka_lag_max", "vault_mine"]
    assert site_checks.variable_problems(given, known, site_checks.prefixes(ROOT), ["lakehouse_mine"]) == [
        "There is no variable lakehouse_trino_versao (did you mean lakehouse_trino_version?).",
        "There is no variable trino_heap_mb (did you mean trino_heap_mib?)."]


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_inventories_that_ship_set_what_there_is(path):
    own = {"lakehouse_lab_state_dir", "lakehouse_lab_cache_dir"}
    names = set(re.findall(r"^ *(\w+):", path.read_text(), re.MULTILINE))
    assert site_checks.variable_problems(names, site_checks.known_variables(ROOT), site_checks.prefixes(ROOT), own) == []


def test_every_variable_of_the_roles_is_known():
    specified = {name for path in ROOT.glob("roles/*/meta/argument_specs.yml")
                 for entry in yaml.safe_load(path.read_text())["argument_specs"].values() for name in entry.get("options", {})}
    assert specified and specified - site_checks.known_variables(ROOT) == set()


DEFAULTS = {"a_text": "gti", "a_list": [], "a_table": {"x": 1}, "a_switch": True, "a_formula": None}


@pytest.mark.parametrize("name, value, words", [
    ("a_text", 2026, "write it in quotes"),
    ("a_text", 1.5, "write it in quotes"),
    ("a_text", True, "write it in quotes"),
    ("a_text", datetime.date(2026, 1, 2), "write it in quotes"),
    ("a_text", None, 'write ""'),
    ("a_list", None, "write []"),
    ("a_list", "one", "is no list"),
    ("a_list", {"x": 1}, "is no list"),
    ("a_table", None, "write {}"),
    ("a_table", ["x"], "is no table"),
    ("a_formula", None, "has no value"),
    ("a_switch", None, "has no value"),
])
def test_what_yaml_made_something_else_of_is_named(name, value, words):
    (found,) = site_checks.form_problems({name: value}, DEFAULTS)
    assert name in found and words in found


@pytest.mark.parametrize("name, value", [
    ("a_text", "2026"), ("a_text", "{{ x }}"), ("a_list", "{{ x }}"), ("a_list", ["x"]), ("a_table", {}), ("a_switch", "false"), ("a_formula", 1),
    ("a_text", object()), ("not_a_default", None)])  # an object: an inline vault
def test_what_is_meant_so_is_left_alone(name, value):
    assert site_checks.form_problems({name: value}, DEFAULTS) == []


def test_an_addition_that_nothing_reads_is_named():
    given = {"a_default": [], "a": [1], "a_extra": [2], "b_default": [], "b": "{{ b_default + b_extra }}", "b_extra": [2],
             "c_default": [], "c": [1], "c_extra": [], "somebody_extra": [1]}
    assert site_checks.unread_additions(given) == ["a is set, and so nothing reads a_extra: write the additions into a, or take it out of the inventory."]


def test_the_defaults_themselves_are_of_their_form():
    defaults = site_checks.literal_defaults(ROOT, yaml.safe_load)
    assert defaults["lakehouse_name"] == "gti" and defaults["lakehouse_gitea_people"] == [] and defaults["lakehouse_no_proxy"] is None
    assert isinstance(defaults["kafka_kraft_topics"], list) and isinstance(defaults["lakehouse_personal_data"], dict)
    assert site_checks.form_problems({name: value for name, value in defaults.items() if value is not None}, defaults) == []


def test_archives_that_a_site_vouches_for_are_named_together():
    catalogue = [{"name": "a", "version": "1", "parts": [{"kind": "url", "url": "u1", "sha256": ""}, {"kind": "maven"}]},
                 {"name": "b", "version": "2", "parts": [{"kind": "url", "url": "u2", "sha256": ""}]},
                 {"name": "b", "version": "3", "parts": [{"kind": "url", "url": "u3", "sha256": ""}]},
                 {"name": "c", "version": "1", "parts": [{"kind": "url", "url": "u4", "sha256": "0" * 64}]}]
    assert site_checks.missing_checksums(catalogue, ["a-1", "b-2", "c-1"]) == ["u1", "u2"]
