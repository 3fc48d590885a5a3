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
mirror_entries, mirror_record = (FilterModule().filters()[name] for name in ("mirror_entries", "mirror_record"))


def test_picks_what_is_wanted():
    assert mirror_entries(CATALOGUE, ["two-1.0"]) == CATALOGUE[1:]


def test_says_what_is_unknown():
    with pytest.raises(AnsibleFilterError, match="'three-1.0' is wanted.*one-1.0, two-1.0"):
        mirror_entries(CATALOGUE, ["three-1.0"])


def with_patches(*names):
    part = {"kind": "go", "module": "example.org/x", "version": "v1", "sum": "h1:" + "A" * 43 + "=", "patches": list(names)}
    return [{"name": "three", "version": "1.0", "parts": [part]}, {"name": "four", "version": "1.0", "parts": [dict(part, patches=["gone.patch"])]}]


def test_brings_the_texts_of_the_patches_that_a_wanted_release_names():
    (found,) = mirror_entries(with_patches("minio/console.patch"), ["three-1.0"])
    ((name, text),) = found["parts"][0]["patches"].items()
    assert name == "minio/console.patch" and "+++ b/cmd/common-main.go" in text


def test_names_a_patch_that_is_not_there():
    with pytest.raises(AnsibleFilterError, match="gone.patch cannot be read"):
        mirror_entries(with_patches(), ["four-1.0"])


def test_what_was_built_is_recorded_and_what_is_not_there_stays_as_it_was():
    first = mirror_record({}, CATALOGUE, {"one-1.0": "a", "two-1.0": "b"}, ["one-1.0"])
    assert {name: entry["sha256"] for name, entry in first.items()} == {"one-1.0": "a", "two-1.0": "b"}
    assert mirror_record(first, CATALOGUE, {"one-1.0": "a"}, []) == first
    assert mirror_record(first, CATALOGUE[:1], {"one-1.0": "c"}, ["one-1.0"])["one-1.0"]["sha256"] == "c"


def test_what_changed_without_a_build_is_refused_while_its_entry_is_the_recorded_one():
    known = mirror_record({}, CATALOGUE, {"one-1.0": "a"}, [])
    with pytest.raises(AnsibleFilterError, match="one-1.0 has the checksum c, but a was recorded"):
        mirror_record(known, CATALOGUE, {"one-1.0": "c"}, ["two-1.0"])
    other = [dict(CATALOGUE[0], parts=[{"kind": "pypi", "files": {"thing==1.0": "1" * 64}}])]
    assert mirror_record(known, other, {"one-1.0": "c"}, [])["one-1.0"]["sha256"] == "c"
