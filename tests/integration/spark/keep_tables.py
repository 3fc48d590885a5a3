# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Curates persons, erases one of them and looks after the tables, in one session, and prints what came of it as lines of JSON.

Arguments: the folder with the jobs, one for the raw zone, and the file with the key of the pseudonyms.
"""

from __future__ import annotations

import datetime
import gzip
import json
import pathlib
import sys

from pyspark.sql import SparkSession

DAY = datetime.date(2026, 3, 1)
PERSON, OTHER = "C000042", "C000043"
SCHEMA = {"event_id": "string", "event_time": "timestamp", "subscriber_id": "string", "email": "string", "total": "long"}


def main(jobs, raw_zone, key_file):
    sys.path.insert(0, jobs)
    import curate
    import erase
    import maintain
    import pseudonyms

    spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    settings = {
        "catalog": "lakehouse", "namespace": "known", "raw_namespace": "coming", "raw_zone": f"file://{raw_zone}", "dead_letters": "coming.dead_letters",
        "erasures": "lakehouse.done.erasures", "pseudonym_key": key_file,
        "tables": [{"name": "bills", "schema": SCHEMA, "subject": "subscriber_id", "hashed": ["subscriber_id"], "left_out": ["email"]}],
    }  # fmt: skip
    table = curate.load(settings)[0]
    fingerprint = pseudonyms.register(spark, key_file)
    pseudonym = pseudonyms.maker(key_file)(PERSON)

    def say(what, **values):
        print(json.dumps({"what": what, **values}))

    def rows(name):
        return sorted(list(row) for row in spark.sql(f"select event_id, subscriber_id from {name}").collect())

    def bring(erasures=None):
        return curate.Curator(spark, DAY, fingerprint, erasures).curate(table)

    for namespace in ("coming", "done"):
        spark.sql(f"create namespace lakehouse.{namespace}")
    types = ", ".join(f"{name} {kind}" for name, kind in SCHEMA.items())
    types += ", kafka_offset long, kafka_time timestamp, ingested_at timestamp"
    spark.sql(f"create table {table.raw} ({types}) using iceberg partitioned by (days(event_time))")
    spark.sql("create table lakehouse.coming.dead_letters (reason string, value binary, ingested_at timestamp) using iceberg")
    spark.sql(
        "create table lakehouse.done.erasures (erased_at timestamp, request string, pseudonym string, until timestamp, table_name string, step string,"
        " rows_removed long, proven boolean, detail string) using iceberg"
    )
    for number, who in enumerate((PERSON, OTHER, PERSON)):
        stamp = f"timestamp '2026-03-01 0{number}:00:00'"
        spark.sql(f"insert into {table.raw} values ('e{number}', {stamp}, '{who}', 'x@cliente.example', {number}, {number}, {stamp}, {stamp})")
    for letter in (f"half {PERSON}", "of nobody"):
        spark.sql(f"insert into lakehouse.coming.dead_letters values ('no JSON', encode('{letter}', 'UTF-8'), now())")
    folder = pathlib.Path(raw_zone, "bills", f"{DAY:%Y/%m/%d}")
    folder.mkdir(parents=True)
    for name, who in (("one", PERSON), ("two", OTHER)):
        record = {"event_id": name, "event_time": "2026-03-01T10:00:00.000Z", "subscriber_id": who, "email": "x@cliente.example", "total": 1}
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(f"{json.dumps(record)}\n".encode()))

    bring()
    found = rows(table.name)
    say("curated", rows=found, columns=spark.table(table.name).columns, hashed=pseudonym in dict(found).values(), fingerprint=fingerprint)
    try:
        curate.Curator(spark, DAY, "another key", None).curate(table)
    except ValueError as error:
        say("another key", refusal=str(error))

    before = {name: spark.sql(f"select snapshot_id from {name}.snapshots order by committed_at desc").first()[0] for name in (table.raw, table.name)}
    for step in erase.STEPS:
        now = datetime.datetime.now(datetime.timezone.utc)
        eraser = erase.Eraser(spark, settings, pseudonym, "R-1", now)
        until = eraser.noted()[1] or now
        good = erase.run(eraser, step, erase.places(settings, []), "lakehouse.coming.dead_letters", until)
        eraser.record(until)
        say(step, good=good, results=[{**result, "detail": json.loads(result["detail"])} for result in eraser.results])
        if step == "remove":  # too early: what is expired later can still be read
            early = erase.Eraser(spark, settings, pseudonym, "R-1", now)
            say("proof before forgetting", good=erase.run(early, "prove", erase.places(settings, []), "lakehouse.coming.dead_letters", until))
    read = {}
    for name, snapshot in before.items():
        try:
            spark.read.option("snapshot-id", snapshot).table(name).count()
            read[name] = True
        except Exception:
            read[name] = False
    letters = [row[0] for row in spark.sql("select decode(value, 'UTF-8') from lakehouse.coming.dead_letters").collect()]
    left = [gzip.decompress(path.read_bytes()).decode() for path in sorted(folder.glob("*.gz"))]
    say("erased", raw=rows(table.raw), curated=rows(table.name), letters=letters, files=left, snapshots_readable=read)

    # The person's old events come once more, and a new one.
    stamp = "timestamp '2026-03-01 05:00:00'"
    spark.sql(f"insert into {table.raw} values ('e0', {stamp}, '{PERSON}', null, 1, 9, {stamp}, now())")
    spark.sql(f"insert into {table.raw} values ('new', timestamp '2030-03-01 05:00:00', '{PERSON}', null, 1, 10, {stamp}, {stamp})")
    bring(settings["erasures"])
    say("curated again", rows=rows(table.name))

    # Days later; but files are reckoned by their own clock.
    keeper = maintain.Keeper(spark, datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=200))
    policies = [
        maintain.Policy(tables=["lakehouse.known.*"], protected="an audit"),
        maintain.Policy(
            tables=["lakehouse.coming.bills"], retention={"days": 30, "column": "event_time", "folder": f"file://{raw_zone}/bills"},
            rewrite={"min_files": 2, "target_mib": 16}, manifests=True, statistics=True, snapshots={"hours": 24, "keep": 1}, orphans={"hours": 300},
        ),
    ]  # fmt: skip
    tables, dummy = keeper.survey("lakehouse")
    kept = [result for name in tables if (policy := maintain.policy_of(policies, name)) for result in keeper.look_after(name, policy)]
    say("kept", tables=tables, results=kept, raw=rows(table.raw), curated=rows(table.name), days=[str(path) for path in folder.parent.glob("*")])
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
