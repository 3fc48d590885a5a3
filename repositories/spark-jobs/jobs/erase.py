# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erase one person, known by their pseudonym, from every table and file of the lakehouse, and prove it. For spark-submit.

    erase.py SETTINGS remove|forget|prove --request NAME --pseudonym HEX [--keep TABLE]

`remove` takes the person's rows out of raw and curated tables and dead letters, and their lines out of the raw zone's
files. `forget` expires the snapshots that still have them, and with those their files; queries that read them must be over.
`prove` looks for the person in everything that is left, for the files that had them, and for the snapshots.

What was done stands in the table of erasures, under the pseudonym: without the site's key it names nobody. By that table
the curating job knows whose old events it must not bring back. The person's identifiers are worked out in memory; this job
writes no event log.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import gzip
import json
import pathlib
import re
import sys
from dataclasses import dataclass

import lake
import pseudonyms
from curate import retried

STEPS = ("remove", "forget", "prove")
# A writer's files are no table's until it commits.
ORPHAN_HOURS = 25


@dataclass(frozen=True)
class Place:
    """A table that has rows about persons: raw ones by identifier, curated ones by pseudonym."""

    table: str
    subject: str
    is_raw: bool
    folder: str = ""


def places(settings: dict, keep: list[str]) -> list[Place]:
    """Where persons are, without the tables to be kept (which a law may demand)."""
    found = []
    for table in settings["tables"]:
        if not table.get("subject"):
            continue
        raw = f"{settings['catalog']}.{table.get('raw') or settings['raw_namespace'] + '.' + table['name']}"
        folder = f"{settings['raw_zone']}/{table.get('data_type', table['name'])}"
        found.append(Place(raw, table["subject"], True, folder))
        found.append(Place(f"{settings['catalog']}.{settings['namespace']}.{table['name']}", table["subject"], False))
    unknown = sorted(set(keep) - {place.table for place in found})
    if unknown:
        raise ValueError(f"no table with persons: {', '.join(unknown)}; there are {', '.join(place.table for place in found)}")
    return [place for place in found if place.table not in keep]


def among(column: str, values: list[str]) -> str:
    """Nobody's rows (NULL) are not among them, and that is said: see lake.delete."""
    name = lake.column(column)
    return f"{name} is not null and {name} in ({', '.join(map(lake.text, values))})" if values else "false"


def mentions(text: str, identifiers: list[str]) -> str:
    """Also what is no JSON, or not as it should be."""
    return " or ".join(f"locate({lake.text(name)}, {text}) > 0" for name in identifiers) or "false"


def without(content: bytes, subject: str, identifiers: set[str]) -> tuple[bytes, int]:
    """A file of lines of JSON, compressed, without those about a person; and how many those were."""
    kept, gone = [], 0
    for line in gzip.decompress(content).splitlines(keepends=True):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        about = record.get(subject) in identifiers if isinstance(record, dict) else any(name.encode() in line for name in identifiers)
        kept += [] if about else [line]
        gone += about
    return gzip.compress(b"".join(kept), mtime=0), gone


