# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's verify against a real server: content with what is right, and not with any of these faults."""

from __future__ import annotations

import datetime
import importlib.util
import json
import pathlib
import secrets
import subprocess
import sys

import pytest
from ansible_collections.gti.lakehouse.plugins.filter.s3_policies import s3_policies

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "roles/minio/files/verify.py"


class Site:
    """A bucket and two services, made as the role makes them."""

    def __init__(self, server, run, name, version):
        self.server, self.run, self.bucket = server, run, name
        self.reader, self.writer = f"reader-{name}", f"writer-{name}"
        self.users = [
            {"name": self.reader, "secret": secrets.token_urlsafe(20), "grants": [{"bucket": name, "read": ["raw/"], "write": ["warehouse/"]}]},
            {"name": self.writer, "secret": secrets.token_urlsafe(20), "grants": [{"bucket": name, "write": ["raw/", "warehouse/"]}]},
        ]
        self.expected = {
            "endpoint": server.endpoint, "ca_path": str(server.ca_path), "region": server.region, "version": version,
            "root_user": server.root_user, "root_password": server.root_secret,
            "buckets": [name], "versioned": [name], "unversioned": {name: ["tmp/"]}, "users": self.users, "policies": {},
        }
        self.do("minio_bucket", name=name, versioning="enabled", unversioned_prefixes=["tmp/"])
        for policy in s3_policies(self.users):
            self.do("minio_policy", **policy)
        for user in self.users:
            self.do("minio_user", name=user["name"], secret=user["secret"], policies=[user["name"]])

    def do(self, module, /, **options):
        result = self.run(module, **options)
        assert not result.failed, result

    def verify(self):
        process = subprocess.run(
            [sys.executable, SCRIPT], input=json.dumps(self.expected), capture_output=True, text=True, timeout=120, check=False
        )
        assert not any(user["secret"] in process.stdout for user in self.users) and self.server.root_secret not in process.stdout
        result = json.loads(process.stdout)
        assert process.returncode == (1 if result["broken"] else 0), process.stderr
        return result


@pytest.fixture
def site(server, run, name, minio_version):
    return Site(server, run, name, minio_version)


def test_all_is_well_and_nothing_is_left(site):
    before = [bucket.name for bucket in site.server.client().list_buckets()]
    result = site.verify()
    assert result["broken"] == [] and len(result["held"]) > 40
    assert list(site.server.client().list_objects(site.bucket, recursive=True, include_version=True)) == []
    assert [bucket.name for bucket in site.server.client().list_buckets()] == before


def test_what_a_killed_proof_left_goes_when_it_is_old():
    spec = importlib.util.spec_from_file_location("minio_verify", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    proof, now = object.__new__(module.Verification), datetime.datetime.now(datetime.timezone.utc)
    proof.mark = "verify-0123456789ab"
    ages = {"fresh": now, "old": now - 2 * module.LEFT_AFTER}
    goes = {(name, age) for name in ("verify-0123456789ab-root", "verify-ba9876543210-root", "verify-ba9876543210", "verify-report.csv")
            for age in ages if proof.goes(name, ages[age])}
    assert goes == {("verify-0123456789ab-root", "fresh"), ("verify-0123456789ab-root", "old"),
                    ("verify-ba9876543210-root", "old"), ("verify-ba9876543210", "old")}


def too_much(site):
    site.do("minio_user", name=site.reader, policies=["readwrite"])
    return f"{site.reader} deleting in {site.bucket}/raw/ was not refused"


def too_little(site):
    site.do("minio_user", name=site.writer, policies=["readonly"])
    return f"{site.writer} writing in {site.bucket}/raw/: refused"


def an_administrator(site):
    site.do("minio_user", name=site.reader, policies=[site.reader, "consoleAdmin"])
    return f"{site.reader} at the admin API was not refused"


def old_versions_can_go(site):
    (policy,) = [policy for policy in s3_policies(site.users) if policy["name"] == site.writer]
    policy["document"]["Statement"] = [entry for entry in policy["document"]["Statement"] if entry["Effect"] == "Allow"]
    site.do("minio_policy", **policy)
    return f"{site.writer} deleting a version in {site.bucket}/raw/ was not refused"


def another_secret(site):
    site.users[0]["secret"] = secrets.token_urlsafe(20)
    return "SignatureDoesNotMatch"


def open_to_all(site):
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{site.bucket}"]}
    site.server.client().set_bucket_policy(site.bucket, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return f"anonymous listing of {site.bucket} was not refused"


def versions_are_not_kept(site):
    site.do("minio_bucket", name=site.bucket, versioning="suspended")
    return "verify-nobody/"  # the first version is not there any more


def versions_are_kept_where_there_should_be_none(site):
    site.do("minio_bucket", name=site.bucket, versioning="enabled")
    return f"{site.bucket}/tmp/ keeps nothing that is overwritten or deleted"


def another_release(site):
    site.expected["version"] = "RELEASE.2020-01-01T00-00-00Z"
    return "is online, of release"


def another_authority(site):
    site.expected["ca_path"] = str(site.server.other_ca_path)
    return "CERTIFICATE_VERIFY_FAILED"


FAULTS = [
    too_much, too_little, an_administrator, old_versions_can_go, another_secret, open_to_all, versions_are_not_kept,
    versions_are_kept_where_there_should_be_none, another_release, another_authority,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_found(site, fault):
    words = fault(site)
    result = site.verify()
    assert any(words in broken for broken in result["broken"]), result["broken"]
    assert list(site.server.client().list_objects(site.bucket, recursive=True, include_version=True)) == []
