# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import datetime
import hashlib
import json

import pytest
import urllib3
from minio.commonconfig import Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.versioningconfig import VersioningConfig

RULE = {"id": "old-versions", "noncurrent_days": 7, "expired_delete_markers": True}
ASPECTS = [
    ("versioning", ["enabled", "suspended"]),
    (
        "lifecycle",
        [
            [RULE],
            [dict(RULE, noncurrent_days=9, noncurrent_keep=3)],
            [{"id": "tmp", "prefix": "tmp/", "expiration_days": 1}, dict(RULE, enabled=False)],
            [{"id": "tagged", "tags": {"keep": "no"}, "expiration_days": 1}],
            [{"id": "tagged", "prefix": "tmp/", "tags": {"keep": "no", "really": "not"}, "expiration_days": 1}],
            [],
        ],
    ),
    ("quota", ["1GiB", "1.5 G", "0"]),
    ("tags", [{"owner": "finance"}, {"owner": "sales", "tier": "1"}, {}]),
    ("encryption", ["sse-s3", "none"]),
    ("retention", [{"mode": "governance", "days": 3}, {"mode": "compliance", "years": 1}, {"mode": "none"}]),
]


def look(run, name):
    return run("minio_info", gather=["buckets"])["buckets"].get(name)


def test_a_plain_bucket(server, run, twice, name):
    assert run("minio_bucket", name=name, check=True)["changed"]
    assert not server.client().bucket_exists(name)
    assert twice("minio_bucket", name=name)["changed"]
    assert look(run, name) == {
        "versioning": "off", "unversioned_prefixes": [], "object_lock": False, "retention": None, "lifecycle": [], "quota": 0, "encryption": None, "tags": {},
        "policy": None,
    }


@pytest.mark.parametrize("fresh", [True, False], ids=["at creation", "afterwards"])
@pytest.mark.parametrize("aspect, values", ASPECTS, ids=[aspect for aspect, values in ASPECTS])
def test_each_aspect(run, twice, name, aspect, values, fresh):
    lock = {"object_lock": True} if aspect == "retention" else {}
    if not fresh:
        run("minio_bucket", name=name, **lock)
    for value in values:
        result = twice("minio_bucket", name=name, **{aspect: value}, **lock)
        assert result["changed"] and look(run, name)[aspect] == result["bucket"][aspect]
    # What no option speaks of stays as it is.
    assert run("minio_bucket", name=name)["changed"] is False


def test_sse_kms(run, twice, name):
    options = {"encryption": "sse-kms", "encryption_key": "test-key"}
    assert twice("minio_bucket", name=name, **options)["bucket"]["encryption"] == {"algorithm": "sse-kms", "key": "test-key"}
    assert look(run, name)["encryption"]["key"] == "test-key"


def test_all_at_once(run, twice, name):
    everything = {
        "versioning": "enabled", "object_lock": True, "retention": {"mode": "governance", "days": 1},
        "lifecycle": [RULE], "quota": "10GiB", "encryption": "sse-s3", "tags": {"a": "b"},
    }
    result = twice("minio_bucket", name=name, **everything)
    assert look(run, name) == dict(result["bucket"], policy=None)


