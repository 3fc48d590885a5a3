# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import bucket_plan as buckets
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import user_plan as users
from hypothesis import given
from hypothesis import strategies as st


# --- sizes and names ---

@pytest.mark.parametrize(
    "text, size",
    [("0", 0), (1048576, 2**20), ("1KiB", 1024), ("1k", 1024), ("500 GiB", 500 * 2**30), ("1.5T", 3 * 2**39), ("2PB", 2**51), ("10 B", 10)],
)
def test_sizes(text, size):
    assert buckets.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "1XB", "1 G G", "0.3", "1e3"])
def test_what_is_no_size(text):
    with pytest.raises(buckets.Invalid, match="quota"):
        buckets.parse_size(text)


@given(st.integers(0, 2**50), st.sampled_from(["", "K", "MiB", "g", "TB"]))
def test_sizes_scale(number, unit):
    factor = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}[unit[:1].upper()]
    # Floating point holds these exactly while they have few digits.
    number %= 2**20
    assert buckets.parse_size(f"{number}{unit}") == number * 1024**factor


@pytest.mark.parametrize("name", ["abc", "a-b.c9", "x" * 63, "999", "1.2.3.4.5"])
def test_legal_names(name):
    buckets.check_name(name)


@pytest.mark.parametrize("name", ["ab", "x" * 64, "Abc", "a_b", "-abc", "abc-", "a..b", "a.-b", "a-.b", "10.0.0.1", "a b", "abc\n"])
def test_illegal_names(name):
    with pytest.raises(buckets.Invalid, match="not legal"):
        buckets.check_name(name)


# --- buckets ---

def test_nothing_asked_nothing_wanted():
    assert buckets.wanted_state({"name": "b", "versioning": None, "tags": None}) == {}


def test_empty_is_not_nothing():
    assert buckets.wanted_state({"tags": {}, "lifecycle": [], "quota": "0", "encryption": "none"}) == {
        "tags": {}, "lifecycle": [], "quota": 0, "encryption": None,
    }


def test_rules_take_their_one_form():
    wanted = buckets.wanted_state({"lifecycle": [{"id": "b", "noncurrent_days": 1, "prefix": None}, {"id": "a", "expiration_days": 2, "tags": {"n": 1}}]})
    assert [rule["id"] for rule in wanted["lifecycle"]] == ["a", "b"]
    assert wanted["lifecycle"][0]["tags"] == {"n": "1"}
    assert wanted["lifecycle"][1] == dict(buckets.RULE_DEFAULTS, id="b", noncurrent_days=1)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"lifecycle": [{"id": "x", "prefix": "a/"}]}, "does nothing"),
        ({"lifecycle": [{"id": "x", "expiration_days": -1}]}, "at least 1"),
        ({"lifecycle": [{"id": "x", "expiration_days": 1, "expired_delete_markers": True}]}, "already removes"),
        ({"lifecycle": [{"id": "x", "tags": {"a": "b"}, "expired_delete_markers": True}]}, "have no tags"),
        ({"lifecycle": [{"id": "x", "expiration_days": 1}] * 2}, "two rules with the id 'x'"),
        ({"encryption": "sse-kms"}, "needs encryption_key"),
        ({"encryption": "sse-s3", "encryption_key": "k"}, "goes with"),
        ({"retention": {"mode": "none", "days": 1}}, "no days or years"),
        ({"retention": {"mode": "governance"}}, "either days or years"),
        ({"retention": {"mode": "compliance", "days": 1, "years": 1}}, "either days or years"),
        ({"object_lock": True, "versioning": "suspended"}, "cannot be suspended"),
        ({"unversioned_prefixes": ["tmp/"]}, "needs versioning enabled"),
        ({"unversioned_prefixes": ["tmp/"], "versioning": "suspended"}, "needs versioning enabled"),
        ({"unversioned_prefixes": ["tmp"], "versioning": "enabled"}, "a slash at its end"),
        ({"unversioned_prefixes": ["*/tmp/"], "versioning": "enabled"}, "no star"),
        ({"unversioned_prefixes": [f"{n}/" for n in range(11)], "versioning": "enabled"}, "MinIO takes 10"),
    ],
)
def test_impossible_options(options, words):
    with pytest.raises(buckets.Invalid, match=words):
        buckets.wanted_state(options)


def test_a_new_bucket_writes_what_differs_from_new():
    wanted = {"versioning": "enabled", "quota": 0, "tags": {"a": "b"}, "lifecycle": []}
    assert buckets.plan(None, wanted) == ["versioning", "tags"]


def test_a_versioned_bucket_is_versioned_throughout_unless_told_otherwise():
    assert buckets.wanted_state({"versioning": "enabled"})["unversioned_prefixes"] == []
    wanted = buckets.wanted_state({"versioning": "enabled", "unversioned_prefixes": ["tmp/", "logs/", "tmp/"]})
    assert wanted["unversioned_prefixes"] == ["logs/", "tmp/"]
    assert buckets.plan(None, wanted) == ["versioning", "unversioned_prefixes"]
    state = dict(buckets.NEW, **wanted)
    assert buckets.plan(state, wanted) == []
    assert buckets.plan(state, buckets.wanted_state({"versioning": "enabled"})) == ["unversioned_prefixes"]
    # Versioning is written without any.
    assert buckets.plan(dict(state, versioning="suspended"), wanted) == ["versioning", "unversioned_prefixes"]
    assert buckets.plan(state, buckets.wanted_state({"versioning": "suspended"})) == ["versioning"]


