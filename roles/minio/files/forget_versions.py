# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forgets old versions of the files by which tables' commits follow one another, which the bucket's lifecycle would keep for days.

    forget_versions.py SETTINGS.json

Each commit to an Iceberg table writes a file of metadata and two of manifests, and the commits after it delete them. That is what goes
here, some time later: all versions of a file in FOLDER/NAMESPACE/TABLE/metadata/ that was deleted before the newest file of metadata
that is there was written. So nothing goes of a dropped table, which has no file of metadata, nor of one whose dropping ended half way,
since no commit came after it; and data files are not even looked at. Where a table was dropped and another one made in its folder, what
was deleted before that stays. When that was is told by the table's first file of metadata, 00000-*, which itself is left to the lifecycle.

SETTINGS.json: url, ca (path), region, account, secret, tables (BUCKET/FOLDER/, the folder of the namespaces), minutes (how long a deleted
file stays at least), lock (path). Prints what went as a line of JSON; ends with 1 where the server refuses something. Whoever has a lock on the
file `lock`, as a backup that copies the bucket has, keeps everything where it is: the next run makes up for it.
"""

from __future__ import annotations

import base64
import datetime
import fcntl
import hashlib
import http.client
import itertools
import json
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from s3_signature import signed

# While the server starts anew, it is asked again.
TRIES, PAUSE_SECONDS, TIMEOUT_SECONDS = 40, 3, 60
MOST = 1000  # of a page, and of versions deleted at once
METADATA, FIRST = ".metadata.json", "00000-"

Request = Callable[[str, dict[str, str], bytes], bytes]


class Refused(Exception):
    """The server's answer is an error that waiting does not mend."""


class Version(NamedTuple):
    id: str
    is_marker: bool
    modified: datetime.datetime
    size: int


# --- What goes ---


def removable(versions: list[Version], since: Optional[datetime.datetime], before: datetime.datetime) -> list[Version]:
    """All versions of a file, given the newest first, if it was deleted in that time; else none.

    The markers come last: a file stays deleted until all that they hide has gone.
    """
    deleted = versions[0].modified
    goes = versions[0].is_marker and deleted < before and (since is None or deleted >= since)
    return sorted(versions, key=lambda version: version.is_marker) if goes else []


def is_first(key: str) -> bool:
    """Whether it is the file of metadata that a table begins with."""
    return key.endswith(METADATA) and key.rpartition("/")[2].startswith(FIRST)


def born_and_newest(files: Iterable[tuple[str, list[Version]]]) -> tuple[Optional[datetime.datetime], Optional[datetime.datetime]]:
    """When the folder's last table was made, and when the newest file of metadata that is there was written.

    The former is None where no first file is left; the latter of a dropped table, and where no table is.
    """
    born: list[datetime.datetime] = []
    newest: list[datetime.datetime] = []
    for key, versions in files:
        if is_first(key):
            born += [version.modified for version in versions if not version.is_marker]
        if key.endswith(METADATA) and not versions[0].is_marker:
            newest.append(versions[0].modified)
    return max(born, default=None), max(newest, default=None)


# --- What the server lists ---


class Page(NamedTuple):
    versions: list[tuple[str, Version]]
    folders: list[str]
    following: Optional[dict[str, str]]  # what to ask the next page by


def page_of(document: bytes) -> Page:
    root = ElementTree.fromstring(document)
    space = root.tag.rpartition("}")[0] + "}" if "}" in root.tag else ""

    def text(element: ElementTree.Element, name: str) -> str:
        return element.findtext(space + name) or ""

    def name_of(element: ElementTree.Element, name: str) -> str:
        return urllib.parse.unquote_plus(text(element, name))

    versions = []
    for element in root:
        kind = element.tag.removeprefix(space)
        if kind in ("Version", "DeleteMarker"):
            modified = datetime.datetime.fromisoformat(text(element, "LastModified"))
            versions.append((name_of(element, "Key"), Version(text(element, "VersionId"), kind == "DeleteMarker", modified, int(text(element, "Size") or 0))))
    folders = [name_of(element, "Prefix") for element in root.findall(space + "CommonPrefixes")]
    following = None
    if text(root, "IsTruncated") == "true":
        following = {"key-marker": name_of(root, "NextKeyMarker"), "version-id-marker": text(root, "NextVersionIdMarker")}
    return Page(versions, folders, following)


