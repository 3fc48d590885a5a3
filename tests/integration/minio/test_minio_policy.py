# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.minio import policy as policies


def document(actions, resources, **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}]}


READ = document(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"])


def stored(run, name):
    return run("minio_info", gather=["policies"])["policies"].get(name)


def test_create_change_remove(run, twice, name):
    assert run("minio_policy", name=name, document=READ, check=True)["changed"]
    assert stored(run, name) is None

    assert twice("minio_policy", name=name, document=READ)["changed"]
    assert stored(run, name) == policies.canonical(READ)

    wider = document(["s3:*"], ["arn:aws:s3:::b", "arn:aws:s3:::b/*"])
    changed = twice("minio_policy", name=name, document=wider)
    assert changed["diff"]["before"] == policies.canonical(READ)
    assert stored(run, name) == policies.canonical(wider)

    assert twice("minio_policy", name=name, state="absent")["changed"]
    assert stored(run, name) is None


@pytest.mark.parametrize(
    "other",
    [
        document(["s3:ListBucket", "s3:GetObject", "s3:GetObject"], ["arn:aws:s3:::b/*", "arn:aws:s3:::b"]),
        {"Statement": READ["Statement"][0]},
        {"Version": "2012-10-17", "Statement": READ["Statement"] * 2},
    ],
    ids=["order and doubles", "a lone statement", "a statement twice"],
)
def test_what_means_the_same_is_no_change(run, name, other):
    run("minio_policy", name=name, document=READ)
    assert run("minio_policy", name=name, document=other)["changed"] is False


def test_wildcards_count_as_written(run, name):
    run("minio_policy", name=name, document=document("s3:GetObject*", "arn:aws:s3:::b/*"))
    exact = document(sorted(a for a in policies.OBJECT_ACTIONS if a.startswith("s3:GetObject")), "arn:aws:s3:::b/*")
    assert run("minio_policy", name=name, document=exact)["changed"] is True


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"s3:prefix": ["warehouse/*", "warehouse"]}},
        {"StringEquals": {"s3:prefix": "raw/"}},
        {"IpAddress": {"aws:SourceIp": ["10.1.2.3", "10.2.0.7/16"]}},
        {"Bool": {"aws:SecureTransport": True}},
        {"NumericLessThanEquals": {"s3:max-keys": 10}},
        {"Null": {"s3:prefix": False}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_conditions_survive_the_server(twice, name, condition):
    assert twice("minio_policy", name=name, document=document("s3:ListBucket", "arn:aws:s3:::b", Condition=condition))["changed"]


def test_the_server_knows_each_action_that_we_let_pass(run, name):
    for number, action in enumerate(sorted(policies.OBJECT_ACTIONS | policies.BUCKET_ACTIONS)):
        resource = "arn:aws:s3:::b/*" if action in policies.OBJECT_ACTIONS else "arn:aws:s3:::b"
        result = run("minio_policy", name=f"{name}-{number}", document=document(action, resource))
        assert not result.failed, result["msg"]
    for family, actions in policies.OTHER_ACTIONS.items():
        statement = {"Effect": "Allow", "Action": sorted(actions)}
        result = run("minio_policy", name=f"{name}-{family}", document={"Statement": [statement]})
        assert not result.failed, result["msg"]


def test_the_server_would_refuse_what_we_refuse(server, run, name):
    """The faults that we find are faults to the server too, or worse: it takes them."""
    from minio import MinioAdmin
    from minio.credentials import StaticProvider
    from minio.error import MinioAdminException

    import urllib3

    admin = MinioAdmin(
        endpoint=f"127.0.0.1:{server.port}",
        credentials=StaticProvider(server.root_user, server.root_secret),
        http_client=urllib3.PoolManager(ca_certs=str(server.ca_path)),
    )
    for action in ("s3:getobject", "s3:GetObjects", "admin:Get*", "s4:GetObject"):
        with pytest.raises(MinioAdminException):
            admin.policy_add(name, policy=document(action, "arn:aws:s3:::b/*"))
    # The trap: a bare * is taken.
    admin.policy_add(name, policy=document("*", "arn:aws:s3:::b/*"))
    refused = run("minio_policy", name=name, document=document("*", "arn:aws:s3:::b/*"))
    assert refused.failed and "s3:*" in refused["msg"]


def test_refused_documents_are_not_sent(run, name):
    result = run("minio_policy", name=name, document=document(["s3:GetObject"], ["arn:aws:s3:::b"]))
    assert result.failed and "arn:aws:s3:::b/*" in result["msg"]
    assert stored(run, name) is None


def test_what_only_the_server_knows_is_its_own_words(run, name):
    result = run("minio_policy", name=name, document=document("s3:GetObject", "arn:aws:s3:::b/*", Condition={"NoSuchThing": {"s3:prefix": "a"}}))
    assert result.failed and "NoSuchThing" in result["msg"]


@pytest.mark.parametrize("canned", policies.CANNED)
def test_canned_policies_are_left_alone(run, canned):
    before = stored(run, canned)
    for options in ({"document": READ}, {"state": "absent"}):
        result = run("minio_policy", name=canned, **options)
        assert result.failed and "left alone" in result["msg"]
    assert before is not None and stored(run, canned) == before


@pytest.mark.parametrize("check", [True, False])
def test_a_policy_in_use_is_not_removed(run, name, check):
    run("minio_policy", name=name, document=READ)
    run("minio_user", name=f"u-{name}", secret="a" * 16, policies=[name])
    result = run("minio_policy", name=name, state="absent", check=check)
    assert result.failed and f"user u-{name}" in result["msg"]


def test_a_user_without_rights_is_told_so(run, name):
    run("minio_user", name=name, secret="b" * 16, policies=["readwrite"])
    result = run("minio_policy", name="other", document=READ, access_key=name, secret_key="b" * 16)
    assert result.failed and result["code"] == "AccessDenied" and name in result["msg"]
    assert stored(run, "other") is None