def test_object_lock_brings_versioning():
    assert buckets.plan(None, {"object_lock": True, "versioning": "enabled"}) == []
    assert buckets.plan(None, {"object_lock": True, "retention": {"mode": "governance", "days": 1}}) == ["retention"]


def test_the_same_is_no_step():
    state = dict(buckets.NEW, versioning="enabled", tags={"a": "b"})
    assert buckets.plan(state, {"versioning": "enabled", "tags": {"a": "b"}, "object_lock": False}) == []


def test_a_private_bucket_has_no_policy_of_its_own():
    strangers = dict(buckets.NEW, policy={"Statement": []})
    assert buckets.wanted_state({"private": True}) == {"policy": None} and buckets.wanted_state({"private": False}) == {}
    assert buckets.plan(strangers, {"policy": None}) == ["policy"]
    assert buckets.plan(dict(buckets.NEW), {"policy": None}) == buckets.plan(None, {"policy": None}) == []


def test_steps_come_in_order():
    wanted = {"tags": {"a": "b"}, "quota": 1, "versioning": "enabled"}
    assert buckets.plan(dict(buckets.NEW), wanted) == ["versioning", "quota", "tags"]


@pytest.mark.parametrize(
    "current, wanted, words",
    [
        ({"object_lock": False}, {"object_lock": True}, "has no object lock"),
        ({"object_lock": True}, {"object_lock": False}, "has object lock"),
        ({"object_lock": True, "versioning": "enabled"}, {"versioning": "suspended"}, "cannot be suspended"),
        ({"object_lock": False}, {"retention": {"mode": "governance", "days": 1}}, "made with object_lock"),
        (None, {"retention": {"mode": "governance", "days": 1}}, "made with object_lock"),
        ({"object_lock": True, "versioning": "enabled"}, {"unversioned_prefixes": ["tmp/"]}, "exclude each other"),
    ],
)
def test_what_a_bucket_cannot_become(current, wanted, words):
    with pytest.raises(buckets.Invalid, match=words):
        buckets.plan(current, wanted)


# --- users ---

def options(**given):
    return {"name": "ann", "access_key": "root", "state": "present", "secret": None, "policies": None, "groups": None, "enabled": None, **given}


def user(enabled, policies=(), groups=()):
    return {"enabled": enabled, "policies": list(policies), "groups": list(groups)}


def test_state_of_a_user():
    assert users.state_of({"policyName": "b,a", "status": "enabled", "memberOf": ["y", "x"]}) == user(True, "ab", "xy")
    assert users.state_of({"status": "disabled"}) == user(False)


@pytest.mark.parametrize(
    "current, given, steps, after",
    [
        (None, {"secret": "s"}, {"create": True}, user(True)),
        (None, {"secret": "s", "enabled": False, "policies": ["a"]}, {"create": True, "attach": ["a"], "enable": False}, user(False, "a")),
        (None, {"secret": "s", "groups": ["x"]}, {"create": True, "join": ["x"]}, user(True, "", "x")),
        (user(True, "a", "x"), {}, {}, user(True, "a", "x")),
        (user(True, "a"), {"policies": ["b"]}, {"attach": ["b"], "detach": ["a"]}, user(True, "b")),
        (user(True, "a"), {"policies": []}, {"detach": ["a"]}, user(True)),
        (user(True, "a", "xy"), {"groups": ["y", "z"]}, {"join": ["z"], "leave": ["x"]}, user(True, "a", "yz")),
        (user(True, "a", "xy"), {"groups": []}, {"leave": ["x", "y"]}, user(True, "a")),
        (user(False), {"enabled": True}, {"enable": True}, user(True)),
        (user(False), {}, {}, user(False)),
        (user(True), {"enabled": True}, {}, user(True)),
    ],
)
def test_user_plans(current, given, steps, after):
    plan = users.plan(current, options(**given))
    assert plan == users.Plan(False, [], [], [], [], None)._replace(**steps) and users.result_of(current, plan) == after


@pytest.mark.parametrize(
    "given, words",
    [
        ({"name": "ab"}, "not legal"),
        ({"name": " ann"}, "not legal"),
        ({"name": "a,b"}, "not legal"),
        ({"name": "a=b"}, "not legal"),
        ({"access_key": "ann"}, "cannot manage itself"),
        ({"secret": "short"}, "too short"),
    ],
)
def test_impossible_users(given, words):
    with pytest.raises(users.Invalid, match=words):
        users.check_options(options(**given))


def test_a_new_user_needs_a_secret():
    with pytest.raises(users.Invalid, match="needs a secret"):
        users.plan(None, options())


def test_who_is_kept_is_temporary_or_disabled_is_not_forgotten():
    names = {"ana": "enabled", "Spark": "enabled", "spark": "enabled", "verify-1": "enabled", "gone": "disabled"}
    listed = {name: {"status": status} for name, status in names.items()}
    assert users.forgotten(listed, ["spark"], ["verify-"]) == ["Spark", "ana"]
    assert users.forgotten(listed, ["spark"], []) == ["Spark", "ana", "verify-1"]
