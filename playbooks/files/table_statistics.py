# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the newest snapshot of each Iceberg table says of it, which costs one small file for each: rows, files, bytes, snapshots.

Reads {"url" of Trino, "user", "password", "ca", "seconds" for all} as JSON from standard input and prints a table. A table that cannot be read is
named with the reason; those that there is no time for are counted.
"""
from __future__ import annotations

import json
import sys
import time

import probes

LINE = "%-48s %14s %10s %10s %16s %10s  %s"
COUNTS = ("total-records", "total-data-files", "total-delete-files", "total-files-size")
ONE_SECONDS = 10


def statistics(site, schema, name):
    """Values of LINE after the table's name."""
    found = probes.query(dict(site, seconds=ONE_SECONDS), """
        select %s, count(*), cast(max(committed_at) as varchar) from lakehouse."%s"."%s$snapshots"
        """ % (", ".join("max_by(element_at(summary, '%s'), committed_at)" % count for count in COUNTS),
               schema.replace('"', '""'), name.replace('"', '""')))
    return ["-" if value is None else value for value in found[0]]


def lines(site):
    end = time.monotonic() + site["seconds"]
    yield LINE % ("TABLE", "ROWS", "FILES", "DELETES", "BYTES", "SNAPSHOTS", "NEWEST")
    tables = probes.query(dict(site, seconds=ONE_SECONDS), """
        select table_schema, table_name from lakehouse.information_schema.tables
        where table_schema not in ('information_schema', 'system') and table_type = 'BASE TABLE' order by 1, 2""")
    for place, (schema, name) in enumerate(tables):
        if time.monotonic() > end:
            yield "and %d tables that there was no time for" % (len(tables) - place)
            return
        try:
            yield LINE % ("%s.%s" % (schema, name), *statistics(site, schema, name))
        except probes.Problem as problem:
            yield "%s.%s: %s" % (schema, name, " ".join(str(problem).split()))


def main():
    try:
        for line in lines(json.load(sys.stdin)):
            print(line, flush=True)
    except probes.Problem as problem:
        print("Trino does not answer: %s" % problem)


if __name__ == "__main__":
    main()
