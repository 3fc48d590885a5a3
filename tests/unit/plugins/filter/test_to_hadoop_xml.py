# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.gti.lakehouse.plugins.filter.to_hadoop_xml import to_hadoop_xml


def read(text):
    """As Hadoop does: a real XML parser, then name and value of each property."""
    root = ElementTree.fromstring(text.encode("utf-8"))
    return {entry.findtext("name"): entry.findtext("value") for entry in root.iter("property")}


def test_values_are_written_as_java_reads_them():
    assert read(to_hadoop_xml({"a": True, "b": False, "c": 9083, "d": "text", "e": ""})) == {"a": "true", "b": "false", "c": "9083", "d": "text", "e": ""}


def test_order_of_the_settings_does_not_matter():
    assert to_hadoop_xml({"b": 1, "a": 2}) == to_hadoop_xml({"a": 2, "b": 1})


@given(st.dictionaries(st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1), st.text(st.characters(codec="utf-8", min_codepoint=32))))
def test_any_text_survives(settings):
    legal = {name: value for name, value in settings.items() if not any(c in "\ufffe\uffff" for c in name + value)}
    assert read(to_hadoop_xml(legal)) == legal


@pytest.mark.parametrize("value", [None, ["a"], {"a": "b"}, "bell\x07", "\ufffe"])
def test_what_a_site_file_cannot_hold_is_refused_by_name(value):
    with pytest.raises(AnsibleFilterError, match="the.name"):
        to_hadoop_xml({"the.name": value})


def test_a_refused_value_is_not_shown():
    with pytest.raises(AnsibleFilterError) as error:
        to_hadoop_xml({"password": "hush\x00hush"})
    assert "hush" not in str(error.value)


def test_no_dict_is_refused():
    with pytest.raises(AnsibleFilterError, match="a dict"):
        to_hadoop_xml([("a", "b")])
