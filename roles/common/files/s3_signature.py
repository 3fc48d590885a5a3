# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs requests to S3, for programs that run on hosts where no client of S3 is installed."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import urllib.parse
from typing import Any


def signed(method: str, url: str, body: bytes, settings: dict[str, Any], now: datetime.datetime, **others: str) -> dict[str, str]:
    """Headers of a request, by version 4 of S3's signatures.

    :param url: with what it asks for (after the question mark) sorted and encoded.
    :param settings: region, account, secret.
    :param others: further headers to be signed, by their names in small letters with underscores for hyphens.
    """
    parts = urllib.parse.urlsplit(url)
    day, stamp, digest = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    headers.update({name.replace("_", "-"): value for name, value in others.items()})
    names = ";".join(sorted(headers))
    asked = "\n".join([method, parts.path, parts.query, *("%s:%s" % item for item in sorted(headers.items())), "", names, digest])
    scope = "%s/%s/s3/aws4_request" % (day, settings["region"])
    key = ("AWS4" + settings["secret"]).encode()
    for part in (day, settings["region"], "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(asked.encode()).hexdigest()]).encode(), hashlib.sha256)
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        settings["account"], scope, names, signature.hexdigest())
    return headers
