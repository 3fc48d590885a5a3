# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module's page, as ansible-doc puts it together, is whole: attributes, examples, returned values with samples."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
MODULES = sorted("gti.lakehouse." + path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
GROUPS = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]


@pytest.fixture(scope="module")
def pages():
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("ansible-doc")), "--json", *MODULES], check=True, capture_output=True,
                          text=True, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}, cwd=ROOT)
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", MODULES)
def test_a_page_is_whole(pages, module):
    page = pages[module]
    attributes = page["doc"]["attributes"]
    assert {"check_mode", "diff_mode"} <= set(attributes)
    assert module + ":" in page["examples"]
    assert page["return"] and all("sample" in value or "contains" in value for value in page["return"].values())
    groups = sorted("gti.lakehouse." + group for group, members in GROUPS.items() if module.rsplit(".", 1)[1] in members)
    assert attributes.get("action_group", {}).get("membership", []) == groups


def test_nothing_is_said_twice(pages):
    for module, page in pages.items():
        notes = page["doc"].get("notes", [])
        assert len(notes) == len(set(notes)), module
