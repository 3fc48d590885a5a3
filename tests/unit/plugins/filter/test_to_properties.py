# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.to_properties import FilterModule, to_properties
from hypothesis import given
from hypothesis import strategies as st


def read(text):
    """Read a properties file as Java does: ISO 8859-1, escapes, the first separator ends the name."""
    text.encode("ascii")
    found = {}
    for line in text.split("\n"):
        if line and line[0] not in "#!":
            name, value = re.match(r"((?:\\.|[^\\=: ])*)[=:](.*)$", line).groups()
            found[plain(name)] = plain(value.lstrip(" "))
    return found


def plain(text):
    units = b""
    for code, escaped, char in re.findall(r"\\u([0-9a-f]{4})|\\(.)|(.)", text):
        char = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(escaped, escaped) or char
        units += bytes.fromhex(code) if code else char.encode("utf-16-be")
    return units.decode("utf-16-be")


def test_sorted_and_typed():
    settings = {"b.flag": True, "a.size": 4, "c.off": False, "d.list": ["x", 2, True], "e.empty": ""}
    assert to_properties(settings) == "a.size=4\nb.flag=true\nc.off=false\nd.list=x,2,true\ne.empty=\n"


def test_nothing_gives_nothing():
    assert to_properties({}) == ""


def test_references_to_the_environment_stay_as_they_are():
    assert to_properties({"key": "${ENV:NAME}"}) == "key=${ENV:NAME}\n"


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_java_reads_what_was_meant(settings):
    assert read(to_properties(settings)) == settings


@pytest.mark.parametrize("value", [None, {"deep": 1}, [["deep"]], [{"deep": 1}], [None], object()])
def test_what_no_file_can_hold_is_refused_by_name(value):
    with pytest.raises(AnsibleFilterError, match="the.name"):
        to_properties({"the.name": value})


@pytest.mark.parametrize("settings", ["text", None, ["a"]])
def test_no_dict_is_refused(settings):
    with pytest.raises(AnsibleFilterError, match="takes a dict"):
        to_properties(settings)


def test_it_is_offered():
    assert FilterModule().filters() == {"to_properties": to_properties}