def test_a_policy_that_lets_strangers_in_is_seen_and_goes(server, run, twice, name):
    run("minio_bucket", name=name)
    server.put(name, "a")
    anyone = f"{server.endpoint}/{name}/a"
    ask = urllib3.PoolManager(ca_certs=str(server.ca_path), retries=False).request
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::{name}/*"]}
    server.client().set_bucket_policy(name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert ask("GET", anyone).status == 200
    assert run("minio_bucket", name=name)["changed"] is False and look(run, name)["policy"]["Statement"] == [statement]
    result = twice("minio_bucket", name=name, private=True)
    assert result["changed"] and result["diff"]["before"]["policy"]["Statement"] == [statement]
    assert ask("GET", anyone).status == 403 and look(run, name)["policy"] is None


def test_the_server_ignores_rules_about_unfinished_uploads(server, run, name):
    """Why the module has no option for them; should a release of MinIO heed them, this says so."""
    from minio.lifecycleconfig import AbortIncompleteMultipartUpload

    run("minio_bucket", name=name)
    rule = Rule("Enabled", rule_filter=Filter(prefix=""), rule_id="r", expiration=Expiration(days=1),
                abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(1))
    server.client().set_bucket_lifecycle(name, LifecycleConfig([rule]))
    assert server.client().get_bucket_lifecycle(name).rules[0].abort_incomplete_multipart_upload is None


def test_a_rule_of_another_kind_is_replaced(server, run, twice, name):
    run("minio_bucket", name=name)
    when = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
    rule = Rule("Enabled", rule_filter=Filter(prefix=""), rule_id="old-versions", expiration=Expiration(date=when))
    server.client().set_bucket_lifecycle(name, LifecycleConfig([rule]))
    result = twice("minio_bucket", name=name, lifecycle=[RULE])
    assert result["changed"] and "2099" in str(result["diff"]["before"])


@pytest.mark.parametrize("element, added", [
    ("ExpiredObjectAllVersions", "<Expiration><Days>3</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>"),
    ("DelMarkerExpiration", "<Expiration><Days>3</Days></Expiration><DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>"),
])
def test_what_somebody_added_to_a_rule_is_seen_and_goes(server, run, twice, name, element, added):
    """The client library leaves these elements out when it reads."""
    wanted = [{"id": "x", "expiration_days": 3}]
    run("minio_bucket", name=name, versioning="enabled", lifecycle=wanted)
    body = f"<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter></Filter>{added}</Rule></LifecycleConfiguration>".encode()
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    server.client()._execute("PUT", name, body=body, headers={"Content-MD5": md5}, query_params={"lifecycle": ""})
    assert element in str(look(run, name)["lifecycle"])
    result = twice("minio_bucket", name=name, lifecycle=wanted)
    assert result["changed"] and element in str(result["diff"]["before"])
    assert element not in str(look(run, name)["lifecycle"])


class TestUnversionedPrefixes:
    def test_they_are_exactly_those_of_the_list(self, run, twice, name):
        for prefixes in (["tmp/", "logs/"], ["tmp/"], []):
            result = twice("minio_bucket", name=name, versioning="enabled", unversioned_prefixes=prefixes)
            assert result["changed"] and look(run, name)["unversioned_prefixes"] == sorted(prefixes)

    def test_nothing_old_is_kept_there_and_everything_elsewhere(self, server, run, name):
        client = server.client()
        run("minio_bucket", name=name, versioning="enabled", unversioned_prefixes=["tmp/"])
        for where in ("tmp/a", "tmp/b/c", "kept/a"):
            server.put(name, where)
            server.put(name, where)
            client.remove_object(name, where)
        versions = [entry.object_name for entry in client.list_objects(name, recursive=True, include_version=True)]
        assert versions == ["kept/a"] * 3

    @pytest.mark.parametrize("by_hand", [{"excluded_prefixes": ["kept/"]}, {"exclude_folders": True}], ids=str)
    def test_one_that_somebody_added_is_seen_and_goes(self, server, run, twice, name, by_hand):
        run("minio_bucket", name=name, versioning="enabled")
        server.client().set_bucket_versioning(name, VersioningConfig("Enabled", **by_hand))
        assert twice("minio_bucket", name=name, versioning="enabled")["changed"]
        assert look(run, name)["unversioned_prefixes"] == []

    def test_not_with_object_lock(self, run, name):
        run("minio_bucket", name=name, object_lock=True)
        result = run("minio_bucket", name=name, versioning="enabled", unversioned_prefixes=["tmp/"])
        assert result.failed and "exclude each other" in result["msg"]


def test_objects_below_anothers_name_go_too(server, run, name):
    """They are in no list while that other one is there."""
    run("minio_bucket", name=name)
    for where in ("p/x", "p/x/sub", "p/x/sub/sub"):
        server.put(name, where)
    assert [entry.object_name for entry in server.client().list_objects(name, recursive=True)] == ["p/x"]
    assert not run("minio_bucket", name=name, state="absent", force=True).failed
    assert not server.client().bucket_exists(name)


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("check", [True, False])
def test_object_lock_is_settled_at_creation(run, name, has, check):
    run("minio_bucket", name=name, object_lock=has)
    assert run("minio_bucket", name=name, object_lock=has)["changed"] is False
    result = run("minio_bucket", name=name, object_lock=not has, check=check)
    assert result.failed and "new bucket" in result["msg"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"retention": {"mode": "governance", "days": 1}}, "object_lock"),
        ({"retention": {"mode": "governance"}, "object_lock": True}, "days or years"),
        ({"versioning": "suspended", "object_lock": True}, "suspended"),
        ({"quota": "much"}, "much"),
        ({"encryption": "sse-kms"}, "encryption_key"),
        ({"lifecycle": [{"id": "x"}]}, "does nothing"),
        ({"lifecycle": [RULE, RULE]}, "two rules"),
    ],
    ids=lambda value: "",
)
def test_what_is_impossible_is_refused_before_anything_is_made(server, run, name, options, words):
    result = run("minio_bucket", name=name, **options)
    assert result.failed and words in result["msg"] and not server.client().bucket_exists(name)


def test_an_empty_bucket_goes(server, run, twice, name):
    run("minio_bucket", name=name)
    assert twice("minio_bucket", name=name, state="absent")["changed"]
    assert not server.client().bucket_exists(name)


@pytest.mark.parametrize("what", ["object", "old version", "delete marker"])
def test_a_bucket_with_anything_in_it_stays_unless_forced(server, run, twice, name, what):
    client = server.client()
    run("minio_bucket", name=name, versioning="enabled")
    version = server.put(name, "raw/a")
    if what != "object":
        client.remove_object(name, "raw/a")
    if what == "delete marker":
        client.remove_object(name, "raw/a", version_id=version)
    for check in (True, False):
        result = run("minio_bucket", name=name, state="absent", check=check)
        assert result.failed and "force" in result["msg"]
    assert client.bucket_exists(name)
    assert twice("minio_bucket", name=name, state="absent", force=True)["changed"]
    assert not client.bucket_exists(name)


def test_force_lifts_governance_but_not_compliance(server, run, name):
    client = server.client()
    for mode, goes in (("governance", True), ("compliance", False)):
        bucket = f"{name}-{mode}"
        run("minio_bucket", name=bucket, object_lock=True, retention={"mode": mode, "days": 1})
        server.put(bucket, "kept")
        result = run("minio_bucket", name=bucket, state="absent", force=True)
        assert result.failed is not goes and client.bucket_exists(bucket) is not goes
        assert goes or "kept" in result["msg"]


@pytest.mark.parametrize("illegal", ["UPPER", "a", "a_b", "-ab", "a..b", "192.168.0.1", "b" * 64])
def test_illegal_names(run, illegal):
    result = run("minio_bucket", name=illegal, check=True)
    assert result.failed and "not legal" in result["msg"]


def test_denied(run, name):
    run("minio_user", name=name, secret="c" * 16, policies=["readonly"])
    result = run("minio_bucket", name=name, access_key=name, secret_key="c" * 16)
    assert result.failed and result["code"] == "AccessDenied"
