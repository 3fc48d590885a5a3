# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Curate one day: from the raw table and the raw zone's files to one typed row for each event. For spark-submit.

A day has what happened on it and what arrived on it, so what comes late is curated too; days are UTC's. Of an event that
came several times the newest copy counts. A day may be run again: only what is new or different is written, and where
nothing is, no snapshot is made.

What is not as promised (see event_fields.py) is refused with its reason, counted for each, and so is an event without key or
time.

What names a person does not get here: such columns become pseudonyms or are left out, as the settings say (see
pseudonyms.py), and who asked to be forgotten stays so.

Arguments: the file of settings, and then those of the command. One line of JSON for each table on standard output. Ends
with 0 when all went well, 1 when a table could not be curated, 2 when it was called wrongly.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import pathlib
import random
import sys
import time
from dataclasses import dataclass

import lake
import pseudonyms
from event_fields import in_time, read_as, value

# What two writers of one table may meet, and what a second try, with another look at the table, gets over.
RETRIED = ("CommitFailedException", "CommitStateUnknownException", "ValidationException")
# The property of a curated table that says with which key and of which columns its pseudonyms were made.
PROTECTION = "lakehouse.pseudonyms"


@dataclass(frozen=True)
class Table:
    """A curated table: where its events come from, and what they look like. Columns of the job's own begin with an underscore."""

    name: str  # lakehouse.curated.radius_logs
    raw: str  # lakehouse.raw.radius_logs
    files: str  # s3a://datalake/raw/radius_logs
    key: str
    columns: dict[str, str]
    hashed: tuple[str, ...] = ()  # columns that become pseudonyms
    left_out: tuple[str, ...] = ()  # columns that stay behind
    subject: str = ""  # the column of hashed ones that says whom an event is about

    @property
    def types(self) -> str:
        """What is read of a file's lines."""
        return ", ".join(f"{lake.column(name)} {read_as(kind)}" for name, kind in self.columns.items())

    @property
    def kept(self) -> dict[str, str]:
        """What is written."""
        return {name: kind for name, kind in self.columns.items() if name not in self.left_out}

    def written(self) -> str:
        """The columns as they are written."""
        return ", ".join(f"pseudonym({lake.column(name)}) as {lake.column(name)}" if name in self.hashed else lake.column(name) for name in self.kept)

    def checked(self, values: dict[str, str], own: str, before: str, needs: str, source: str) -> str:
        """Rows as they are written, with the reason why one is refused; null for a good one.

        `values` has SQL for each column. Where that is more than its name it checks, and is null for what is refused.
        """
        inner = [f"{sql} as {lake.column(name)}" for name, sql in values.items()]
        key = lake.column(self.key)
        cases = [before, f"when {key} is null then {lake.text(self.key + ': missing')}"]
        for name, sql in values.items():
            column, given = lake.column(name), lake.column(f"_given_{name}")
            if column in sql and column != sql:
                inner.append(f"{column} as {given}")
                cases.append(f"when {given} is not null and {column} is null then {lake.text(f'{name}: not a {self.columns[name]}')}")
        cases.append("when event_time is null then 'event_time: missing'")
        rows = f"select {', '.join(inner)}, {needs} from {source}"
        return f"select {self.written()}, {own}, case {' '.join(cases)} end as _reason from ({rows})"

    def folder(self, day: datetime.date) -> str:
        return f"{self.files}/{day:%Y/%m/%d}"

    def protection(self, fingerprint: str) -> str:
        """What the table's rows were made with: another key or other columns would not fit to them."""
        return f"{fingerprint} hashed={','.join(sorted(self.hashed))} left_out={','.join(sorted(self.left_out))}"

    def create(self) -> str:
        types = ", ".join(f"{lake.column(name)} {kind}" for name, kind in self.kept.items())
        return f"create table if not exists {lake.quoted(self.name)} ({types}, seen_at timestamp) using iceberg partitioned by (days(event_time))"

    def from_raw(self, day: datetime.date, there: list[str]) -> str:
        """The raw table's rows of a day; a column that it does not have yet is null."""
        of_day = " or ".join(
            f"({moment} >= timestamp '{day}' and {moment} < timestamp '{day + datetime.timedelta(days=1)}')" for moment in ("event_time", "ingested_at")
        )
        values = {name: lake.column(name) if name in there else f"cast(null as {kind})" for name, kind in self.columns.items()}
        # Its types are right already, and its texts were held to their forms when they came.
        values["event_time"] = in_time("`event_time`")
        values.update({name: value(lake.column(name), kind) for name, kind in self.columns.items() if kind == "double" and name in there})
        own = "kafka_time as seen_at, kafka_offset as _place"
        return self.checked(values, own, "", "kafka_time, kafka_offset", f"{lake.quoted(self.raw)} where {of_day}")

    def from_files(self, view: str) -> str:
        """The lines of a day's files."""
        values = {name: value(lake.column(name), kind) for name, kind in self.columns.items()}
        own = "_seen_at as seen_at, cast(-1 as bigint) as _place"
        return self.checked(values, own, "when _line is not null then 'not as the columns say'", "_seen_at, _line", view)

    def compare(self, source: str, first: str, last: str, erasures: str | None = None) -> str:
        """The newest copy of each event, and what it is to the curated table: new, changed or unchanged."""
        same = " and ".join(f"s.{name} <=> t.{name}" for name in map(lake.column, self.kept))
        key, subject = lake.column(self.key), lake.column(self.subject)
        forgotten = f" and not exists (select 1 from {erasures} e where e.pseudonym = {subject} and event_time <= e.until)" if erasures else ""
        return f"""
            select s.*, case when t.{key} is null then 'new' when s.seen_at > t.seen_at and not ({same}) then 'changed'
                             else 'unchanged' end as _state
            from (select *, row_number() over (partition by {key} order by seen_at desc, _place desc) as _age
                  from {source} where _reason is null{forgotten}) s
            left join (select * from {lake.quoted(self.name)} where {between("event_time", first, last)}) t on s.{key} = t.{key}
            where s._age = 1"""

    def merge(self, source: str, first: str, last: str) -> str:
        """Looks into the days of the source alone: an event's time is part of what happened, and does not change.

        Key and time are never NULL in the source, so a row of the table without them matches nothing and stays.
        """
        columns = [*map(lake.column, self.kept), "seen_at"]
        key = lake.column(self.key)
        return f"""
            merge into {lake.quoted(self.name)} t using (select {", ".join(columns)} from {source} where _state <> 'unchanged') s
            on t.{key} = s.{key} and {between("t.event_time", first, last)}
            when matched and s.seen_at > t.seen_at then update set {", ".join(f"t.{name} = s.{name}" for name in columns)}
            when not matched then insert ({", ".join(columns)}) values ({", ".join(f"s.{name}" for name in columns)})"""


