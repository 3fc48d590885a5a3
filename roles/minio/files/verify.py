# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove from outside what a MinIO server does and what it refuses, each account by its own secret.

Reads what to expect as JSON on standard input, so that no secret is on a command line; writes what held and what
did not as JSON, and ends with 1 if anything did not. Its objects have names of their own and go with all their
versions, whatever happens.
"""

from __future__ import annotations

import datetime
import fnmatch
import io
import json
import re
import secrets
import ssl
import sys

import urllib3
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error

from proof import run

# A prefix that is granted to nobody, in each bucket.
NOBODYS = "verify-nobody/"
# What a proof that was killed left is so old at least, and goes with the next one's own.
LEFT_AFTER = datetime.timedelta(hours=1)


class Verification:
    def __init__(self, expected, proof):
        self.expected, self.that = expected, proof.that
        self.mark = "verify-" + secrets.token_hex(6)
        self.address = expected["endpoint"].split("://", 1)[1]
        # Only this authority is trusted, so that each request proves the chain.
        self.pool = urllib3.PoolManager(
            ssl_context=ssl.create_default_context(cafile=expected["ca_path"]), timeout=10, retries=urllib3.Retry(2, status=0)
        )
        self.root = self.client(expected["root_user"], expected["root_password"])

    def client(self, access_key=None, secret_key=None):
        return Minio(self.address, access_key, secret_key, region=self.expected["region"], http_client=self.pool)

    def admin(self, access_key, secret_key):
        return MinioAdmin(
            endpoint=self.address, credentials=StaticProvider(access_key, secret_key), region=self.expected["region"], http_client=self.pool
        )

    def may(self, what, call):
        try:
            call()
        except (S3Error, MinioAdminException) as error:
            self.that(False, f"{what}: refused: {error}")
        else:
            self.that(True, what)

    def may_not(self, what, call, codes=("AccessDenied",)):
        try:
            call()
        except (S3Error, MinioAdminException) as error:
            refused = any(code in str(error) for code in codes)
            self.that(refused, f"{what} is refused" if refused else f"{what}: refused otherwise: {error}")
        else:
            self.that(False, f"{what} was not refused")

    def expect(self, allowed, what, call):
        (self.may if allowed else self.may_not)(what, call)

    # --- the parts ---

    def server(self):
        answer = json.loads(self.admin(self.expected["root_user"], self.expected["root_password"]).info())
        for node in answer["servers"]:
            release = "RELEASE." + node["version"].replace(":", "-")
            self.that(node["state"] == "online" and release == self.expected["version"], f"{node['endpoint']} is online, of release {release}")
        plain = urllib3.PoolManager(timeout=10, retries=False).request("GET", f"http://{self.address}/minio/health/live")
        self.that(plain.status == 400, "plain HTTP is refused")

    def strangers(self):
        anyone = self.client()
        for bucket in self.expected["buckets"]:
            self.may_not(f"anonymous listing of {bucket}", lambda: next(anyone.list_objects(bucket), None))
            self.may_not(f"anonymous reading of {bucket}", lambda: anyone.get_object(bucket, NOBODYS + self.mark))
        self.may_not("anonymous listing of buckets", anyone.list_buckets)
        for user in self.expected["users"]:
            wrong = self.client(user["name"], secrets.token_hex(16))
            self.may_not(f"{user['name']} with a wrong secret", wrong.list_buckets, ["SignatureDoesNotMatch"])

    def user(self, user):
        name = user["name"]
        client = self.client(name, user["secret"])
        self.may_not(f"{name} at the admin API", self.admin(name, user["secret"]).user_list)
        self.may_not(f"{name} making a bucket", lambda: client.make_bucket(self.mark, self.expected["region"]))
        for bucket in self.expected["buckets"]:
            grants = [grant for grant in user.get("grants") or [] if grant["bucket"] == bucket]
            write = {prefix for grant in grants for prefix in grant.get("write") or []}
            read = write | {prefix for grant in grants for prefix in grant.get("read") or []}
            lists = self.by_policy(user, "s3:ListBucket", bucket)
            self.expect(lists, f"{name} listing all of {bucket}", lambda: next(client.list_objects(bucket, recursive=True), None))
            for prefix in self.prefixes(bucket):
                reads = self.by_policy(user, "s3:GetObject", f"{bucket}/{prefix}{self.mark}")
                self.prefix(client, name, bucket, prefix, prefix in read or lists, prefix in read or reads, prefix in write)

    def by_policy(self, user, action, resource):
        """Whether a policy that the user has beside its grants allows it, without a condition."""
        statements = [each for policy in user.get("policies") or [] for each in self.expected["policies"].get(policy, {}).get("Statement", [])]
        return any(each["Effect"] == "Allow" and action in each["Action"] and "Condition" not in each
                   and any(fnmatch.fnmatchcase("arn:aws:s3:::" + resource, pattern) for pattern in each["Resource"]) for each in statements)

    def prefix(self, client, name, bucket, prefix, may_list, may_read, may_write):
        theirs, own = f"{prefix}{self.mark}-root", f"{prefix}{self.mark}-{name}"
        where = f"{bucket}/{prefix}"
        version = put(self.root, bucket, theirs).version_id
        self.expect(may_list, f"{name} listing {where}", lambda: next(client.list_objects(bucket, prefix), None))
        self.expect(may_read, f"{name} reading in {where}", lambda: self.read(client, bucket, theirs))
        self.expect(may_write, f"{name} writing in {where}", lambda: put(client, bucket, own))
        if version:
            self.may_not(f"{name} deleting a version in {where}", lambda: client.remove_object(bucket, theirs, version))
            batch = [error.code for error in client.remove_objects(bucket, [DeleteObject(theirs, version)])]
            self.that(batch == ["AccessDenied"], f"{name} deleting a version in {where} within a batch is refused")
        self.expect(may_write, f"{name} deleting in {where}", lambda: client.remove_object(bucket, theirs))

    def versions(self):
        for bucket in self.expected["versioned"]:
            name = f"{NOBODYS}{self.mark}-twice"
            first = put(self.root, bucket, name, b"first").version_id
            put(self.root, bucket, name, b"second")
            self.root.remove_object(bucket, name)
            self.that(self.read(self.root, bucket, name, first) == b"first", f"{bucket} keeps what is overwritten and deleted")
        for bucket, prefix in self.unversioned():
            name = f"{prefix}{self.mark}-twice"
            put(self.root, bucket, name, b"first")
            put(self.root, bucket, name, b"second")
            self.root.remove_object(bucket, name)
            left = list(self.root.list_objects(bucket, name, include_version=True))
            self.that(not left, f"{bucket}/{prefix} keeps nothing that is overwritten or deleted")

    # --- helpers ---

    def unversioned(self):
        return [(bucket, prefix) for bucket, prefixes in self.expected["unversioned"].items() for prefix in prefixes or []]

    def prefixes(self, bucket):
        """All prefixes of a bucket that anyone is granted, and one that nobody is."""
        found = {NOBODYS}
        for user in self.expected["users"]:
            for grant in user.get("grants") or []:
                if grant["bucket"] == bucket:
                    found.update((grant.get("read") or []) + (grant.get("write") or []))
        return sorted(found)

    def read(self, client, bucket, name, version=None):
        response = client.get_object(bucket, name, version_id=version)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def clean(self):
        for bucket, prefix in [(bucket, prefix) for bucket in self.expected["buckets"] for prefix in self.prefixes(bucket)] + self.unversioned():
            found = self.root.list_objects(bucket, prefix + "verify-", recursive=True, include_version=True)
            versions = [DeleteObject(entry.object_name, entry.version_id) for entry in found
                        if self.goes(entry.object_name.removeprefix(prefix), entry.last_modified)]
            for error in self.root.remove_objects(bucket, versions):
                self.that(False, f"{bucket}/{error.name} could not be cleaned up: {error.message}")
        for bucket in self.root.list_buckets():
            if self.goes(bucket.name, bucket.creation_date):
                self.root.remove_bucket(bucket.name)

    def goes(self, name, made):
        """Whether this proof made it, or one that was killed: another may run meanwhile."""
        old = made < datetime.datetime.now(datetime.timezone.utc) - LEFT_AFTER
        return name.startswith(self.mark) or (old and re.match("verify-[0-9a-f]{12}(-|$)", name) is not None)

    def run(self):
        self.server()
        try:
            self.strangers()
            self.versions()
            for user in self.expected["users"]:
                self.user(user)
        finally:
            self.clean()


def put(client, bucket, name, content=b"verify"):
    return client.put_object(bucket, name, io.BytesIO(content), len(content))


if __name__ == "__main__":
    sys.exit(run(lambda expected, proof: Verification(expected, proof).run(), S3Error, MinioAdminException, urllib3.exceptions.HTTPError))
