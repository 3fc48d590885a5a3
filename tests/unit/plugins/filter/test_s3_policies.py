# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.s3_policies import FilterModule
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import policy as minio_policy

s3_policies = FilterModule().filters()["s3_policies"]


def user(**grant):
    return {"name": "ann", "secret": "not for the policy", "grants": [{"bucket": "lake", **grant}]}


def actions(document, resource, effect="Allow"):
    return {action for entry in document["Statement"] if entry["Effect"] == effect and resource in entry["Resource"] for action in entry["Action"]}


@pytest.mark.parametrize("grant", [{"read": ["raw/"]}, {"write": ["raw/", "tmp/a/"]}, {"read": ["raw/"], "write": ["warehouse/"]}])
def test_the_documents_are_good_ones(grant):
    (policy,) = s3_policies([user(**grant)])
    assert policy["name"] == "ann" and "secret" not in str(policy)
    assert minio_policy.problems(policy["document"]) == []


def test_reading_is_not_writing():
    (policy,) = s3_policies([user(read=["raw/"], write=["warehouse/"])])
    document = policy["document"]
    assert actions(document, "arn:aws:s3:::lake/raw/*") == {"s3:GetObject"}
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} < actions(document, "arn:aws:s3:::lake/warehouse/*")
    # The folder itself, as Hadoop names it.
    assert actions(document, "arn:aws:s3:::lake/warehouse") == actions(document, "arn:aws:s3:::lake/warehouse/*")
    assert actions(document, "arn:aws:s3:::lake/*", "Deny") == {"s3:DeleteObjectVersion"}


def test_listing_is_bound_to_the_prefixes():
    (policy,) = s3_policies([user(read=["raw/"])])
    (listing,) = [entry for entry in policy["document"]["Statement"] if "s3:ListBucket" in entry["Action"]]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["raw", "raw/*"]}}


def test_users_without_grants_have_no_policy():
    assert s3_policies([{"name": "bob"}, {"name": "eve", "grants": []}, user(read=["raw/"])])[0]["name"] == "ann"


@pytest.mark.parametrize("grant", [{"read": ["raw"]}, {"write": ["/raw/"]}, {"write": ["*/"]}, {"read": ["a?/"]}, {"read": [""]}, {}, {"read": []}])
def test_what_is_no_grant(grant):
    with pytest.raises(AnsibleFilterError, match="user ann"):
        s3_policies([user(**grant)])
