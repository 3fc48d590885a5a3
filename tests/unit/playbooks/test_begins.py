# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each playbook begins with what all have in common: the site's lock, and the names of tags and variables."""

from __future__ import annotations

import pathlib

import pytest
import yaml

PLAYBOOKS = sorted((pathlib.Path(__file__).resolve().parents[3] / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("playbook", [path for path in PLAYBOOKS if path.name != "begin.yml"], ids=lambda path: path.stem)
def test_it_begins_as_all_do(playbook):
    assert yaml.safe_load(playbook.read_text())[0]["ansible.builtin.import_playbook"] == "begin.yml"
