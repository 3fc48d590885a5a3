# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleted objects come back, as they were, and nothing else is touched."""

from __future__ import annotations

import io

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig


@pytest.fixture
def s3(server):
    return server.client()


@pytest.fixture
def bucket(s3, name):
    s3.make_bucket(name)
    s3.set_bucket_versioning(name, VersioningConfig(ENABLED))
    return name


def put(s3, bucket, key, text):
    s3.put_object(bucket, key, io.BytesIO(text.encode()), len(text))


def read(s3, bucket):
    keys = [item.object_name for item in s3.list_objects(bucket, recursive=True)]
    return {key: s3.get_object(bucket, key).read().decode() for key in keys}


def test_a_deletion_is_undone(s3, bucket, twice):
    for key, text in (("t/data/a", "old"), ("t/data/a", "new"), ("t/metadata/1", "m"), ("t-other/x", "x"), ("t/stays", "s")):
        put(s3, bucket, key, text)
    for key in ("t/data/a", "t/metadata/1", "t-other/x"):
        s3.remove_object(bucket, key)
    s3.remove_object(bucket, "t/data/a")  # twice, as an engine that tries again does
    assert read(s3, bucket) == {"t/stays": "s"}
    done = twice("minio_undelete", bucket=bucket, prefix="t/")
    assert done["restored"] == ["t/data/a", "t/metadata/1"] and done["present"] == ["t/data/a", "t/metadata/1", "t/stays"] and done["lost"] == 0
    assert read(s3, bucket) == {"t/data/a": "new", "t/metadata/1": "m", "t/stays": "s"}


def test_only_what_matches_is_told_and_comes_back(s3, bucket, run):
    for key in ("t/1", "t-0f/1", "t-0f/2", "tt/1"):
        put(s3, bucket, key, key)
        s3.remove_object(bucket, key)
    found = run("minio_undelete", bucket=bucket, prefix="t", match="t(-[0-9a-f]+)?/1$", check=True)
    assert found["restored"] == ["t-0f/1", "t/1"] and read(s3, bucket) == {}


def test_a_prefix_that_would_take_more_is_refused(bucket, run):
    result = run("minio_undelete", bucket=bucket, prefix="t")
    assert result.failed and "no slash" in result["msg"]


def test_a_bucket_that_is_not_there_is_named(run):
    result = run("minio_undelete", bucket="nobodys", prefix="t/")
    assert result.failed and result["code"] == "NoSuchBucket"
