# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's set filters return is in another order in each run: a file that is made of it would change each time."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
FILES = sorted([*ROOT.glob("group_vars/all/*.yml"), *ROOT.glob("roles/*/vars/*.yml"), *ROOT.glob("roles/*/templates/*")])
SETS = re.compile(r"\|\s*(difference|intersect|union|symmetric_difference)\(")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_written_is_in_the_order_of_a_set(path):
    assert not [line for line in path.read_text().splitlines() if SETS.search(line) and "sort" not in line]
