# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a bucket with its old versions over S3, and writes small objects."""

from __future__ import annotations

import datetime
import email.utils
import http.client
import ssl
import time
import urllib.parse
from typing import Any, Iterator, NamedTuple, Optional
from xml.etree import ElementTree

from s3_signature import signed

TRIES, PAUSE_SECONDS, TIMEOUT_SECONDS = 4, 3, 60
MOST = 1000  # of a page


class Refused(Exception):
    """The server's answer is an error that waiting does not mend."""


class Missing(Refused):
    """There is no such object, nor such a version."""


class Version(NamedTuple):
    key: str
    id: str
    is_marker: bool
    is_latest: bool
    modified: str
    size: int


def page_of(document: bytes) -> tuple[list[Version], Optional[dict[str, str]]]:
    """The versions of a page, and what to ask the next one by."""
    root = ElementTree.fromstring(document)
    space = root.tag.rpartition("}")[0] + "}" if "}" in root.tag else ""

    def text(element: ElementTree.Element, name: str) -> str:
        return element.findtext(space + name) or ""

    versions = [
        Version(urllib.parse.unquote_plus(text(each, "Key")), text(each, "VersionId"), each.tag == space + "DeleteMarker",
                text(each, "IsLatest") == "true", text(each, "LastModified"), int(text(each, "Size") or 0))
        for each in root if each.tag in (space + "Version", space + "DeleteMarker")]
    following = None
    if text(root, "IsTruncated") == "true":
        following = {"key-marker": urllib.parse.unquote_plus(text(root, "NextKeyMarker")), "version-id-marker": text(root, "NextVersionIdMarker")}
    return versions, following


class S3:
    """A bucket, by settings: url, ca (path), region, bucket, account, secret.

    Requests are signed with the server's own time, so that a host whose clock is wrong still has its backups.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.host = urllib.parse.urlsplit(settings["url"]).netloc
        self.context = ssl.create_default_context(cafile=settings["ca"])
        self.connection: Optional[http.client.HTTPSConnection] = None
        self.ahead: Optional[datetime.timedelta] = None

    def _once(self, method: str, path: str, query: str, body: bytes, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=TIMEOUT_SECONDS)
        try:
            self.connection.request(method, path + ("?" + query if query else ""), body=body or None, headers=headers)
            answer = self.connection.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def now(self) -> datetime.datetime:
        """What time it is to the server."""
        if self.ahead is None:
            answer = self._once("GET", "/minio/health/live", "", b"", {})[0]
            told = email.utils.parsedate_to_datetime(answer.headers["Date"])
            self.ahead = told - datetime.datetime.now(datetime.timezone.utc)
        return datetime.datetime.now(datetime.timezone.utc) + self.ahead

    def headers(self, method: str, path: str, query: str, body: bytes = b"") -> dict[str, str]:
        """A request's headers, signed with the server's time."""
        return signed(method, "https://%s%s?%s" % (self.host, path, query), body, self.settings, self.now())

    def request(self, method: str, key: str = "", query: Optional[dict[str, str]] = None, body: bytes = b"") -> bytes:
        path = urllib.parse.quote("/%s/%s" % (self.settings["bucket"], key), safe="/~")
        encoded = "&".join("%s=%s" % (name, urllib.parse.quote(value, safe="~")) for name, value in sorted((query or {}).items()))
        for left in reversed(range(TRIES)):
            try:
                answer, content = self._once(method, path, encoded, body, self.headers(method, path, encoded, body))
                if answer.status < 300:
                    return content
                said = "%s %s: HTTP %d %s" % (method, key or encoded, answer.status, content[:300].decode(errors="replace"))
                if answer.status == 404:
                    raise Missing(said)
                if answer.status < 500:
                    raise Refused(said)
                raise OSError(said)
            except (OSError, http.client.HTTPException) as error:
                if not left:
                    raise Refused("%s does not answer: %s" % (self.settings["url"], error)) from error
                time.sleep(PAUSE_SECONDS)
        raise AssertionError("not reached")

    def put(self, key: str, content: bytes) -> None:
        self.request("PUT", key, body=content)

    def get(self, key: str, version: Optional[str] = None) -> bytes:
        return self.request("GET", key, {"versionId": version} if version else None)

    def get_any(self, key: str) -> bytes:
        """An object, or, where it was deleted, the last version that it had."""
        try:
            return self.get(key)
        except Missing:
            last = next((each for each in self.versions(key) if each.key == key and not each.is_marker), None)
            if last is None:
                raise
            return self.get(key, last.id)

    def versions(self, prefix: str) -> Iterator[Version]:
        """All versions of all objects below a prefix, of each object the newest first."""
        following: Optional[dict[str, str]] = {}
        while following is not None:
            query = {"versions": "", "encoding-type": "url", "max-keys": str(MOST), "prefix": prefix, **following}
            versions, following = page_of(self.request("GET", query=query))
            yield from versions
