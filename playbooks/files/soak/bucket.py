# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints how many bytes a bucket holds, as JSON: {folder: {current, old, versions}}, with `data` and `metadata` for tables and raw files.

Reads endpoint, access_key, secret_key, region, ca_path, bucket, tables and raw (folders with a slash at the end) as JSON from standard
input, so that no secret is on a command line. `old` are bytes of versions that are not current, `versions` the number of all, delete
markers among them.
"""
from __future__ import annotations

import json
import ssl
import sys

import urllib3
from minio import Minio


def kind(key, tables, raw):
    """What an object is part of: FOLDER/NAMESPACE/TABLE/metadata/ is the metadata of a table."""
    if key.startswith(tables):
        return "metadata" if key[len(tables):].split("/")[2:3] == ["metadata"] else "data"
    return "data" if key.startswith(raw) else key.split("/")[0] + "/" if "/" in key else key


def sums(versions, tables, raw):
    """Of versions as the client lists them: object_name, size, is_latest, is_delete_marker."""
    found = {}
    for version in versions:
        of_kind = found.setdefault(kind(version.object_name, tables, raw), {"current": 0, "old": 0, "versions": 0})
        of_kind["versions"] += 1
        if not version.is_delete_marker:
            of_kind["current" if version.is_latest in (True, "true") else "old"] += version.size or 0
    return found


def main():
    asked = json.load(sys.stdin)
    pool = urllib3.PoolManager(ssl_context=ssl.create_default_context(cafile=asked["ca_path"]), timeout=60, retries=urllib3.Retry(5, backoff_factor=1))
    client = Minio(asked["endpoint"].split("://", 1)[1], asked["access_key"], asked["secret_key"], region=asked["region"], http_client=pool)
    json.dump(sums(client.list_objects(asked["bucket"], recursive=True, include_version=True), asked["tables"], asked["raw"]), sys.stdout)


if __name__ == "__main__":
    main()
