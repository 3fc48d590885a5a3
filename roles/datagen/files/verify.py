# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove on the controller that what datagen sent is in the bucket, whole, and that its account may do nothing else.

Reads what to expect as JSON on standard input, so that no secret is on a command line; writes what held and what
did not as JSON, and ends with 1 if anything did not. Removes what was sent.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import secrets
import ssl
import sys

import urllib3
from minio import Minio
from minio.error import S3Error

from proof import run

NAME = re.compile(r"([a-z_]+)-(\d{4})(\d\d)(\d\d)T.*")


class Verification:
    def __init__(self, expected, proof):
        self.expected, self.bucket, self.prefix = expected, expected["bucket"], expected["prefix"]
        self.that = proof.that
        # Only this authority is trusted, so that each request proves the chain.
        self.pool = urllib3.PoolManager(
            ssl_context=ssl.create_default_context(cafile=expected["ca_path"]), timeout=10, retries=urllib3.Retry(2, status=0)
        )
        self.account = self.client(*expected["account"])
        self.reader = self.client(*expected["reader"])
        self.keys = [self.key(batch["batch"]) for batch in expected["made"]]

    def client(self, access_key, secret_key):
        host = self.expected["endpoint"].split("://", 1)[1]
        return Minio(host, access_key, secret_key, region=self.expected["region"], http_client=self.pool)

    def key(self, batch):
        kind, year, month, day = NAME.fullmatch(batch).groups()
        return f"{self.prefix}{kind}/{year}/{month}/{day}/{batch}"

    def may_not(self, what, call, code="AccessDenied", undo=None):
        try:
            call()
        except S3Error as error:
            self.that(error.code == code, f"{what} is refused" if error.code == code else f"{what}: refused otherwise: {error.code}")
        else:
            self.that(False, f"{what} was not refused")
            for client in (self.account, self.reader) if undo else ():
                with contextlib.suppress(S3Error):
                    undo(client)

    def arrived(self, key, batch):
        try:
            response = self.reader.get_object(self.bucket, key)
        except S3Error as error:
            self.that(False, f"{key}: {error.code}")
            return
        with response:
            records = [json.loads(line) for line in gzip.decompress(response.read()).splitlines()]
        whole = len({record["event_id"] for record in records}) == len(records) == batch.get("records", len(records)) > 0
        self.that(whole, f"{key} holds {len(records)} records")
        self.that(batch.get("rejected", 0) == 0, f"{key}: no record was set aside")

    def refusals(self):
        own, mark = self.keys[0], "verify-" + secrets.token_hex(6)
        self.may_not("reading back", lambda: self.account.get_object(self.bucket, own))
        self.may_not("deleting", lambda: self.account.remove_object(self.bucket, own))
        self.may_not("listing the whole raw zone", lambda: next(self.account.list_objects(self.bucket, self.prefix), None))
        self.may_not("listing the warehouse", lambda: next(self.account.list_objects(self.bucket, "warehouse/"), None))
        for folder in ("warehouse/", "checkpoints/", "tmp/", self.prefix, f"{self.prefix}verify-nobody/", ""):
            self.may_not(
                f"writing {folder or 'the top of the bucket'}",
                lambda: self.account.put_object(self.bucket, folder + mark, io.BytesIO(b"verify"), 6),
                undo=lambda client: client.remove_object(self.bucket, folder + mark),
            )
        self.may_not(
            "making a bucket", lambda: self.account.make_bucket(mark, self.expected["region"]), undo=lambda client: client.remove_bucket(mark)
        )
        wrong = self.client(self.expected["account"][0], secrets.token_hex(16))
        self.may_not("a wrong secret", lambda: next(wrong.list_objects(self.bucket, own), None), "SignatureDoesNotMatch")

    def run(self):
        try:
            for key, batch in zip(self.keys, self.expected["made"]):
                self.arrived(key, batch)
            self.refusals()
        finally:
            for key in self.keys:
                self.reader.remove_object(self.bucket, key)


if __name__ == "__main__":
    sys.exit(run(lambda expected, proof: Verification(expected, proof).run(), S3Error, urllib3.exceptions.HTTPError))
