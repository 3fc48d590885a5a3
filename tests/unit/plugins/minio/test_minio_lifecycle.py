# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a lifecycle, as the server tells them, against the plan's."""

from __future__ import annotations

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket_plan as minio_bucket_plan, lifecycle as minio_lifecycle
from hypothesis import given
from hypothesis import strategies as st
from minio.xml import marshal

KNOWN = "<Expiration><Days>3</Days></Expiration>"


def document(*rules):
    return '<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LifecycleConfiguration>' % "".join(rules)


def rule(inside, where="<Filter><Prefix>q/</Prefix></Filter>"):
    return f"<Rule><ID>x</ID><Status>Enabled</Status>{where}{inside}</Rule>"


@pytest.mark.parametrize("inside, where, other", [
    ("<Expiration><Days>3</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>", None,
     {"Expiration/ExpiredObjectAllVersions": "true"}),
    (KNOWN + "<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>", None, {"DelMarkerExpiration/Days": "1"}),
    ("<Expiration><Date>2099-01-01T00:00:00Z</Date></Expiration>", None, {"Expiration/Date": "2099-01-01T00:00:00Z"}),
    (KNOWN + "<Transition><Days>1</Days><StorageClass>COLD</StorageClass></Transition>", None,
     {"Transition/Days": "1", "Transition/StorageClass": "COLD"}),
    (KNOWN, "<Filter><And><ObjectSizeLessThan>9</ObjectSizeLessThan><Prefix>q/</Prefix></And></Filter>", {"Filter/And/ObjectSizeLessThan": "9"}),
])
def test_what_the_module_has_no_option_for_is_no_secret(inside, where, other):
    found = minio_lifecycle.rules_from_xml(document(rule(inside, *([where] if where else []))))
    assert found[0]["other"] == other and found[0]["prefix"] == "q/"


@pytest.mark.parametrize("where", [
    "<Filter></Filter>", "<Filter/>", "<Filter><Prefix></Prefix></Filter>", "<Prefix></Prefix>", "",
])
def test_a_rule_about_everything_has_one_form(where):
    wanted = minio_bucket_plan.wanted_state({"lifecycle": [{"id": "x", "expiration_days": 3}]})["lifecycle"]
    found = minio_lifecycle.rules_from_xml(document(rule(KNOWN + "<Transition><Days>0</Days></Transition>", where)))
    assert found == wanted


RULES = st.lists(
    st.fixed_dictionaries({
        "id": st.text("abc-", min_size=1, max_size=8),
        "prefix": st.sampled_from(["", "tmp/", "a b/&<"]),
        "tags": st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["1", "", "&"])),
        "enabled": st.booleans(),
        "expiration_days": st.integers(1, 9),
        "noncurrent_days": st.one_of(st.none(), st.integers(1, 9)),
        "noncurrent_keep": st.one_of(st.none(), st.integers(1, 9)),
    }),
    min_size=1, max_size=3, unique_by=lambda rule: rule["id"],
)


@given(RULES)
def test_what_is_written_is_what_is_read(rules):
    wanted = minio_bucket_plan.wanted_state({"lifecycle": rules})["lifecycle"]
    assert minio_lifecycle.rules_from_xml(marshal(minio_lifecycle.to_config(wanted))) == wanted