class Eraser:
    """Works in a session of Spark for one request."""

    def __init__(self, spark, settings: dict, pseudonym: str, request: str, now: datetime.datetime):
        self.spark, self.settings, self.pseudonym, self.request, self.now = spark, settings, pseudonym, request, now
        self.hadoop = spark._jvm.org.apache.hadoop.fs
        self.results: list[dict] = []

    # --- what is where ---

    def exists(self, table: str) -> bool:
        return self.spark.catalog.tableExists(lake.quoted(table))

    def identifiers(self, found: list[Place]) -> list[str]:
        """The values of the raw tables' and their files' subjects that have this pseudonym; one, as a rule. A look at all that there is."""
        sources = []
        for place in (place for place in found if place.is_raw):
            if self.exists(place.table):
                sources.append(self.spark.table(lake.quoted(place.table)).selectExpr(f"{lake.column(place.subject)} as name").distinct())
            lines = self.lines(place)
            if lines is not None:
                sources.append(lines.selectExpr(f"{lake.column(place.subject)} as name").distinct())
        if not sources:
            return []
        everyone = functools.reduce(lambda one, other: one.union(other), sources).distinct()
        return sorted(row["name"] for row in everyone.where(f"pseudonym(name) = '{self.pseudonym}'").collect())

    def lines(self, place: Place):
        """The raw zone's lines: text, subject and file; none where there is no folder."""
        path = self.hadoop.Path(place.folder)
        if not place.folder or not path.getFileSystem(self.spark._jsc.hadoopConfiguration()).exists(path):
            return None
        # Of a folder whose files were all deleted the object store still tells the name, and then that it is not there.
        reader = self.spark.read.option("recursiveFileLookup", "true").option("ignoreMissingFiles", "true")
        read = reader.option("pathGlobFilter", "*.jsonl.gz").text(place.folder)
        subject = f"get_json_object(value, {lake.text('$.' + place.subject)}) as {lake.column(place.subject)}"
        return read.selectExpr("value", subject, "_metadata.file_path as file")

    def about(self, place: Place, identifiers: list[str]) -> str:
        return among(place.subject, identifiers if place.is_raw else [self.pseudonym])

    def snapshot(self, table: str) -> int | None:
        current = lake.load(self.spark, table).currentSnapshot()
        return None if current is None else current.snapshotId()

    # --- the steps ---

    def remove(self, place: Place, identifiers: list[str]) -> None:
        if place.folder and identifiers:
            self.rewrite_files(place, identifiers)
        if self.exists(place.table):
            self.delete(place.table, self.about(place, identifiers))

    def delete(self, table: str, about: str) -> None:
        # Each file counts that had the person, and so do those that older snapshots have.
        rows = self.spark.table(lake.quoted(table)).where(about).selectExpr("_file").groupBy("_file").count().collect()
        count, files = sum(row["count"] for row in rows), [row["_file"] for row in rows]
        detail = {"snapshot": self.snapshot(table), "files": files}
        if count:
            # A stream adds to the table all the while, which is no reason to refuse: what it adds later is another matter.
            self.spark.sql(f"alter table {lake.quoted(table)} set tblproperties ('write.delete.isolation-level' = 'snapshot')")
            count = retried(lambda: lake.delete(self.spark, table, about))
        self.note(table, "remove", rows_removed=count, detail=detail)

    def rewrite_files(self, place: Place, identifiers: list[str]) -> None:
        lines = self.lines(place)
        if lines is None:
            return
        files = [row[0] for row in lines.where(mentions("value", identifiers)).select("file").distinct().collect()]
        total = 0
        for name in files:
            path = self.hadoop.Path(name)
            filesystem = path.getFileSystem(self.spark._jsc.hadoopConfiguration())
            stream = filesystem.open(path)
            try:
                content = bytes(self.spark._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
            finally:
                stream.close()
            content, gone = without(content, place.subject, set(identifiers))
            target = filesystem.create(path, True)
            try:
                target.write(bytearray(content))
            finally:
                target.close()
            total += gone
        self.note(place.folder, "remove", rows_removed=total, detail={"rewritten": len(files)})

    def forget(self, table: str, others: list[str]) -> bool:
        if others:
            self.note(table, "forget", detail={"refused": f"it shares its folder with {', '.join(others)}: part them, then run this step again"})
            return False
        catalog, dummy, name = table.partition(".")
        system, name = f"{lake.column(catalog)}.system", lake.text(lake.quoted(name))
        stamp = f"timestamp '{self.now:%Y-%m-%d %H:%M:%S}'"
        orphans = f"timestamp '{self.now - datetime.timedelta(hours=ORPHAN_HOURS):%Y-%m-%d %H:%M:%S}'"
        expired = self.spark.sql(f"call {system}.expire_snapshots(table => {name}, older_than => {stamp}, retain_last => 1)").first()
        removed = self.spark.sql(f"call {system}.remove_orphan_files(table => {name}, older_than => {orphans})").count()
        self.note(table, "forget", detail={"files": expired["deleted_data_files_count"], "orphans": removed})
        return True

    def prove(self, table: str, about: str, removed: dict) -> None:
        """Three proofs: no row, no file that had the person, no snapshot from before."""
        left = self.spark.table(lake.quoted(table)).where(about).count() if self.exists(table) else 0
        there = [name for name in removed.get("files", []) if self.file_is_there(name)]
        readable = removed.get("snapshot") is not None and bool(removed.get("files")) and self.can_read(table, removed["snapshot"])
        proven = not left and not there and not readable
        self.note(table, "prove", proven=proven, detail={"rows": left, "files": len(there), "snapshot_readable": readable})

    def prove_files(self, place: Place, identifiers: list[str]) -> None:
        lines = self.lines(place)
        left = 0 if lines is None else lines.where(mentions("value", identifiers)).count()
        self.note(place.folder, "prove", proven=not left, detail={"rows": left})

    def file_is_there(self, name: str) -> bool:
        path = self.hadoop.Path(name)
        return path.getFileSystem(self.spark._jsc.hadoopConfiguration()).exists(path)

    def can_read(self, table: str, snapshot: int) -> bool:
        try:
            self.spark.read.option("snapshot-id", snapshot).table(lake.quoted(table)).limit(1).collect()
        except Exception:  # whatever it says: it cannot be read
            return False
        return True

    # --- the record ---

    def note(self, table: str, step: str, rows_removed: int = 0, proven: bool | None = None, detail: dict | None = None) -> None:
        text = json.dumps(detail or {})
        result = {"table_name": table, "step": step, "rows_removed": rows_removed, "proven": proven, "detail": text}
        self.results.append(result)
        # A list of files may be long: the table has it.
        print(json.dumps({**result, "detail": text[:200]}), flush=True)

    def record(self, until: datetime.datetime) -> None:
        rows = [
            (self.now, self.request, self.pseudonym, until, result["table_name"], result["step"], result["rows_removed"], result["proven"], result["detail"])
            for result in self.results
        ]
        types = (
            "erased_at timestamp, request string, pseudonym string, until timestamp, table_name string, step string,"
            " rows_removed long, proven boolean, detail string"
        )
        if rows:
            retried(lambda: self.spark.createDataFrame(rows, types).coalesce(1).writeTo(lake.quoted(self.settings["erasures"])).append())

    def noted(self) -> tuple[dict[str, dict], datetime.datetime | None]:
        """What the step `remove` of this request found: by table, and until when the person is forgotten."""
        rows = self.spark.sql(
            f"select table_name, until, step, detail from {lake.quoted(self.settings['erasures'])} where request = {lake.text(self.request)}"
            f" and pseudonym = '{self.pseudonym}' order by erased_at"
        ).collect()
        found: dict[str, dict] = {}
        for row in rows:  # a step that was run again found less: what the first one found counts as well
            if row["step"] == "remove":
                old, new = found.get(row["table_name"], {}), json.loads(row["detail"])
                found[row["table_name"]] = {**new, **old, "files": old.get("files", []) + new.get("files", [])}
        return found, min((row["until"] for row in rows), default=None)


def run(eraser: Eraser, step: str, found: list[Place], dead_letters: str, until: datetime.datetime) -> bool:
    noted, dummy = eraser.noted()
    if step == "forget":
        shared = lake.sharing(lake.places(eraser.spark, eraser.settings["catalog"]))
        tables = [name for name in noted if "://" not in name and eraser.exists(name)]
        done = [eraser.forget(table, shared.get(table, [])) for table in tables]  # each of them, whatever became of the one before
        return all(done)
    # A look at every identifier that there is; after `remove` it must find none.
    identifiers = eraser.identifiers(found)
    letters = mentions("coalesce(decode(value, 'UTF-8'), '')", identifiers)
    if step == "remove":
        # On record first, so that no curating brings back what is being removed.
        eraser.note(eraser.settings["erasures"], "request")
        eraser.record(until)
        eraser.results.clear()
        # The raw tables last: a run that is cut short finds in them what to look for.
        if eraser.exists(dead_letters):
            eraser.delete(dead_letters, letters)
        for place in sorted(found, key=lambda place: place.is_raw):
            eraser.remove(place, identifiers)
        return True
    eraser.prove(dead_letters, letters, noted.get(dead_letters, {}))
    for place in found:
        eraser.prove(place.table, eraser.about(place, identifiers), noted.get(place.table, {}))
        if place.folder:
            eraser.prove_files(place, identifiers)
    return all(result["proven"] for result in eraser.results)


def main(argv: list[str] | None = None) -> int:
    top = argparse.ArgumentParser(prog="erase", description="Erase one person, known by their pseudonym, and prove it.")
    top.add_argument("settings", type=pathlib.Path, help="those of the curating job")
    top.add_argument("step", choices=STEPS)
    top.add_argument("--request", required=True, help="under what name it is recorded; no name of a person")
    top.add_argument("--pseudonym", required=True, help="as lakehouse-pseudonym says")
    top.add_argument("--keep", action="append", default=[], help="a table that stays as it is, where a law demands it")
    arguments = top.parse_args(argv)
    if not re.fullmatch("[0-9a-f]{64}", arguments.pseudonym):
        top.error("a pseudonym has 64 hexadecimal digits; never give the identifier itself")
    if not re.fullmatch("[A-Za-z0-9._-]{1,80}", arguments.request):
        top.error("a request's name has letters, digits, dots, hyphens and underscores")
    try:
        settings = json.loads(arguments.settings.read_text())
        found = places(settings, arguments.keep)
    except ValueError as error:
        top.error(str(error))

    from pyspark.sql import SparkSession  # not needed to look at the arguments

    # Spark reads these when it starts: an event log would have the identifiers, as parts of plans.
    builder = SparkSession.builder.appName("erase").config("spark.sql.session.timeZone", "UTC").config("spark.eventLog.enabled", "false")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    try:
        spark.sparkContext.setLogLevel("WARN")  # below it, Spark tells the filters that it pushes down
        pseudonyms.register(spark, settings["pseudonym_key"])
        now = datetime.datetime.now(datetime.timezone.utc)
        eraser = Eraser(spark, settings, arguments.pseudonym, arguments.request, now)
        dummy, until = eraser.noted()
        until = until or now
        good = run(eraser, arguments.step, found, f"{settings['catalog']}.{settings['dead_letters']}", until)
        eraser.record(until)
    finally:
        spark.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
