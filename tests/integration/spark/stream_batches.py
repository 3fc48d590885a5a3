# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives batches, as Kafka would, to the driver of streams, and prints as JSON what became of the tables.

    stream_batches.py FOLDER_OF_THE_DRIVER
"""
from __future__ import annotations

import datetime
import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import lakehouse_stream as stream
import verify
from pyspark.sql import SparkSession

SCHEMA = {"event_id": "string", "event_time": "timestamp", "due_date": "date", "total": "long", "rate": "double", "paid": "boolean"}
TOPIC = {"topic": "shop.orders", "table": "raw.orders", "schema": SCHEMA, "required": ["event_id", "event_time"],
         "partitioned_by": ["days(event_time)"], "properties": {"write.distribution-mode": "hash"}, "fail_on_data_loss": True}
SETTINGS = {"name": "shop", "catalog": "lakehouse", "dead_letters": "raw.dead_letters", "table_properties": {},
            "checkpoints": "file:///nowhere"}
KAFKA = "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int"
AT = datetime.datetime(2026, 1, 31, 23, 59, 59, 123000)

spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
spark.conf.set("spark.sql.adaptive.enabled", "false")  # as in a stream
stream.log.setLevel("ERROR")


def batch(values, start, partition=0, at=AT):
    rows = [(b"key", value, "shop.orders", partition, start + number, at, 0) for number, value in enumerate(values)]
    return spark.createDataFrame(rows, KAFKA)


def started(**changes):
    """The topic as after a start."""
    topic = stream.Topic(spark, SETTINGS, {**TOPIC, **changes}, stream.dead_letters_table(spark, SETTINGS), threading.Event())
    topic.table.ensure()
    topic.dead_letters.ensure()
    return topic


def count(table):
    return spark.table("lakehouse.raw." + table).count()


def counts():
    return [count("orders"), count("dead_letters")]


def main():
    said = {}
    good = [json.dumps(verify.good(SCHEMA, "mark", number)).encode() for number in range(10)]
    malformed = list(verify.malformed(SCHEMA, TOPIC["required"], "mark"))
    first = batch(good + [value for value, dummy in malformed], 0)

    topic = started()
    topic._write(first, 0, True, 0)
    said["first"] = counts()
    rows = spark.table("lakehouse.raw.dead_letters").orderBy("kafka_offset").collect()
    said["reasons"] = [[row["reason"], reason] for row, (dummy, reason) in zip(rows, malformed)]
    said["bytes"] = [bytes(row["value"]) if row["value"] is not None else None for row in rows] == [value for value, dummy in malformed]
    row = spark.table("lakehouse.raw.orders").where("kafka_offset = 3").drop("ingested_at").first()
    said["row"] = {name: str(value) for name, value in row.asDict().items()}

    # What is not in the documented form of a time but near it, and numbers that are no trouble.
    whole = verify.good(SCHEMA, "mark", 0)
    forms = ["2026-01-02T10:00:00+03:00", "2026-01-02T10:00:00.123456789Z", "2026-01-02 10:00:00", "2026-01-02T10:00:00-0300"]
    records = [verify.with_values(whole, {"event_time": json.dumps(form), "rate": "-0.0"}) for form in forms]
    started()._write(batch(records, 400, partition=1), 0, True, 0)
    taken = (spark.table("lakehouse.raw.orders").where("kafka_partition = 1").orderBy("kafka_offset")
             .selectExpr("cast(event_time AS string)", "cast(rate AS string)"))
    said["forms"] = [list(row) for row in taken.collect()]
    spark.sql("DELETE FROM lakehouse.raw.orders WHERE kafka_partition = 1")

    # Killed after the batch was written, and before Spark had noted it: it comes again.
    started()._write(first, 0, True, 0)
    said["again"] = counts()
    # Killed between the two tables.
    spark.sql("DELETE FROM lakehouse.raw.dead_letters")
    started()._write(first, 0, True, 0)
    said["half"] = counts()
    # The topic was made anew: other records at the same offsets.
    started()._write(batch(good, 0, at=AT + datetime.timedelta(seconds=5)), 0, True, 0)
    said["anew"] = counts()
    topic._write(batch(good, 100), 1, False, 0)
    said["next"] = counts()

    # The producer gave microseconds for milliseconds.
    odd = batch(good[:3], 0, partition=2, at=datetime.datetime(9999, 1, 1))
    started()._write(odd, 0, True, 0)
    started()._write(odd, 0, True, 0)
    letters = spark.table("lakehouse.raw.dead_letters").where("kafka_partition = 2").select("reason", "kafka_time")
    said["odd"] = [list(row) for row in letters.collect()]
    spark.sql("DELETE FROM lakehouse.raw.dead_letters WHERE kafka_partition = 2")

    # A back-fill: more days than a commit should make files for.
    stream.WIDE_RECORDS, stream.SAMPLE, stream.MOST_PARTITIONS = 240, 24, 50
    days = [json.dumps({**whole, "event_time": str(datetime.date(2020, 1, 1) + datetime.timedelta(days=day)) + " 10:00:00"}).encode() for day in range(239)]
    before = spark.table("lakehouse.raw.orders.snapshots").count()
    for dummy in range(2):
        started()._write(batch([*days, b"no JSON"], 0, partition=3), 0, True, 240)
    wide = spark.table("lakehouse.raw.orders").where("kafka_partition = 3")
    said["wide"] = [wide.count(), wide.select("kafka_offset").distinct().count(), wide.selectExpr("date(event_time)").distinct().count(),
                    (spark.table("lakehouse.raw.orders.snapshots").count() - before) // 2]
    spark.sql("DELETE FROM lakehouse.raw.orders WHERE kafka_partition = 3")
    spark.sql("DELETE FROM lakehouse.raw.dead_letters WHERE kafka_partition = 3")

    stopping = started()
    stopping.stopping.set()
    try:
        stopping._batch(batch(good, 200), 3)
    except stream.Stopping:
        said["stopping"] = counts()

    # A field more, other partitions, another property.
    another = {"schema": {**SCHEMA, "city": "string"}, "partitioned_by": ["bucket(4, event_id)", "days(event_time)"],
               "properties": {"write.distribution-mode": "none"}}
    topic = started(**another)
    topic._write(batch([json.dumps({**verify.good(SCHEMA, "mark", 1), "city": "Natal"}).encode()], 300), 4, True, 0)
    said["city"] = [row["city"] for row in spark.table("lakehouse.raw.orders").where("city IS NOT NULL").collect()]
    said["partitions"] = sorted(field.transform().toString() for field in topic.table.handle().spec().fields())
    said["property"] = dict(topic.table.handle().properties())["write.distribution-mode"]
    spark.sql("ALTER TABLE lakehouse.raw.orders SET TBLPROPERTIES ('%s' = '86400000')" % stream.KEPT_MILLIS)
    before = spark.table("lakehouse.raw.orders.snapshots").count()
    started(**another)
    topic.table.forget_snapshots(60)
    said["kept"] = before - spark.table("lakehouse.raw.orders.snapshots").count()
    spark.sql("ALTER TABLE lakehouse.raw.orders SET TBLPROPERTIES ('%s' = '0')" % stream.KEPT_MILLIS)
    topic.table.forget_snapshots(0)
    said["snapshots"] = spark.table("lakehouse.raw.orders.snapshots").count()
    said["after"] = counts()
    # The fourth commit merges the manifests of the first three: what a query reads that began before it stays for a while.
    merged = stream.Table(spark, "lakehouse.raw.merged", {"id": "INT"}, [], {"commit.manifest.min-count-to-merge": "4", stream.KEPT_MILLIS: "0"})
    merged.ensure()
    for number in range(5):
        spark.sql("INSERT INTO lakehouse.raw.merged VALUES (%d)" % number)
    made = [row["snapshot_id"] for row in spark.table("lakehouse.raw.merged.snapshots").orderBy("committed_at").collect()]
    merged.forget_snapshots(60)
    left = [row["snapshot_id"] for row in spark.table("lakehouse.raw.merged.snapshots").collect()]
    said["merged"] = [[number + 1 for number, snapshot in enumerate(made) if snapshot in left],
                      spark.sql("SELECT * FROM lakehouse.raw.merged VERSION AS OF %d" % made[2]).count()]
    # As an older release made it.
    spark.sql("ALTER TABLE lakehouse.raw.orders UNSET TBLPROPERTIES ('%s')" % stream.MARK)
    said["marked"] = stream.MARK in dict(started(**another).table.handle().properties())
    try:
        started(schema={**SCHEMA, "total": "string"})
    except stream.WrongTable as error:
        said["wrong"] = str(error)
    print("RESULT " + json.dumps(said))


main()