def between(column: str, first: str, last: str) -> str:
    return f"{column} >= timestamp '{first}' and {column} <= timestamp '{last}'"


def yesterday() -> datetime.date:
    return datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lakehouse-curate", description="Curate the events of a day: typed, and each of them once.")
    top.add_argument("settings", type=pathlib.Path, help=argparse.SUPPRESS)
    top.add_argument("--day", type=day, default=yesterday(), help="YYYY-MM-DD in UTC; yesterday when left out")
    top.add_argument("--days", type=int, choices=range(1, 32), metavar="N", default=1, help="also the days before, N in all: for what came late")
    top.add_argument("--table", action="append", help="only this table, such as radius_logs; may be given several times")
    return top


def load(settings: dict) -> list[Table]:
    """The tables of the settings; where a table does not say otherwise, its sources have its own name."""
    return [
        Table(
            name=f"{settings['catalog']}.{settings['namespace']}.{table['name']}",
            raw=f"{settings['catalog']}.{table.get('raw') or settings['raw_namespace'] + '.' + table['name']}",
            files=f"{settings['raw_zone']}/{table.get('data_type', table['name'])}",
            key=table.get("key", "event_id"),
            columns=table["schema"],
            hashed=tuple(table.get("hashed", ())),
            left_out=tuple(table.get("left_out", ())),
            subject=table.get("subject", ""),
        )
        for table in settings["tables"]
    ]


