# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import secrets

import pytest
from minio.error import S3Error


@pytest.fixture
def secret():
    return secrets.token_urlsafe(24)


def look(run, name):
    return run("minio_info", gather=["users"])["users"].get(name)


def signs_in(server, name, secret):
    try:
        server.client(name, secret).list_buckets()
    except S3Error as error:
        return error.code == "AccessDenied"
    return True


def test_create_and_remove(server, run, twice, name, secret):
    assert run("minio_user", name=name, secret=secret, check=True)["changed"]
    assert look(run, name) is None
    result = twice("minio_user", name=name, secret=secret, policies=["readonly", "writeonly"])
    assert result["changed"] and result["secret_changed"]
    assert look(run, name) == {"enabled": True, "policies": ["readonly", "writeonly"], "groups": []}
    assert signs_in(server, name, secret)
    assert twice("minio_user", name=name, state="absent")["changed"]
    assert look(run, name) is None and not signs_in(server, name, secret)


def test_a_secret_is_written_only_when_it_does_not_work(server, run, twice, name, secret):
    run("minio_user", name=name, secret=secret, policies=["readonly"])
    new = secrets.token_urlsafe(24)
    foreseen = run("minio_user", name=name, secret=new, check=True)
    assert foreseen["changed"] and foreseen["secret_changed"] and signs_in(server, name, secret)
    result = twice("minio_user", name=name, secret=new)
    assert result["secret_changed"] and signs_in(server, name, new) and not signs_in(server, name, secret)
    # Neither the policies nor the state went with it.
    assert look(run, name) == {"enabled": True, "policies": ["readonly"], "groups": []}


def test_without_a_secret_it_stays(server, run, name, secret):
    run("minio_user", name=name, secret=secret)
    assert run("minio_user", name=name)["changed"] is False and signs_in(server, name, secret)


def test_a_user_without_any_policy_proves_its_secret_too(run, twice, name, secret):
    twice("minio_user", name=name, secret=secret, policies=[])


def test_policies_are_exactly_those(run, twice, name, secret):
    run("minio_user", name=name, secret=secret, policies=["readonly", "diagnostics"])
    result = twice("minio_user", name=name, policies=["writeonly", "readonly", "readonly"])
    assert result["diff"]["before"]["policies"] == ["diagnostics", "readonly"]
    assert look(run, name)["policies"] == ["readonly", "writeonly"]
    assert twice("minio_user", name=name, policies=[])["changed"]
    assert look(run, name)["policies"] == []
    assert run("minio_user", name=name)["changed"] is False


def test_unknown_policies_are_refused_before_anything_changes(run, name, secret):
    options = {"name": name, "secret": secret, "policies": ["readonly", "no-such"]}
    foreseen = run("minio_user", check=True, **options)
    assert foreseen["changed"] and "no-such" in foreseen.warned
    result = run("minio_user", **options)
    assert result.failed and "no-such" in result["msg"] and look(run, name) is None


def test_disable_and_enable(server, run, twice, name, secret):
    run("minio_user", name=name, secret=secret)
    assert twice("minio_user", name=name, secret=secret, enabled=False)["changed"]
    assert look(run, name)["enabled"] is False and not signs_in(server, name, secret)
    # Without the option it is not enabled again.
    assert run("minio_user", name=name, secret=secret)["changed"] is False
    assert twice("minio_user", name=name, secret=secret, enabled=True)["changed"]
    assert signs_in(server, name, secret)


def test_a_new_user_can_be_disabled(run, twice, name, secret):
    assert twice("minio_user", name=name, secret=secret, enabled=False)["user"]["enabled"] is False
    assert look(run, name)["enabled"] is False


def test_enabling_with_another_secret(server, run, name, secret):
    run("minio_user", name=name, secret=secret, enabled=False)
    new = secrets.token_urlsafe(24)
    assert run("minio_user", name=name, secret=new, enabled=True)["secret_changed"] is True
    assert signs_in(server, name, new) and not signs_in(server, name, secret)


def test_a_new_user_needs_a_secret(run, name):
    for check in (True, False):
        result = run("minio_user", name=name, check=check)
        assert result.failed and "needs a secret" in result["msg"]


@pytest.mark.parametrize(
    "options, words",
    [({"name": "ab"}, "not legal"), ({"name": "a=b"}, "not legal"), ({"name": "abc", "secret": "2little"}, "at least 8")],
    ids=["short name", "equals sign", "short secret"],
)
def test_illegal_options(run, options, words):
    result = run("minio_user", **options)
    assert result.failed and words in result["msg"]


def test_it_does_not_manage_itself(server, run, secret):
    result = run("minio_user", name=server.root_user, secret=secret)
    assert result.failed and "itself" in result["msg"]


def test_denied(run, name, secret):
    run("minio_user", name=name, secret=secret, policies=["readwrite"])
    result = run("minio_user", name="another", secret="d" * 16, access_key=name, secret_key=secret)
    assert result.failed and result["code"] == "AccessDenied" and look(run, "another") is None


def test_a_membership_given_by_hand_is_seen_and_goes(server, run, twice, name, secret):
    """A group's rights are its members'."""
    twice("minio_user", name=name, secret=secret, policies=[], groups=[])
    admin = server.admin()
    admin.group_add("g-" + name, [name])
    admin.attach_policy(["readwrite"], group="g-" + name)
    server.client(name, secret).list_buckets()
    assert run("minio_user", name=name)["changed"] is False and look(run, name)["groups"] == ["g-" + name]
    result = twice("minio_user", name=name, policies=[], groups=[])
    assert result["changed"] and result["diff"]["before"]["groups"] == ["g-" + name] and look(run, name)["groups"] == []
    with pytest.raises(S3Error, match="AccessDenied"):
        server.client(name, secret).make_bucket(name)
    twice("minio_user", name=name, groups=["h-" + name, "g-" + name])
    assert look(run, name)["groups"] == ["g-" + name, "h-" + name]
    twice("minio_user", name=name, state="absent")


def test_who_is_named_no_more_is_locked_out(server, run, twice, name, secret):
    temporary = "verify-" + name
    for user in (name, temporary):
        run("minio_user", name=user, secret=secret)
    others = [user for user in run("minio_info", gather=["users"])["users"] if user not in (name, temporary)]
    assert run("minio_lockout", keep=[*others, name, temporary])["changed"] is False
    assert twice("minio_lockout", keep=others, keep_prefixes=["verify-"])["locked"] == [name]
    assert not signs_in(server, name, secret) and signs_in(server, temporary, secret)
    # As the role does when the name is back.
    assert twice("minio_user", name=name, secret=secret, enabled=True)["changed"] and signs_in(server, name, secret)
