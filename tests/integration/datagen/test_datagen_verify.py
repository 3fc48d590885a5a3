# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's verify against a real server: content with what is right, and not with any of these faults."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import secrets
import subprocess
import sys

import pytest
from lakehouse_datagen import times

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "roles/datagen/files/verify.py"
AT = times.parse("2001-01-01T12:00:00")


class Proof:
    def __init__(self, site):
        self.site, s3 = site, site.settings.s3
        self.made = [batch for kind in ("olt_metrics", "cpe_status") for batch in site.app.run(kind, AT)[1]]
        self.expected = {
            "endpoint": s3.endpoint, "ca_path": s3.ca_file, "region": s3.region, "bucket": s3.bucket, "prefix": "raw/", "made": self.made,
            "account": [s3.access_key, s3.secret_key], "reader": [site.server.root_user, site.server.root_secret],
        }  # fmt: skip
        self.client = site.server.client()

    def verify(self):
        process = subprocess.run([sys.executable, SCRIPT], input=json.dumps(self.expected), capture_output=True, text=True, timeout=60, check=False)
        assert not any(secret in process.stdout for secret in (self.expected["account"][1], self.site.server.root_secret))
        result = json.loads(process.stdout)
        assert process.returncode == (1 if result["broken"] else 0), process.stderr
        return result

    def left(self):
        return [entry.object_name for entry in self.client.list_objects(self.site.bucket, recursive=True)]

    def change(self, change):
        """Puts another content in the place of the first batch."""
        key = self.left()[0]
        lines = gzip.decompress(self.client.get_object(self.site.bucket, key).read()).splitlines(keepends=True)
        content = gzip.compress(b"".join(change(lines)))
        self.client.put_object(self.site.bucket, key, io.BytesIO(content), len(content))


@pytest.fixture
def proof(site):
    return Proof(site)


def test_all_is_well_and_nothing_is_left(proof):
    assert len(proof.left()) == 2
    result = proof.verify()
    assert result["broken"] == [] and len(result["held"]) > 12
    assert proof.left() == []


def a_batch_is_missing(proof):
    proof.client.remove_object(proof.site.bucket, proof.left()[0])
    return "NoSuchKey"


def a_record_is_missing(proof):
    proof.change(lambda lines: lines[1:])
    return "holds"


def a_record_is_doubled(proof):
    proof.change(lambda lines: lines[1:] + lines[-1:])
    return "holds"


def records_were_set_aside(proof):
    proof.made[0]["rejected"] = 2
    return "no record was set aside"


def it_may_read(proof):
    name = proof.expected["account"][0]
    proof.site.admin.attach_policy(["readonly"], user=name)
    return "reading back was not refused"


def it_may_do_anything(proof):
    name = proof.expected["account"][0]
    proof.site.admin.attach_policy(["readwrite"], user=name)
    return "writing warehouse/ was not refused"


def its_secret_is_another(proof):
    proof.expected["account"][1] = secrets.token_hex(12)
    return "refused otherwise: SignatureDoesNotMatch"


def another_authority(proof):
    proof.expected["ca_path"] = str(proof.site.server.other_ca_path)
    return "CERTIFICATE_VERIFY_FAILED"


FAULTS = [
    a_batch_is_missing, a_record_is_missing, a_record_is_doubled, records_were_set_aside,
    it_may_read, it_may_do_anything, its_secret_is_another, another_authority,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_found(proof, fault):
    words = fault(proof)
    result = proof.verify()
    assert any(words in broken for broken in result["broken"]), result["broken"]
    if fault is not another_authority:
        assert proof.left() == [] and [bucket.name for bucket in proof.client.list_buckets() if bucket.name.startswith("verify-")] == []
