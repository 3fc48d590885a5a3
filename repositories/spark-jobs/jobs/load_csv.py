# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a CSV file of the landing folder into a table of its own rows' types. For spark-submit.

    load_csv.py SETTINGS FILE NAME [--write] [how the file is written]

Without --write nothing is written: the types are shown, and what does not fit them, by line. With it the rows go into
lakehouse.files.NAME, unless a line is wrong: then none does. A file that is loaded again replaces its own rows and no
others. Types are taken from the first lines, unless given with --type.

One line of JSON for each column, each wrong line (the first hundred) and the file as a whole on standard output. They hold no
value of the file, since logs are kept. Ends with 0 when all went well, 1 when something is wrong with the file or the table,
2 when it was called wrongly.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import pathlib
import re
import sys
import tempfile
import unicodedata
import uuid
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field

import lake

SAMPLE = 1000  # records that types are taken from
SHOWN = 100  # wrong lines that are told one by one
MOST_MIB = 1024  # one process reads the file; larger ones are spark-sql's business
NAMESPACE = "files"
# What a row has besides: where it came from, and when.
OWN = {"source_file": "string", "source_line": "bigint", "loaded_at": "timestamp"}
# The property of a table that this job made.
MARK = "lakehouse.source"
ENCODINGS = {"utf-8": "utf-8-sig", "windows-1252": "cp1252", "iso-8859-1": "latin-1"}
DELIMITERS = {";": ";", ",": ",", "|": "|", "tab": "\t"}
SPARK_TYPES = {"string": "string", "long": "bigint", "double": "double", "boolean": "boolean", "date": "date", "timestamp": "timestamp"}
DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")
CODE = re.compile(r"0[0-9]")  # what a code may begin with, and a number does not
TRUTH = {"true": "true", "sim": "true", "false": "false", "não": "false", "nao": "false"}
DATES = {
    "DD/MM/YYYY": re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})"),
    "YYYY-MM-DD": re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
}
TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")


class Wrong(ValueError):
    """A file, or a table, that nothing is written of."""


@dataclass(frozen=True)
class Form:
    """How a file is written."""

    delimiter: str = ";"
    encoding: str = "utf-8"
    header: bool = True
    decimal: str = ","
    dates: str = "DD/MM/YYYY"
    zone: str = "UTC"  # of times without one


@dataclass
class Column:
    name: str
    title: str
    kind: str = "string"
    inferred: bool = True
    empty: int = 0


@dataclass
class Outcome:
    """What a file holds."""

    columns: list[Column]
    rows: int = 0
    wrong: int = 0
    faults: list[dict] = field(default_factory=list)

    def fault(self, line: int, reason: str, column: str = "") -> None:
        self.wrong += 1
        if len(self.faults) < SHOWN:
            self.faults.append({"line": line, **({"column": column} if column else {}), "wrong": reason})


# --- Values ---


def number(text: str, decimal: str) -> str:
    """A number as SQL has it. Thousands may be parted, in threes, by the one of comma and point that the decimals are not."""
    thousands = re.escape("." if decimal == "," else ",")
    point = re.escape(decimal)
    found = re.fullmatch(rf"([+-]?)(?:R\$ ?)?([+-]?)([1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|[0-9]+)(?:{point}([0-9]+))?", text.replace("\xa0", " "))
    if not found or (found[1] and found[2]):
        raise ValueError("no number")
    sign = "-" if "-" in (found[1], found[2]) else ""
    return sign + re.sub(r"[.,]", "", found[3]) + (f".{found[4]}" if found[4] else "")


def date(text: str, form: Form) -> str:
    found = DATES[form.dates].fullmatch(text)
    if not found:
        raise ValueError("no date")
    day = datetime.date(int(found["year"]), int(found["month"]), int(found["day"]))
    if not 1900 <= day.year < 2200:
        raise ValueError("a year that is none of ours")
    return day.isoformat()


def timestamp(text: str, form: Form) -> str:
    """An instant in UTC. A date alone is none."""
    day, dummy, clock = text.replace("T", " ").partition(" ")
    found = TIME.fullmatch(clock)
    if not found:
        raise ValueError("no time")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    moment = datetime.time(hour, minute, second, int((found[4] or "0").ljust(6, "0")), zoneinfo.ZoneInfo(form.zone))
    return datetime.datetime.combine(datetime.date.fromisoformat(date(day, form)), moment).astimezone(datetime.timezone.utc).isoformat()


