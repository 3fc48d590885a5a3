# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""roles/common/files/s3_signature.py, held against the client library's own signatures."""

from __future__ import annotations

import datetime
import hashlib
import pathlib
import runpy
import urllib.parse

import pytest
from minio.credentials import Credentials
from minio.signer import sign_v4_s3

FILE = pathlib.Path(__file__).parents[3] / "roles/common/files/s3_signature.py"
NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize("method, path, body, others", [
    ("GET", "/lake/a%20b~c", b"", {}),
    ("GET", "/lake/?prefix=w%2F&versions=", b"", {}),
    ("POST", "/lake?delete=&prefix=a%20b%2F", b"<Delete/>", {"content_md5": "c3VtIG9mIHRoZSBib2R5"}),
])
def test_requests_are_signed_as_the_client_library_does(method, path, body, others):
    url, settings = "https://minio:9000" + path, {"region": "sa-1", "account": "somebody", "secret": "for-a-test"}
    ours = runpy.run_path(str(FILE))["signed"](method, url, body, settings, NOW, **others)
    digest = hashlib.sha256(body).hexdigest()
    headers = {"Host": "minio:9000", "x-amz-content-sha256": digest, "x-amz-date": ours["x-amz-date"]}
    headers.update({"Content-MD5": value for value in others.values()})
    theirs = sign_v4_s3(
        method=method, url=urllib.parse.urlsplit(url), region="sa-1", headers=headers, credentials=Credentials("somebody", "for-a-test"),
        content_sha256=digest, date=NOW)
    assert ours["Authorization"] == theirs["Authorization"]
