# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.mirror_entries import FilterModule

CATALOGUE = [
    {"name": name, "version": "1.0", "parts": [{"kind": "pypi", "files": {"thing==1.0": "0" * 64}}]} for name in ("one", "two")
]
mirror_entries = FilterModule().filters()["mirror_entries"]


def test_picks_what_is_wanted():
    assert mirror_entries(CATALOGUE, ["two-1.0"]) == CATALOGUE[1:]


def test_says_what_is_unknown():
    with pytest.raises(AnsibleFilterError, match="'three-1.0' is wanted.*one-1.0, two-1.0"):
        mirror_entries(CATALOGUE, ["three-1.0"])
