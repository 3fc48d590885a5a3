# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers of an S3 server are understood: what is worth another try, and what is not."""

from __future__ import annotations

import hashlib

import pytest
import urllib3
from lakehouse_datagen import settings, sinks
from lakehouse_datagen.buffer import Buffer, batch_name

NAME = batch_name("sales", 1795791600, 42)
FOLDERS = ["raw/sales/2026", "raw/sales/2026/11", "raw/sales/2026/11/27"]
EMPTY = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>'


def listing(key, etag):
    entry = f'<Contents><Key>{key}</Key><ETag>"{etag}"</ETag><Size>1</Size><LastModified>2026-11-24T00:00:00.000Z</LastModified></Contents>'
    return EMPTY.replace("<IsTruncated>", entry + "<IsTruncated>")


def failure(code, status):
    return (status, f"<Error><Code>{code}</Code><Message>it is so</Message></Error>", {"Content-Type": "application/xml"})


class Pool:
    """Answers in turn, and remembers what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def clear(self):
        """As a pool of connections can be."""

    def urlopen(self, method, url, **options):
        self.asked.append((method, url))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, text, headers = answer
        return urllib3.HTTPResponse(text.encode(), status=status, headers=headers, preload_content=True)


@pytest.fixture
def batch(tmp_path):
    buffer = Buffer(tmp_path, 1 << 20)
    buffer.add(NAME, [b"x\n"])
    return buffer.pending()[0]


@pytest.fixture
def send(batch):
    def call(*answers, folders=tuple(FOLDERS)):
        pool = Pool(*answers)
        sink = sinks.S3Sink(settings.S3("https://s3.example.test", "lake", "datagen", secret_key="s" * 16))
        sink._client._http = pool
        sink._folders.update(folders)
        try:
            return sink.send(batch)
        finally:
            call.asked = pool.asked

    return call


def digest(batch):
    return hashlib.md5(batch.path.read_bytes(), usedforsecurity=False).hexdigest()


def test_it_is_put_where_it_is_not(send, batch):
    assert send((200, EMPTY, {}), (200, "", {"ETag": f'"{digest(batch)}"'})) is True
    assert [method for method, dummy in send.asked] == ["GET", "PUT"]
    assert send.asked[1][1].endswith(f"/lake/raw/sales/2026/11/27/{NAME}")


def test_it_is_not_put_where_it_is(send, batch):
    assert send((200, listing(f"raw/{batch.key}", digest(batch)), {})) is False


def test_another_content_is_never_overwritten(send, batch):
    with pytest.raises(sinks.Conflict, match="another content"):
        send((200, listing(f"raw/{batch.key}", "0" * 32), {}))


def test_below_another_objects_name_nothing_is_put(send):
    """It would be in no list."""
    with pytest.raises(sinks.Conflict, match="raw/sales/2026/11 is an object"):
        send((200, EMPTY, {}), (200, EMPTY, {}), (200, listing(FOLDERS[1], "0" * 32), {}), folders=[])


def test_in_a_folders_place_nothing_is_put(send, batch):
    folder = EMPTY.replace("<IsTruncated>", f"<CommonPrefixes><Prefix>raw/{batch.key}/</Prefix></CommonPrefixes><IsTruncated>")
    with pytest.raises(sinks.Conflict, match="hide what is in there"):
        send((200, folder, {}))


def test_folders_are_asked_for_once(send, batch):
    put = (200, "", {"ETag": f'"{digest(batch)}"'})
    assert send(*[(200, EMPTY, {})] * 4, put, folders=[]) is True
    assert [method for method, dummy in send.asked] == ["GET"] * 4 + ["PUT"]


def test_a_longer_name_is_another_object(send, batch):
    assert send((200, listing(f"raw/{batch.key}.old", "0" * 32), {}), (200, "", {"ETag": f'"{digest(batch)}"'})) is True


def test_what_arrives_damaged_is_sent_again(send):
    with pytest.raises(sinks.Away, match="damaged"):
        send((200, EMPTY, {}), (200, "", {"ETag": '"' + "0" * 32 + '"'}))


@pytest.mark.parametrize(
    "answer",
    [
        failure("XMinioStorageFull", 507), failure("InternalError", 500), failure("SlowDownWrite", 503), failure("SlowDown", 429),
        failure("RequestTimeout", 408), (502, "<html>bad gateway</html>", {"Content-Type": "text/html"}), (503, "", {}),
        urllib3.exceptions.ConnectTimeoutError("slow"), urllib3.exceptions.ProtocolError("broken off"), ConnectionResetError("reset"),
    ],
    ids=str,
)  # fmt: skip
def test_a_server_that_cannot_now_is_away(send, answer):
    with pytest.raises(sinks.Away):
        send((200, EMPTY, {}), answer)


@pytest.mark.parametrize(
    "answer",
    [
        failure("AccessDenied", 403), failure("SignatureDoesNotMatch", 403), failure("InvalidAccessKeyId", 403), failure("NoSuchBucket", 404),
        failure("XMinioAdminBucketQuotaExceeded", 400), failure("RequestTimeTooSkewed", 403),
    ],
    ids=str,
)  # fmt: skip
def test_a_server_that_will_not_has_refused(send, answer):
    with pytest.raises(sinks.Refused, match=answer[1].split("<Code>")[1].split("<")[0]):
        send((200, EMPTY, {}), answer)
