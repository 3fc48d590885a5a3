# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import policy as policies
from hypothesis import given
from hypothesis import strategies as st

BUCKET, OBJECTS = "arn:aws:s3:::b", "arn:aws:s3:::b/*"


def statement(actions, resources=None, effect="Allow", **more):
    result = {"Effect": effect, "Action": actions, **more}
    if resources is not None:
        result["Resource"] = resources
    return result


def problems(*statements, **more):
    return policies.problems({"Version": "2012-10-17", "Statement": list(statements), **more})


GOOD = [
    statement("s3:GetObject", OBJECTS),
    statement(["s3:ListBucket", "s3:GetObject"], [BUCKET, OBJECTS]),
    statement(["s3:ListBucket"], BUCKET, Condition={"StringLike": {"s3:prefix": "raw/*"}}),
    statement("s3:*", "*"),
    statement("s3:*", ["arn:aws:s3:::b*"]),
    statement("s3:*", [BUCKET, OBJECTS]),
    statement("s3:Get*", OBJECTS),
    statement("s3:List*", BUCKET),
    statement("s3:GetObject", [BUCKET, OBJECTS]),
    statement("s3:*", OBJECTS, effect="Deny"),
    statement("s3:GetObjec?", OBJECTS),
    statement("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
    statement("admin:*"),
    statement(["admin:ServerInfo", "admin:Prometheus"]),
    statement("kms:*"),
    statement("kms:CreateKey", "arn:minio:kms:::mine"),
    statement("sts:AssumeRoleWithWebIdentity"),
    {"Effect": "Deny", "NotAction": ["s3:GetObject"], "Resource": OBJECTS},
    {"Effect": "Deny", "Action": "s3:*", "NotResource": [BUCKET, OBJECTS]},
]

BAD = [
    (statement("s3:GetObjects", OBJECTS), "unknown action 's3:GetObjects'"),
    (statement("s3:getobject", OBJECTS), "did you mean s3:GetObject"),
    (statement("s4:GetObject", OBJECTS), "unknown action"),
    (statement("GetObject", OBJECTS), "no family"),
    (statement(7, OBJECTS), "unknown action 7"),
    (statement("*", OBJECTS), "write s3:*"),
    (statement("s3:Nope*", OBJECTS), "unknown action"),
    (statement("s3:[G]etObject", OBJECTS), "unknown action"),
    (statement("admin:Get*"), "only wildcard of admin is admin:*"),
    (statement(["s3:GetObject", "admin:ServerInfo"], OBJECTS), "of admin and s3 stand in one statement"),
    (statement("s3:GetObject", BUCKET), "add arn:aws:s3:::b/*"),
    (statement("s3:ListBucket", OBJECTS), "add arn:aws:s3:::b,"),
    (statement("s3:*", BUCKET), "add arn:aws:s3:::b/*"),
    (statement("s3:*", OBJECTS), "add arn:aws:s3:::b,"),
    (statement(["s3:ListBucket", "s3:GetObject"], [BUCKET, OBJECTS, "arn:aws:s3:::other/*"]), "of 'other' only objects"),
    (statement(["s3:ListBucket", "s3:GetObject"], [BUCKET, OBJECTS, "arn:aws:s3:::other"]), "of 'other' only the bucket"),
    (statement("s3:GetObject", BUCKET, effect="Deny"), "add arn:aws:s3:::b/*"),
    (statement("s3:GetObject", "b/*"), "does not start with arn:aws:s3:::"),
    (statement("s3:GetObject", "arn:aws:s3:::"), "names no bucket"),
    (statement("s3:GetObject", "arn:aws:s3:::/x"), "names no bucket"),
    (statement("s3:GetObject", [7]), "not a string"),
    (statement("s3:GetObject"), "Resource is missing"),
    (statement("s3:GetObject", OBJECTS, effect="allow"), "Effect is 'allow'"),
    (statement("s3:GetObject", OBJECTS, Principal="*"), "names no principal"),
    (statement("s3:GetObject", OBJECTS, Actions="s3:*"), "unknown key 'Actions'"),
    (statement("s3:GetObject", OBJECTS, NotAction="s3:PutObject"), "either Action or NotAction"),
    (statement("s3:GetObject", OBJECTS, NotResource=BUCKET), "either Resource or NotResource"),
    (statement("s3:GetObject", OBJECTS, Condition=["x"]), "Condition is not"),
    ({"Effect": "Allow", "Resource": OBJECTS}, "either Action or NotAction"),
    ("text", "is not a dictionary"),
]


@pytest.mark.parametrize("good", GOOD, ids=json.dumps)
def test_good_statements(good):
    assert problems(good) == []


@pytest.mark.parametrize("bad, words", BAD, ids=[words for bad, words in BAD])
def test_bad_statements(bad, words):
    found = problems(GOOD[0], bad)
    assert len(found) == 1 and words in found[0] and found[0].startswith("statement 2")


def test_bad_documents():
    assert "Statement is empty" in problems()[0]
    assert "Version" in problems(GOOD[0], Version="2008-10-17")[0]
    assert "'Statements'" in problems(GOOD[0], Statements=[])[0]


def test_a_problem_names_the_statement():
    assert problems(statement("s3:GetObject", BUCKET, Sid="ReadAll"))[0].startswith("statement 1 (ReadAll): ")


def test_no_action_is_of_two_kinds():
    assert not policies.OBJECT_ACTIONS & policies.BUCKET_ACTIONS
    assert policies.kinds("s3:*") == {"bucket", "objects"}
    assert policies.kinds("s3:GetBucket*") == {"bucket"}
    assert policies.kinds("s3:*Object") == {"objects"}


@pytest.mark.parametrize(
    "left, right",
    [
        ({"Action": "s3:GetObject"}, {"Action": "s3:Get*"}),
        ({"Effect": "Allow"}, {"Effect": "Deny"}),
        ({"Resource": ["a"]}, {"NotResource": ["a"]}),
        ({"Sid": "a"}, {"Sid": "b"}),
        ({"Condition": {"StringEquals": {"s3:prefix": "a"}}}, {"Condition": {"StringLike": {"s3:prefix": "a"}}}),
        ({"Condition": {"StringEquals": {"s3:prefix": "a"}}}, {}),
    ],
)
def test_what_differs(left, right):
    assert not policies.same({"Statement": [left]}, {"Statement": [right]})


def test_addresses_that_are_none_are_left_to_the_server():
    condition = {"NotIpAddress": {"aws:SourceIp": "nonsense"}}
    assert policies.canonical({"Statement": {"Condition": condition}})["Statement"][0]["Condition"] == {
        "NotIpAddress": {"aws:SourceIp": ["nonsense"]}
    }


names = st.sampled_from(["s3:GetObject", "s3:Put*", "s3:ListBucket", "s3:*"])
arns = st.sampled_from([BUCKET, OBJECTS, "arn:aws:s3:::c/raw/*", "*"])
conditions = st.dictionaries(
    st.sampled_from(["StringLike", "StringEquals", "Bool", "NumericLessThan"]),
    st.dictionaries(
        st.sampled_from(["s3:prefix", "aws:SecureTransport", "s3:max-keys"]),
        st.one_of(st.text(max_size=3), st.booleans(), st.integers(0, 9), st.lists(st.text(max_size=3), min_size=1, max_size=3)),
        min_size=1,
    ),
    max_size=2,
)
statements = st.builds(
    lambda effect, action, resource, condition: {"Effect": effect, "Action": action, "Resource": resource, **({"Condition": condition} if condition else {})},
    st.sampled_from(["Allow", "Deny"]),
    st.one_of(names, st.lists(names, min_size=1, max_size=4)),
    st.one_of(arns, st.lists(arns, min_size=1, max_size=4)),
    conditions,
)


@given(st.lists(statements, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_and_form_mean_nothing(document, random):
    shuffled = []
    for entry in document:
        entry = dict(entry)
        for key in ("Action", "Resource"):
            values = policies.as_list(entry[key])
            random.shuffle(values)
            entry[key] = values[0] if len(values) == 1 else values + values[:1]
        shuffled.append(entry)
    random.shuffle(shuffled)
    left, right = {"Statement": document}, {"Version": "2012-10-17", "Statement": shuffled + shuffled[:1]}
    assert policies.same(left, right)
    assert policies.canonical(policies.canonical(left)) == policies.canonical(left)