def value(text: str, kind: str, form: Form) -> str | None:
    """A field as SQL casts it, null for an empty one. Raises ValueError for what is not of its kind."""
    bare = text.strip()
    if not bare:
        return None
    if kind == "string":
        return text
    if kind == "boolean":
        if bare.lower() not in TRUTH:
            raise ValueError("neither true nor false")
        return TRUTH[bare.lower()]
    if kind == "date":
        return date(bare, form)
    if kind == "timestamp":
        return timestamp(bare, form)
    plain = number(bare, form.decimal)
    whole, dummy, part = plain.lstrip("-").partition(".")
    if kind == "long" and (part or len(whole.lstrip("0")) > 18):
        raise ValueError("no whole number")
    if bounds := DECIMAL.fullmatch(kind):
        digits, places = int(bounds[1]), int(bounds[2])
        if len(part) > places or len(whole.lstrip("0")) > digits - places:
            raise ValueError("too many digits")
    return plain


def is_number(kind: str) -> bool:
    return kind in ("long", "double") or bool(DECIMAL.fullmatch(kind))


def fits(texts: list[str], kind: str, form: Form) -> bool:
    try:
        return all(value(text, kind, form) is not None for text in texts)
    except ValueError:
        return False


def kind_of(texts: list[str], form: Form) -> str:
    """The narrowest type of some fields. What begins with a zero, as codes do, stays text."""
    texts = [text for text in texts if text.strip()]
    if not texts:
        return "string"
    for kind in ("boolean", "date", "timestamp"):
        if fits(texts, kind, form):
            return kind
    if any(CODE.match(text.strip()) for text in texts) or not fits(texts, "double", form):
        return "string"
    if fits(texts, "long", form):
        return "long"
    parts = [number(text.strip(), form.decimal).lstrip("-").partition(".") for text in texts]
    places = max(2, max(len(part) for dummy, dot, part in parts))
    digits = max(len(whole) for whole, dot, dummy in parts) + places
    if not any(part for dummy, dot, part in parts):
        return "string"  # whole numbers that are too long to be any: a code
    return f"decimal(18,{places})" if digits <= 18 else f"decimal(38,{places})" if digits <= 38 else "double"


# --- Files ---


