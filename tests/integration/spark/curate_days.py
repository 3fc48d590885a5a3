# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Curates days in several states of their sources, in one session, and prints what came of each as a line of JSON.

Arguments: the folder with the job, and one for the raw zone.
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import json
import pathlib
import sys

from pyspark.sql import SparkSession

DAY = datetime.date(2026, 3, 1)
NAME, RAW = "lakehouse.curated.radius", "lakehouse.raw.radius"


def main(job, raw_zone):
    sys.path.insert(0, job)
    import curate

    spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    columns = {"event_id": "string", "event_time": "timestamp", "octets": "long", "power": "double", "state": "string"}
    table = curate.Table(name=NAME, raw=RAW, files=f"file://{raw_zone}/radius", key="event_id", columns=columns)

    def say(what, table=table, day=DAY):
        result = curate.Curator(spark, day).curate(table)
        rows, snapshots = [], 0
        if spark.catalog.tableExists(NAME):
            rows = [list(row) for row in spark.sql(f"select event_id, octets, day(event_time) from {NAME} order by 1").collect()]
            snapshots = spark.sql(f"select * from {NAME}.snapshots").count()
        print(json.dumps({"what": what, **result, "rows": rows, "snapshots": snapshots}))

    def arrive(*events):
        for name, at, octets, seen, ingested in events:
            spark.sql(
                f"insert into {RAW} values ('{name}', timestamp '{at}', {octets}, 1.5, 'RN', 0, 0, timestamp '{seen}', timestamp '{ingested}')"
            )

    def upload(name, *lines, day=DAY):
        folder = pathlib.Path(raw_zone, "radius", f"{day:%Y/%m/%d}")
        folder.mkdir(parents=True, exist_ok=True)
        with gzip.open(folder / name, "wt") as stream:
            stream.writelines(line + "\n" for line in lines)

    say("nothing there")

    spark.sql("create namespace lakehouse.raw")
    spark.sql(
        f"create table {RAW} (event_id string, event_time timestamp, octets long, power double, state string, kafka_partition int, kafka_offset long,"
        " kafka_time timestamp, ingested_at timestamp) using iceberg partitioned by (days(event_time))"
    )
    arrive(
        ("a", "2026-03-01 00:00:00", 1, "2026-03-01 00:00:01", "2026-03-01 00:00:02"),
        ("b", "2026-03-01 23:59:59.999", 1, "2026-03-02 00:00:01", "2026-03-02 00:00:02"),
        ("b", "2026-03-01 23:59:59.999", 2, "2026-03-02 00:00:03", "2026-03-02 00:00:04"),
        ("next", "2026-03-02 00:00:00", 1, "2026-03-02 00:00:05", "2026-03-02 00:00:06"),
        ("late", "2026-02-27 10:00:00", 1, "2026-02-27 10:00:01", "2026-03-01 10:00:00"),
    )
    say("raw table alone")
    say("again")

    upload(
        "one.jsonl.gz",
        '{"event_id": "a", "event_time": "2026-03-01T00:00:00.000Z", "octets": 1, "power": 1.5, "state": "RN"}',
        '{"event_id": "file", "event_time": "2026-03-01T12:00:00.000Z", "octets": 7, "power": null}',
        '{"event_id": "typed wrong", "event_time": "2026-03-01T12:00:00.000Z", "octets": "many", "power": 1}',
        '{"event_id": null, "event_time": "2026-03-01T12:00:00.000Z", "octets": 1, "power": 1}',
        '{"event_id": "no year of ours", "event_time": "9999-03-01T12:00:00.000Z", "octets": 1, "power": 1}',
        '{"event_id": "no number", "event_time": "2026-03-01T12:00:00.000Z", "octets": 1, "power": NaN}',
        "no JSON",
        *[
            json.dumps({"event_id": f"time {at}", "event_time": at, "octets": 1, "power": 1})
            for at in ("23:59:58", "T08:00", "2024", 2024, "2026-03-01", "2026-03-01T12:00:00lixo", "2026-02-30T12:00:00Z", "2026-03-01T25:00:00Z")
        ],
        '{"event_id": "too large", "event_time": "2026-03-01T12:00:00.000Z", "octets": 1, "power": 1e400}',
        '{"event_id": "zone", "event_time": "2026-03-01T20:00:00-03:00", "octets": 8, "power": -0.0}',
    )
    say("files as well")
    zero = spark.sql(f"select cast(power as string) from {NAME} where event_id = 'zone'").first()[0]
    print(json.dumps({"what": "negative zero", "written": zero}))

    arrive(("b", "2026-03-01 23:59:59.999", 1, "2026-03-02 00:00:01", "2026-03-02 00:00:09"))
    say("an older copy comes late")
    arrive(("b", "2026-03-01 23:59:59.999", 3, "2026-03-02 00:00:20", "2026-03-02 00:00:21"))
    say("a newer copy")
    say("the next day", day=DAY + datetime.timedelta(days=1))

    wider = dataclasses.replace(table, columns={**columns, "city": "string"})
    upload("two.jsonl.gz", '{"event_id": "city", "event_time": "2026-03-01T13:00:00.000Z", "octets": 1, "power": 1, "city": "Natal"}')
    say("a new column", wider)
    say("again with it", wider)

    spark.sql(f"insert into {RAW} values (null, timestamp '2026-03-01 00:00:00', 1, 1.5, 'RN', 0, 0, now(), now())")
    spark.sql(f"insert into {RAW} values ('nan', timestamp '2026-03-01 00:00:00', 1, double('NaN'), 'RN', 0, 0, now(), now())")
    say("what the raw table should not have")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
