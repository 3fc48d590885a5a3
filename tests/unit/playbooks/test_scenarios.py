# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Molecule scenario lists is there to be run: Molecule itself only warns, and goes on."""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCENARIOS = sorted((ROOT / "molecule").glob("*/molecule.yml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=[path.parent.name for path in SCENARIOS])
def test_each_step_has_its_playbook(path):
    said = yaml.safe_load(path.read_text())
    playbooks = said["ansible"]["playbooks"]
    for step in said["scenario"]["test_sequence"]:
        action, *given = step.split()
        # These run the playbook of another action.
        action = {"check": "converge", "idempotence": "converge", "syntax": "converge"}.get(action, action)
        assert action in playbooks, f"{action} is in the sequence and in no line of ansible.playbooks"
        for playbook in [playbooks[action], *given]:
            assert (path.parent / playbook).is_file()