def name_of(title: str) -> str:
    """The name of a column: small letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


def records(stream: io.TextIOBase, delimiter: str) -> Iterator[tuple[int, list[str] | None, str]]:
    """Each record with the number of its first line: its fields, or None and what is wrong with it. Empty lines are none."""
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, None, f"not CSV: {error}"
            continue
        if any("\udc80" <= letter <= "\udcff" for text in fields for letter in text):
            yield line, None, "not of the file's encoding"
        elif fields:
            yield line, fields, ""


def opened(path: pathlib.Path, form: Form):
    return path.open(encoding=ENCODINGS[form.encoding], errors="surrogateescape", newline="")


def columns_of(path: pathlib.Path, form: Form, given: dict[str, str], left_out: set[str]) -> list[Column]:
    """The columns with their types, by the first records and what is given. Raises Wrong where they cannot be told."""
    with opened(path, form) as stream:
        found = records(stream, DELIMITERS[form.delimiter])
        # Titles that cannot be read are not taken from the first row.
        line, first, reason = next((record for record in found if record[1] or form.header), (0, None, ""))
        if not line:
            raise Wrong("the file is empty")
        if first is None:
            raise Wrong(f"line {line} has the titles and is {reason}. Are the encoding and the delimiter right?")
        titles = first if form.header else [f"column {number}" for number in range(1, len(first) + 1)]
        sample = [] if form.header else [first]
        for dummy, fields, dummy in found:
            if len(sample) == SAMPLE:
                break
            if fields and len(fields) == len(titles):
                sample.append(fields)
    columns = [Column(name_of(title), title) for title in titles]
    names = [column.name for column in columns]
    if "" in names or len(set(names)) != len(names):
        raise Wrong(f"the first line gives no names of columns, or one twice: {', '.join(name or '(none)' for name in names)}. Is the delimiter right?")
    if taken := sorted(set(names) & set(OWN)):
        raise Wrong(f"the table has columns of its own by the name {', '.join(taken)}: give the file's other titles")
    if unknown := sorted((set(given) | left_out) - set(names)):
        raise Wrong(f"there is no column {', '.join(unknown)}; there are {', '.join(names)}")
    for place, column in enumerate(columns):
        column.inferred = column.name not in given
        column.kind = kind_of([fields[place] for fields in sample], form) if column.inferred else given[column.name]
    return columns


def convert(path: pathlib.Path, form: Form, columns: list[Column], left_out: set[str], out) -> Outcome:
    """Writes each record as a line of JSON with texts that SQL casts, and says what is wrong with which line."""
    outcome = Outcome(columns)
    with opened(path, form) as stream:
        found = records(stream, DELIMITERS[form.delimiter])
        if form.header:
            next(found)
        for line, fields, reason in found:
            outcome.rows += 1
            if fields is None:
                outcome.fault(line, reason)
            elif len(fields) != len(columns):
                outcome.fault(line, f"{len(fields)} fields where there are {len(columns)} columns")
            else:
                row: dict[str, str | int | None] = {"source_line": line}
                for column, text in zip(columns, fields, strict=True):
                    if column.name in left_out:
                        continue
                    if column.inferred and is_number(column.kind) and CODE.match(text.strip()):
                        outcome.fault(line, f"begins with a zero, as a code does; give --type {column.name}=string", column.name)
                        continue
                    try:
                        row[column.name] = value(text, column.kind, form)
                    except ValueError as error:
                        outcome.fault(line, f"not of the type {column.kind}: {error}", column.name)
                    else:
                        column.empty += row[column.name] is None
                out.write(json.dumps(row) + "\n")
    return outcome


# --- Tables ---


def sql_type(kind: str) -> str:
    return SPARK_TYPES.get(kind, kind)


def prepare(spark, table: str, columns: list[Column]) -> None:
    """Makes the table, and leaves one alone that this job did not make, or that has other columns."""
    spark.sql(f"create namespace if not exists {lake.quoted(table.rpartition('.')[0])}")
    types = {column.name: sql_type(column.kind) for column in columns}
    types.update(OWN)
    if not spark.catalog.tableExists(lake.quoted(table)):
        written = ", ".join(f"{lake.column(name)} {kind}" for name, kind in types.items())
        # All rows of a load are of one partition, so nothing has to be sorted.
        spark.sql(
            f"create table {lake.quoted(table)} ({written}) using iceberg partitioned by (source_file)"
            f" tblproperties ('{MARK}' = 'csv', 'write.distribution-mode' = 'none')"
        )
        return
    properties = {row["key"]: row["value"] for row in spark.sql(f"show tblproperties {lake.quoted(table)}").collect()}
    if properties.get(MARK) != "csv":
        raise Wrong(f"{table} is there and was not made of files: give another name")
    there = dict(spark.table(lake.quoted(table)).dtypes)
    if there != types:
        differ = sorted(name for name in {*there, *types} if there.get(name) != types.get(name))
        other = [f"{name} ({there.get(name, 'none')} there, {types.get(name, 'none')} here)" for name in differ]
        raise Wrong(f"{table} has other columns than the file: {', '.join(other)}. Give the types, another name, or drop the table")


def write(spark, table: str, name: str, columns: list[Column], lines: str) -> None:
    """The rows of the file in place of those that the table has of it, in one snapshot."""
    from pyspark.sql import functions

    written = ", ".join(f"{lake.column(column.name)} string" for column in columns)
    values = [f"cast({lake.column(column.name)} as {sql_type(column.kind)}) as {lake.column(column.name)}" for column in columns]
    rows = spark.read.schema(f"{written}, source_line bigint").json(lines, mode="FAILFAST")
    rows = rows.selectExpr(*values, f"{lake.text(name)} as source_file", "source_line", "current_timestamp() as loaded_at")
    rows.writeTo(lake.quoted(table)).overwrite(functions.col("source_file") == name)


def load(spark, settings: dict, arguments: argparse.Namespace) -> dict:
    """Reads the file, tells of it, and writes it where that is asked for and nothing is wrong."""
    form, left_out = arguments.form, set(arguments.leave_out)
    bucket = settings["raw_zone"].rpartition("/")[0]
    there = spark._jvm.org.apache.hadoop.fs.Path(f"{bucket}/landing/{arguments.file}")
    system, local = there.getFileSystem(spark._jsc.hadoopConfiguration()), spark._jvm.org.apache.hadoop.fs.Path
    if not system.exists(there):
        raise Wrong(f"there is no file {there}")
    if system.getFileStatus(there).getLen() > MOST_MIB << 20:
        raise Wrong(f"{there} has more than {MOST_MIB} MiB: part it, or load it by spark-sql")
    with tempfile.TemporaryDirectory() as folder:
        path, lines = pathlib.Path(folder, "file.csv"), pathlib.Path(folder, "lines.json")
        system.copyToLocalFile(False, there, local(path.as_uri()), True)
        columns = columns_of(path, form, arguments.type, left_out)
        with lines.open("w", encoding="utf-8") as out:
            outcome = convert(path, form, columns, left_out, out)
        kept = [column for column in columns if column.name not in left_out]
        if not kept:
            raise Wrong("every column is left out")
        for column in kept:
            say({"column": column.name, "title": column.title, "type": column.kind, "empty": column.empty})
        for fault in outcome.faults:
            say(fault)
        table = f"{settings['catalog']}.{NAMESPACE}.{arguments.name}"
        result = {"file": arguments.file, "table": table, "rows": outcome.rows, "wrong": outcome.wrong, "written": False}
        if arguments.write and not outcome.wrong:
            prepare(spark, table, kept)
            normal = local(f"{bucket}/tmp/load_csv/{uuid.uuid4()}.json")
            try:
                system.copyFromLocalFile(False, True, local(lines.as_uri()), normal)
                write(spark, table, arguments.file, kept, normal.toString())
            finally:
                system.delete(normal, False)
            result["written"] = True
    return result


def say(what: dict) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)


def typed(text: str) -> tuple[str, str]:
    name, dummy, kind = text.partition("=")
    bounds = DECIMAL.fullmatch(kind)
    if kind not in SPARK_TYPES and not (bounds and 0 <= int(bounds[2]) <= int(bounds[1]) <= 38 and int(bounds[1])):
        raise argparse.ArgumentTypeError(f"{text}: write COLUMN=TYPE, of {', '.join(SPARK_TYPES)} and decimal(DIGITS,PLACES)")
    return name, kind


def table_name(text: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]{0,99}", text):
        raise argparse.ArgumentTypeError(f"{text}: small letters, digits and underscores, with a letter first")
    return text


def landed(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/") or not text.lower().endswith((".csv", ".txt")):
        raise argparse.ArgumentTypeError(f"{text}: a path below landing/ that ends with .csv or .txt, such as ana/metas.csv")
    return text


def zone(text: str) -> str:
    try:
        return zoneinfo.ZoneInfo(text).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: no time zone; write one as in America/Sao_Paulo") from error


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="load_csv", description="Load a CSV file of the landing folder into a table; without --write, show its types.")
    top.add_argument("settings", type=pathlib.Path, help=argparse.SUPPRESS)
    top.add_argument("file", type=landed, help="path below landing/, such as ana/metas.csv")
    top.add_argument("name", type=table_name, help="of the table, which is lakehouse.files.NAME")
    top.add_argument("--write", action="store_true", help="write the rows, unless a line is wrong")
    top.add_argument("--delimiter", choices=DELIMITERS, default=";")
    top.add_argument("--encoding", choices=ENCODINGS, default="utf-8")
    top.add_argument("--no-header", action="store_true", help="the first line has values, and the columns are column_1 and so on")
    top.add_argument("--decimal", choices=[",", "."], default=",")
    top.add_argument("--dates", choices=DATES, default="DD/MM/YYYY")
    top.add_argument("--zone", type=zone, default="UTC", help="of times, such as America/Sao_Paulo")
    top.add_argument("--type", type=typed, action="append", default=[], metavar="COLUMN=TYPE")
    top.add_argument("--leave-out", action="append", default=[], metavar="COLUMN", help="a column that is not loaded, such as one that names a person")
    return top


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    arguments.type = dict(arguments.type)
    arguments.form = Form(arguments.delimiter, arguments.encoding, not arguments.no_header, arguments.decimal, arguments.dates, arguments.zone)

    from pyspark.sql import SparkSession  # not needed to look at the arguments

    # A value that is not of its type ends the job instead of becoming null.
    spark = SparkSession.builder.appName("load_csv").config("spark.sql.ansi.enabled", "true").getOrCreate()
    try:
        result = load(spark, json.loads(arguments.settings.read_text()), arguments)
    except Wrong as error:
        say({"file": arguments.file, "error": str(error)})
        return 1
    finally:
        spark.stop()
    say(result)
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