def chosen(tables: list[Table], names: list[str] | None) -> list[Table]:
    """Those that are asked for, by the last part of their names. Raises ValueError where there is no such table."""
    by_name = {table.name.rpartition(".")[2]: table for table in tables}
    unknown = sorted(set(names or []) - set(by_name))
    if unknown:
        raise ValueError(f"no such table: {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [table for name, table in by_name.items() if not names or name in names]


def retried(call, attempts=5, sleep=time.sleep):
    """Calls again, with growing pauses, where another writer was faster."""
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except Exception as error:
            if attempt == attempts or not any(f"org.apache.iceberg.exceptions.{name}" in str(error) for name in RETRIED):
                raise
            sleep(2**attempt * random.uniform(0.5, 1.0))


class Curator:
    """Curates tables of one day in a session of Spark."""

    def __init__(self, spark, day: datetime.date, fingerprint: str = "", erasures: str | None = None):
        self.spark, self.day, self.fingerprint, self.erasures = spark, day, fingerprint, erasures

    def handed_over(self, table: Table):
        """All that belongs to the day, as one frame, and what was missing of its two sources."""
        parts, missing = [], []
        if self.spark.catalog.tableExists(lake.quoted(table.raw)):
            parts.append(self.spark.sql(table.from_raw(self.day, self.spark.table(lake.quoted(table.raw)).columns)))
        else:
            missing.append(table.raw)
        path = self.spark._jvm.org.apache.hadoop.fs.Path(table.folder(self.day))
        if path.getFileSystem(self.spark._jsc.hadoopConfiguration()).exists(path):
            lines = self.spark.read.schema(f"{table.types}, _line string").json(
                table.folder(self.day), columnNameOfCorruptRecord="_line", allowNonNumericNumbers=False, pathGlobFilter="*.jsonl*"
            )
            lines.selectExpr("*", "_metadata.file_modification_time as _seen_at").createOrReplaceTempView("curate_files")
            parts.append(self.spark.sql(table.from_files("curate_files")))
        else:
            missing.append(table.folder(self.day))
        return (parts[0].union(parts[1]) if len(parts) == 2 else parts[0] if parts else None), missing

    def prepare(self, table: Table) -> None:
        """Makes the table, and gives it the columns that its data have got since."""
        self.spark.sql(f"create namespace if not exists {lake.quoted(table.name.rpartition('.')[0])}")
        new = not self.spark.catalog.tableExists(lake.quoted(table.name))
        self.spark.sql(table.create())
        if table.hashed or table.left_out:
            self.insist_on_protection(table, new)
        there = self.spark.table(lake.quoted(table.name)).columns
        wider = ", ".join(f"{lake.column(name)} {kind}" for name, kind in table.kept.items() if name not in there)
        if wider:
            self.spark.sql(f"alter table {lake.quoted(table.name)} add columns ({wider})")

    def insist_on_protection(self, table: Table, new: bool) -> None:
        wanted = table.protection(self.fingerprint)
        if new:
            self.spark.sql(f"alter table {lake.quoted(table.name)} set tblproperties ('{PROTECTION}' = {lake.text(wanted)})")
            return
        found = {row["key"]: row["value"] for row in self.spark.sql(f"show tblproperties {lake.quoted(table.name)}").collect()}.get(PROTECTION)
        if found != wanted:
            raise ValueError(
                f"{table.name} was made with other pseudonyms ({found or 'none'}) than today's ({wanted}). Drop it and curate its days anew from "
                "raw, or give back the key and the columns that it was made with."
            )

    def curate(self, table: Table) -> dict:
        source, missing = self.handed_over(table)
        counts = {"read": 0, "refused": 0, "reasons": {}, "new": 0, "changed": 0, "unchanged": 0}
        if source is None:
            return {**counts, "missing": missing}
        source.persist().createOrReplaceTempView("curate_source")
        try:
            about = self.spark.sql(
                "select count(*) as read, count(_reason) as refused, cast(min(event_time) filter (where _reason is null) as string) as first,"
                " cast(max(event_time) filter (where _reason is null) as string) as last from curate_source"
            ).first()
            counts.update(read=about["read"], refused=about["refused"])
            if about["refused"]:
                reasons = self.spark.sql("select _reason, count(*) as times from curate_source where _reason is not null group by _reason order by _reason")
                counts["reasons"] = {row["_reason"]: row["times"] for row in reasons.collect()}
            # Also where nothing came yet: whoever asks the table finds it empty, and not missing.
            self.prepare(table)
            if about["first"] is not None:
                counts.update(self.write(table, about["first"], about["last"]))
        finally:
            source.unpersist()
        return {**counts, "missing": missing}

    def write(self, table: Table, first: str, last: str) -> dict:
        compared = self.spark.sql(table.compare("curate_source", first, last, self.erasures if table.subject else None)).persist()
        try:
            compared.createOrReplaceTempView("curate_compared")
            states = {row["_state"]: row["count"] for row in compared.groupBy("_state").count().collect()}
            if states.keys() - {"unchanged"}:
                self.spark.sql(table.merge("curate_compared", first, last))
            return states
        finally:
            compared.unpersist()


def main(argv: list[str] | None = None) -> int:
    top = parser()
    arguments = top.parse_args(argv)
    try:
        settings = json.loads(arguments.settings.read_text())
        tables = chosen(load(settings), arguments.table)
    except ValueError as error:
        top.error(str(error))

    from pyspark.sql import SparkSession  # not needed to look at the arguments

    spark = SparkSession.builder.appName("curate").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    failed = False
    try:
        fingerprint = pseudonyms.register(spark, settings["pseudonym_key"]) if any(table.hashed for table in tables) else ""
        erasures = settings.get("erasures")
        erasures = lake.quoted(erasures) if erasures and spark.catalog.tableExists(lake.quoted(erasures)) else None
        days = [arguments.day - datetime.timedelta(days=back) for back in reversed(range(arguments.days))]
        for of_day, table in itertools.product(days, tables):
            began, result = time.monotonic(), {"table": table.name, "day": str(of_day)}
            try:
                curator = Curator(spark, of_day, fingerprint, erasures)
                result.update(retried(lambda curator=curator, table=table: curator.curate(table)))
            except Exception as error:  # the others are curated all the same
                failed = True
                result["error"] = str(error).strip().splitlines()[0]
                print(error, file=sys.stderr)
            print(json.dumps({**result, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    finally:
        spark.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