class Bucket:
    """Lists and deletes versions.

    :param request: sends a method, a query and a body to the bucket, and returns the answer's body.
    """

    def __init__(self, request: Request) -> None:
        self.request = request

    def pages(self, prefix: str) -> Iterator[Page]:
        """What is right below a prefix, in pages."""
        following: Optional[dict[str, str]] = {}
        while following is not None:
            query = {"versions": "", "delimiter": "/", "encoding-type": "url", "max-keys": str(MOST), "prefix": prefix, **following}
            page = page_of(self.request("GET", query, b""))
            yield page
            following = page.following

    def folders(self, prefix: str) -> list[str]:
        return [folder for page in self.pages(prefix) for folder in page.folders]

    def files(self, prefix: str) -> Iterator[tuple[str, list[Version]]]:
        """Keys with all their versions, the newest first.

        A key is told when the page after its last version has been read. So it may be deleted at once: the server does not go on rightly
        from a version that is no more.
        """
        listed: list[tuple[str, Version]] = []
        for page in self.pages(prefix):
            listed += page.versions
            last = listed[-1][0] if listed and page.following is not None else None
            for key, group in itertools.groupby([each for each in listed if each[0] != last], key=lambda each: each[0]):
                yield key, [version for dummy, version in group]
            listed = [each for each in listed if each[0] == last]

    def delete(self, versions: list[tuple[str, Version]]) -> None:
        if not versions:
            return
        objects = "".join("<Object><Key>%s</Key><VersionId>%s</VersionId></Object>" % (escape(key), escape(version.id)) for key, version in versions)
        answer = ElementTree.fromstring(self.request("POST", {"delete": ""}, ("<Delete><Quiet>true</Quiet>%s</Delete>" % objects).encode()))
        faults = [": ".join(element.itertext()) for element in answer if element.tag.rpartition("}")[2] == "Error"]
        if faults:
            raise Refused("%d of %d versions are not deleted, such as %s" % (len(faults), len(versions), faults[0]))


def forget_of_table(bucket: Bucket, prefix: str, minutes: int, now: datetime.datetime) -> tuple[int, int]:
    """Forget what may go in a table's folder of metadata; returns how many versions and bytes that were."""
    born, newest = born_and_newest(bucket.files(prefix))
    if newest is None:
        return 0, 0
    before = min(newest, now - datetime.timedelta(minutes=minutes))
    gone = ((key, version) for key, versions in bucket.files(prefix) if not is_first(key) for version in removable(versions, born, before))
    count = size = 0
    while batch := list(itertools.islice(gone, MOST)):
        bucket.delete([(key, version) for key, version in batch if not version.is_marker])
        bucket.delete([(key, version) for key, version in batch if version.is_marker])
        count, size = count + len(batch), size + sum(version.size for dummy, version in batch)
    return count, size


def forget(bucket: Bucket, prefix: str, minutes: int, now: datetime.datetime) -> dict[str, Any]:
    """Forget what may go in all tables below a prefix; returns how many versions and bytes that were, and what was refused where."""
    told: dict[str, Any] = {"versions": 0, "bytes": 0, "faults": []}
    for namespace in bucket.folders(prefix):
        for table in bucket.folders(namespace):
            try:
                count, size = forget_of_table(bucket, table + "metadata/", minutes, now)
            except Refused as error:
                told["faults"].append("%s: %s" % (table, error))
            else:
                told["versions"] += count
                told["bytes"] += size
    return told


# --- How the server is asked ---


class Straight(urllib.request.HTTPRedirectHandler):
    """What is signed goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


def requests_to(settings: dict[str, Any], bucket: str) -> Request:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=settings["ca"])))
    url = "%s/%s" % (settings["url"], urllib.parse.quote(bucket))

    def once(method: str, query: str, body: bytes) -> bytes:
        whole, now = url + "?" + query, datetime.datetime.now(datetime.timezone.utc)
        # What deletes has to have it.
        checksum = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers = signed(method, whole, body, settings, now, content_md5=checksum)
        asked = urllib.request.Request(whole, data=body or None, headers=headers, method=method)
        try:
            with opener.open(asked, timeout=TIMEOUT_SECONDS) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise OSError("HTTP %d" % error.code) from error
            raise Refused("HTTP %d: %s" % (error.code, error.read(500).decode(errors="replace"))) from error

    def request(method: str, query: dict[str, str], body: bytes) -> bytes:
        encoded = "&".join("%s=%s" % (name, urllib.parse.quote(value, safe="")) for name, value in sorted(query.items()))
        for dummy in range(TRIES - 1):
            try:
                return once(method, encoded, body)
            except (OSError, http.client.HTTPException):
                time.sleep(PAUSE_SECONDS)
        return once(method, encoded, body)

    return request


def told_of(settings: dict[str, Any], bucket: str, prefix: str) -> dict[str, Any]:
    try:
        return forget(Bucket(requests_to(settings, bucket)), prefix, settings["minutes"], datetime.datetime.now(datetime.timezone.utc))
    except (Refused, OSError, http.client.HTTPException) as error:
        raise SystemExit("%s: %s" % (settings["url"], error)) from error


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    bucket, dummy, prefix = settings["tables"].partition("/")
    with open(settings["lock"], encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(json.dumps({"held": settings["lock"]}))
            return
        told = told_of(settings, bucket, prefix)
    print(json.dumps(told))
    sys.exit(1 if told["faults"] else 0)


if __name__ == "__main__":
    main()
