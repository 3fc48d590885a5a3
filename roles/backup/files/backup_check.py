# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a copy of MinIO's drives has every file of every table of a list, with its size.

A manifest never changes, so what one names is kept in a small database, and only those not seen before are read. Lists of millions of files
are compared in that database too, and not in memory.
"""

from __future__ import annotations

import os
import re
import sqlite3
from typing import Any, Iterable, Iterator, Optional

import iceberg_files
from iceberg_files import Unreadable
from lakehouse_s3 import S3, Missing

MOST = 1000  # faults that are named
SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS named (source INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER);
CREATE INDEX IF NOT EXISTS named_by_source ON named (source);
CREATE TEMP TABLE used (id INTEGER PRIMARY KEY);
CREATE TEMP TABLE wanted (key TEXT PRIMARY KEY, size INTEGER, of TEXT NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE stored (key TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (key, size)) WITHOUT ROWID;
CREATE TEMP TABLE copied (key TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""
# An object is a folder on the drive: its versions, with what is small, are in one file, what is larger is beside it in a folder of its own.
OBJECT = re.compile(r"(.+)/(?:xl\.meta|[0-9a-f-]{36}/part\.\d+)")


def opened(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("%s is damaged" % path)
    return database


class Check:
    """Of tables in a bucket.

    :param path: the database of what was read before.
    """

    def __init__(self, path: str, s3: S3, bucket: str) -> None:
        self.s3, self.bucket = s3, bucket
        try:
            self.database = opened(path)
        except sqlite3.DatabaseError:  # a host that fell may have left it damaged: all that it says can be read again
            os.unlink(path)
            self.database = opened(path)
        self.told: dict[str, Any] = {}

    # --- What the tables are made of ---

    def key_of(self, location: str) -> str:
        bucket, key = iceberg_files.place_of(location)
        if bucket != self.bucket:
            raise Unreadable("%s is not in the bucket %s, of which this is a copy" % (location, self.bucket))
        return key

    def want(self, files: Iterable[tuple[str, Optional[int]]], of: str) -> list[str]:
        keys = [(self.key_of(location), size) for location, size in files]
        self.database.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?)", ((key, size, of) for key, size in keys))
        return [key for key, dummy in keys]

    def named_by(self, key: str, read: Any) -> int:
        """What a list or a manifest names, read if it was not before; returns its number in the database."""
        found = self.database.execute("SELECT id FROM sources WHERE key = ?", (key,)).fetchone()
        if found is None:
            named = [(self.key_of(location), size) for location, size in read(self.s3.get_any(key))]
            found = (self.database.execute("INSERT INTO sources (key) VALUES (?)", (key,)).lastrowid,)
            self.database.executemany("INSERT INTO named VALUES (?, ?, ?)", ((found[0], *each) for each in named))
            self.read += 1
        self.database.execute("INSERT OR IGNORE INTO used VALUES (?)", found)
        return found[0]

    def want_named(self, source: int, of: str) -> None:
        self.database.execute("INSERT OR IGNORE INTO wanted SELECT key, size, ? FROM named WHERE source = ?", (of, source))

    def table(self, location: str, of: str) -> dict[str, Any]:
        """Note every file of a table; returns what its metadata says of it."""
        (key,) = self.want([(location, None)], of)
        metadata = iceberg_files.metadata_of(self.s3.get_any(key), key)
        self.want(iceberg_files.statistics_of(metadata), of)
        manifests: set[str] = set()
        for key in self.want(((each, None) for each in iceberg_files.lists_of(metadata)), of):
            source = self.named_by(key, iceberg_files.manifests_of)
            self.want_named(source, of)
            manifests.update(name for (name,) in self.database.execute("SELECT key FROM named WHERE source = ?", (source,)))
        for key in sorted(manifests):
            self.want_named(self.named_by(key, iceberg_files.entries_of), of)
        return iceberg_files.summary_of(metadata)

    def tables(self, listed: list[dict[str, str]]) -> list[str]:
        """Note every file of all tables of a list; returns what cannot be read, in sentences."""
        faults, self.read = [], 0
        for each in listed:
            of = "%s.%s" % (each["database"], each["table"])
            try:
                each.update(self.table(each["location"], of))
            except Missing as error:
                faults.append("%s: %s" % (of, error))
            except Unreadable as error:
                faults.append("%s: %s" % (of, error))
        # What no table has any more need not be known.
        self.database.execute("DELETE FROM named WHERE source NOT IN (SELECT id FROM used)")
        self.database.execute("DELETE FROM sources WHERE id NOT IN (SELECT id FROM used)")
        self.database.commit()
        count, size = self.database.execute("SELECT COUNT(*), SUM(size) FROM wanted").fetchone()
        self.told.update(tables=len(listed), table_files=count, table_bytes=size or 0, manifests_read=self.read)
        return faults

    # --- Whether they are there ---

    def prefixes(self) -> list[str]:
        return [key for (key,) in self.database.execute("SELECT DISTINCT substr(key, 1, instr(key, '/')) FROM wanted ORDER BY 1")]

    def folders(self, drives: list[str]) -> list[str]:
        """Where on the drives the tables are."""
        return ["/".join([drive, self.bucket, prefix]).rstrip("/") for drive in drives for prefix in self.prefixes()]

    def objects(self, copied: Iterable[tuple[str, int]], drives: list[str]) -> Iterator[tuple[str, int]]:
        """Keys of objects, and bytes of their files in the copy."""
        starts = tuple("%s/%s/" % (drive, self.bucket) for drive in drives)
        for path, size in copied:
            found = OBJECT.fullmatch(path)
            start = next((start for start in starts if path.startswith(start)), None)
            if found and start:
                yield found[1][len(start):], size

    def files(self, copied: Iterable[tuple[str, int]], drives: list[str]) -> list[str]:
        """Hold what the tables name against the bucket and the copy; returns what is not there as it should be, in sentences."""
        for prefix in self.prefixes():
            self.database.executemany("INSERT OR IGNORE INTO stored VALUES (?, ?)", (
                (each.key, each.size) for each in self.s3.versions(prefix) if not each.is_marker))
        self.database.executemany("INSERT INTO copied VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
                                  self.objects(copied, drives))
        faults = [
            "%s: %s is not in the bucket with the size that the table knows%s" % (of, key, "" if size is None else " (%d bytes)" % size)
            for key, size, of in self.database.execute(
                "SELECT key, wanted.size, of FROM wanted WHERE NOT EXISTS"
                " (SELECT * FROM stored WHERE stored.key = wanted.key AND stored.size = IFNULL(wanted.size, stored.size)) LIMIT ?", (MOST,))]
        # This is true of one drive: of several each has a part, and parity beside. preflight.yml refuses those.
        faults += [
            "%s: %s is in the copy with %d bytes of %d" % (of, key, copied_bytes, size)
            for key, size, of, copied_bytes in self.database.execute(
                "SELECT key, IFNULL(wanted.size, 1), of, IFNULL(bytes, 0) FROM wanted LEFT JOIN copied USING (key)"
                " WHERE IFNULL(bytes, 0) < IFNULL(wanted.size, 1) LIMIT ?", (MOST,))]
        return faults
