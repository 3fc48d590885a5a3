# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Molecule scenario lists is there to be run: Molecule itself only warns, and goes on."""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
BASE = yaml.safe_load((ROOT / ".config/molecule/config.yml").read_text())
SCENARIOS = sorted((ROOT / "molecule").glob("*/molecule.yml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=[path.parent.name for path in SCENARIOS])
def test_each_step_has_its_playbook(path):
    said = yaml.safe_load(path.read_text())
    playbooks = {**BASE["ansible"]["playbooks"], **said["ansible"].get("playbooks", {})}
    for step in said["scenario"].get("test_sequence", BASE["scenario"]["test_sequence"]):
        action, *given = step.split()
        # These run the playbook of another action.
        action = {"check": "converge", "idempotence": "converge", "syntax": "converge"}.get(action, action)
        assert action in playbooks, f"{action} is in the sequence and in no line of ansible.playbooks"
        for playbook in [playbooks[action], *given]:
            assert (path.parent / playbook).is_file()


def test_each_component_is_in_a_scenario_beside_that_of_the_whole_site():
    limits = [argument for path in SCENARIOS for argument in yaml.safe_load(path.read_text())["ansible"]["executor"]["args"]["ansible_playbook"]
              if argument.startswith("--limit=")]
    components = yaml.safe_load((ROOT / "group_vars/all/components.yml").read_text())["lakehouse_components"]
    groups = {group for name, component in components.items() for group in component.get("groups", [name])}
    assert groups <= {name for limit in limits for name in limit.removeprefix("--limit=").split(",")}
