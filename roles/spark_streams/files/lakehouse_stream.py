# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the events of Kafka's topics into Iceberg tables, each exactly once.

    lakehouse_stream.py SETTINGS.json
    lakehouse_stream.py SETTINGS.json --position TOPIC...  says where it is, and what Kafka has
    lakehouse_stream.py SETTINGS.json --reset TOPIC...     the same, and removes its checkpoint; the stream has to be stopped

One streaming query for each topic. Spark notes in the checkpoint which offsets a batch has before it is written, and after
that it was; so one that was killed in between comes again, the same, as the first after a start. Of the first batch, rows
that the table has already are left out: they are known by partition, offset and time, which say the same after a
checkpoint's loss, and whatever became of the table's snapshots.

What cannot be reached (broker, metastore, object store) is tried again for as long as it takes. SIGTERM lets running
batches end.
"""
from __future__ import annotations

import datetime
import glob
import json
import logging
import os
import random
import re
import shlex
import signal
import socket
import sys
import threading
import time
import urllib.parse
from typing import Any, Callable, Optional

import stream_kafka
from event_fields import CHECKED, SPARK_TYPES, in_time, read_as, text_of, value

Settings = dict[str, Any]

POSITION = ("kafka_partition", "kafka_offset", "kafka_time")
SAME_POSITION = " AND ".join("row.%s <=> known.%s" % (column, column) for column in POSITION)
ORIGIN = {"kafka_partition": "INT", "kafka_offset": "BIGINT", "kafka_time": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
DEAD_LETTERS = {"stream": "STRING", "topic": "STRING", **ORIGIN, "reason": "STRING", "key": "BINARY", "value": "BINARY"}
# A common mistake of producers: microseconds or nanoseconds.
WRONG_TIME = "record timestamp: not in milliseconds"
# The property of a table that a stream made. Without it a table is known by the columns that only streams add.
MARK = "lakehouse.stream"
# How long every snapshot of a table stays, unless the table says otherwise by KEPT_MILLIS: readers open one within seconds.
RECENT_MILLIS = 60000
KEPT_MILLIS = "history.expire.max-snapshot-age-ms"
TICK_SECONDS = 2
WATCH_SECONDS = 3
SNAPSHOTS_SECONDS = 60
# Records that wait for so long, while nothing is written, have been forgotten by somebody.
STALLED_SECONDS = 60
# A batch of so many records is looked at before it is written: it may be of more partitions than one commit should make files.
WIDE_RECORDS, SAMPLE, MOST_PARTITIONS = 10000, 1000, 500
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 5, 30
# After so many failures in a row, while no topic gets on, it may be the JVM's fault: systemd makes a new one.
MOST_FAILURES = 10
# And so it may where a batch hangs.
MOST_BATCH_SECONDS = 900
STOP_SECONDS = 45
PROBE_SECONDS = 3

log = logging.getLogger("stream")


# --- Pure parts: SQL made of schemas ---


def columns(topic: Settings) -> dict[str, str]:
    """Columns of a topic's table, with their types."""
    return {**{field: SPARK_TYPES[kind] for field, kind in topic["schema"].items()}, **ORIGIN}


def definition(fields: dict[str, str]) -> str:
    return ", ".join("`%s` %s" % field for field in fields.items())


def parsed(schema: dict[str, str]) -> str:
    """The record as a struct; what is not as the schema says is NULL there, and makes `__corrupt` the text."""
    kinds = {field: read_as(kind) for field, kind in schema.items()}
    options = "map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', '__corrupt', 'allowNonNumericNumbers', 'false')"
    return "from_json(text, '%s', %s)" % (definition({**kinds, "__corrupt": "STRING"}), options)


def reason(schema: dict[str, str], required: list[str]) -> str:
    """Why a record is malformed, naming each field with its fault; NULL for a good one, which costs no second look."""
    not_one = "coalesce(json_array_length(concat('[', text, ']')), 0) <> 1"
    suspicious = ["kafka_time IS NULL", "value IS NULL", "encode(text, 'UTF-8') <> value", "record IS NULL", "record.__corrupt IS NOT NULL", not_one]
    suspicious += ["record.`%s` IS NULL" % field for field in required]
    suspicious += ["record.`%s` IS NOT NULL AND columns.`%s` IS NULL" % (field, field) for field, kind in schema.items() if kind in CHECKED]
    faults = []
    for field, kind in schema.items():
        missing = "WHEN given['%s'] IS NULL THEN '%s: missing' " % (field, field) if field in required else ""
        faults.append("CASE %sWHEN given['%s'] IS NOT NULL AND columns.`%s` IS NULL THEN '%s: not a %s' END" % (missing, field, field, field, kind))
    # A function's argument, so that the second look is taken once.
    look = ("element_at(transform(array(from_json(text, 'map<string,string>')), given -> CASE WHEN given IS NULL OR %s "
            "THEN 'not one JSON object' ELSE coalesce(nullif(concat_ws('; ', %s), ''), 'not as the schema says') END), 1)"
            % (not_one, ", ".join(faults)))
    return ("CASE WHEN NOT (%s) THEN NULL WHEN kafka_time IS NULL THEN '%s' WHEN value IS NULL THEN 'no value' "
            "WHEN encode(text, 'UTF-8') <> value THEN 'not UTF-8' ELSE %s END" % (" OR ".join(suspicious), WRONG_TIME, look))


def transform(partition: str) -> str:
    """A partition as the table's own words have it: days(a) is day(a), bucket(8, a) is bucket[8](a), a is identity(a)."""
    name, bracket, rest = partition.partition("(")
    if not bracket:
        return "identity(%s)" % partition
    parts = [part.strip() for part in rest.rstrip(")").split(",")]
    return "%s(%s)" % (name.rstrip("s") if len(parts) == 1 else "%s[%s]" % (name, parts[0]), parts[-1])


def group(settings: Settings) -> str:
    """The group that the stream's offsets are shown under, and that the names of Spark's own groups begin with."""
    return "spark-" + settings["name"]


def reached(progress: Optional[Settings]) -> dict[str, int]:
    """The offsets that a query has written in each partition."""
    source = (progress or {}).get("sources", [{}])[0]
    return next(iter((source.get("endOffset") or {}).values()), {})


def behind(ends: dict[str, int], at: dict[str, int]) -> int:
    """How many records are in Kafka and not in the table."""
    return sum(max(0, end - at.get(partition, 0)) for partition, end in ends.items())


def moment(seconds: Optional[float]) -> Optional[str]:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="seconds")


def plain(error: BaseException) -> str:
    """The cause of a fault in a line: the last one that Java names, without its class and the way that it took."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.partition(":")[2].strip() for line in lines if line.startswith("Caused by:")] or lines[:1] or [type(error).__name__]
    words = causes[-1]
    while re.match(r"(py4j|[a-z]+[.])[\w.$]*: ", words):
        words = words.partition(": ")[2]
    return words[:400]


def unwanted(snapshots: list[tuple[int, int, bool]], now: int, recent: int, minutes: int) -> list[int]:
    """Which snapshots may go, of (id, milliseconds, whether it dropped files of the one before), the oldest first.

    The recent ones stay, which readers may be about to open. Of the older ones those stay, for so many minutes, before and after
    which files were dropped: they hold all that queries which have been running since may still read, and what a deletion took.
    """
    followed = list(zip(snapshots, snapshots[1:]))
    return [number for (number, at, dropped), (dummy, dummy, dropped_next) in followed
            if at < now - recent and not ((dropped or dropped_next) and at >= now - 60000 * minutes)]


def submit_arguments(settings: Settings) -> list[str]:
    """What a JVM must be told when it starts; none of it is a secret."""
    jaas = "-Djava.security.auth.login.config=" + settings["jaas"]
    first_port = settings["first_driver_port"]
    options = {
        "spark.driver.extraJavaOptions": jaas + " -XX:+ExitOnOutOfMemoryError",
        "spark.executor.extraJavaOptions": jaas,
        # As the operator's commands do: a master mistakes a session for one that died at the same address.
        "spark.driver.port": random.randrange(first_port, first_port + 100),
        # A stream's log would grow for months, and each event of it is a request; its page and status.json say how it is.
        "spark.eventLog.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Streams do without it; where it finds that nothing is left to write, it would not count what was malformed.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": 4,
        "spark.sql.json.enablePartialResults": "true",
        # It would read the record anew for each field.
        "spark.sql.optimizer.enableJsonExpressionOptimization": "false",
        "spark.sql.streaming.stopTimeout": "10s",
        # The last batches' offsets are enough to go on; the default keeps a hundred, each a few objects in the store.
        "spark.sql.streaming.minBatchesToRetain": 5,
        # Each topic has its share: many small tasks of one do not make the others wait.
        "spark.scheduler.mode": "FAIR",
        **settings["settings"],
    }
    arguments = ["--master", settings["master"], "--driver-memory", "%dm" % settings["driver_memory_mib"],
                 "--name", "spark-stream-" + settings["name"]]
    for option in options.items():
        arguments += ["--conf", "%s=%s" % option]
    return arguments + ["pyspark-shell"]


# --- Tables ---


class Table:
    """A table that is as the settings say, made when there is none."""

    def __init__(self, spark: Any, name: str, fields: dict[str, str], partitions: list[str], properties: dict[str, str]) -> None:
        self.spark, self.name, self.fields, self.partitions, self.properties = spark, name, fields, partitions, properties
        self.is_right = False

    def ensure(self) -> None:
        if self.is_right:
            return
        self.spark.sql("CREATE NAMESPACE IF NOT EXISTS %s" % self.name.rpartition(".")[0])
        wanted = {**self.properties, MARK: "1"}
        if not self.spark.catalog.tableExists(self.name):
            self.spark.sql("CREATE TABLE IF NOT EXISTS %s (%s) USING iceberg TBLPROPERTIES (%s)" % (
                self.name, definition(self.fields), self._properties(wanted)))
        have = dict(self.handle().properties())
        self._columns(MARK in have)
        self._partitions()
        new = {name: value for name, value in wanted.items() if have.get(name) != value}
        if new:
            self.spark.sql("ALTER TABLE %s SET TBLPROPERTIES (%s)" % (self.name, self._properties(new)))
        self.is_right = True

    def handle(self) -> Any:
        return self.spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, self.name)

    def last_written(self) -> Optional[float]:
        """When rows were added last, as far as the snapshots tell."""
        return max((snapshot.timestampMillis() / 1000 for snapshot in self.handle().snapshots() if snapshot.operation() == "append"), default=None)

    def forget_snapshots(self, minutes: int) -> None:
        table = self.handle()
        recent = int(dict(table.properties()).get(KEPT_MILLIS, RECENT_MILLIS))
        now, snapshots, before = int(time.time() * 1000), [], None
        for snapshot in sorted(table.snapshots(), key=lambda each: each.timestampMillis()):
            dropped = before is not None and before.timestampMillis() < now - recent and self._dropped(table, before, snapshot)
            snapshots.append((snapshot.snapshotId(), snapshot.timestampMillis(), dropped))
            before = snapshot
        named = {reference.snapshotId() for reference in table.refs().values()}
        old = [number for number in unwanted(snapshots, now, recent, minutes) if number not in named]
        if old:
            expire = table.expireSnapshots().expireOlderThan(0)  # those that are named, and no more
            for number in old:
                expire = expire.expireSnapshotId(number)
            expire.commit()

    def _dropped(self, table: Any, before: Any, snapshot: Any) -> bool:
        """Whether a snapshot dropped files of the one before: rows were deleted or rewritten, or manifests merged, which its summary does not say."""
        files = table.io()
        return snapshot.operation() != "append" or not self.spark._jvm.java.util.HashSet(snapshot.allManifests(files)).containsAll(before.allManifests(files))

    def _columns(self, marked: bool) -> None:
        """Adds the columns that are missing, and changes nothing where one is wrong or the table is somebody else's."""
        have = {field.name: field.dataType.simpleString().upper() for field in self.spark.table(self.name).schema}
        if not marked and any(have.get(name) != kind for name, kind in ORIGIN.items()):
            raise WrongTable("%s was there before, and no stream made it, so it is left alone: give the topic another `table`, or rename the one "
                             "that is there" % self.name)
        for name, kind in self.fields.items():
            if have.get(name, kind) != kind:
                raise WrongTable("%s.%s is %s, and the schema says %s: a type cannot be changed. Give the field its old type or another name, "
                                 "or the topic another table" % (self.name, name, have[name], kind))
        for name in [name for name in self.fields if name not in have]:
            log.info("%s: adding the column %s", self.name, name)
            self.spark.sql("ALTER TABLE %s ADD COLUMN `%s` %s" % (self.name, name, self.fields[name]))

    def _partitions(self) -> None:
        table = self.handle()
        schema = table.schema()
        have = {"%s(%s)" % (field.transform().toString(), schema.findColumnName(field.sourceId())): field.name()
                for field in table.spec().fields() if field.transform().toString() != "void"}
        wanted = {transform(partition): partition for partition in self.partitions}
        for name in [name for known, name in have.items() if known not in wanted]:
            log.info("%s: new data is no more partitioned by %s", self.name, name)
            self.spark.sql("ALTER TABLE %s DROP PARTITION FIELD %s" % (self.name, name))
        for partition in [partition for known, partition in wanted.items() if known not in have]:
            log.info("%s: new data is partitioned by %s", self.name, partition)
            self.spark.sql("ALTER TABLE %s ADD PARTITION FIELD %s" % (self.name, partition))

    @staticmethod
    def _properties(properties: dict[str, str]) -> str:
        return ", ".join("%s = %s" % (text_of(name), text_of(value)) for name, value in properties.items())


def dead_letters_table(spark: Any, settings: Settings) -> Table:
    """The table of malformed records, which all topics share. Who cleans it up does not collide with a stream that only adds."""
    return Table(spark, "%s.%s" % (settings["catalog"], settings["dead_letters"]), DEAD_LETTERS, ["days(ingested_at)"],
                 {"write.delete.isolation-level": "snapshot", **settings["table_properties"]})


class WrongTable(Exception):
    """A table that cannot be made what the settings say."""


class Stopping(Exception):
    """Raised in a batch that begins while the stream stops, so that it counts as not written, and comes again."""


# --- Queries ---


class Topic:
    """A topic's way into its table, and that of its malformed records into theirs."""

    def __init__(self, spark: Any, settings: Settings, topic: Settings, dead_letters: Table, stopping: threading.Event) -> None:
        self.spark, self.settings, self.topic, self.dead_letters, self.stopping = spark, settings, topic, dead_letters, stopping
        self.table = Table(spark, "%s.%s" % (settings["catalog"], topic["table"]), columns(topic), topic["partitioned_by"], topic["properties"])
        self.checkpoint = stream_kafka.Checkpoint(spark, settings, topic["topic"])
        self.broker: Any = None
        self.query: Any = None
        self.first = True
        # Up to these offsets the table may have records already, without the checkpoint knowing.
        self.suspected: dict[str, int] = {}
        self.batch_since: Optional[float] = None
        self.failures = 0
        self.failing_since = self.moved_at = time.monotonic()
        self.fault: Optional[str] = None
        self.batch_fault: Optional[str] = None
        self.retry_at = 0.0
        self.reached: dict[str, int] = {}
        self.ends: Optional[dict[str, int]] = None
        self.waiting_since: Optional[float] = None
        self.written_at: Optional[float] = None

    @property
    def name(self) -> str:
        return self.topic["topic"]

    def tend(self) -> None:
        """Look after the query: start it, and start it again when it has ended by a fault."""
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        # These are faults that Java reports. Any other means that there is no Java any more, and ends the process.
        try:
            if self.query is not None and self.query.isActive:
                since = self.batch_since
                if since is not None and time.monotonic() - since > MOST_BATCH_SECONDS:
                    raise SystemExit("%s hangs in a batch: trying in a new process" % self.name)
                if self.query.lastProgress is not None:
                    self.failures, self.fault = 0, None
                    self.reached = reached(self.query.lastProgress) or self.reached
                return
            if self.query is not None:
                ended, self.query = self.query, None
                raise ended.exception() or RuntimeError("the query ended by itself")
            if time.monotonic() >= self.retry_at:
                self._start()
        except (Py4JJavaError, PySparkException, WrongTable, RuntimeError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if not self.failures:
            self.failing_since = time.monotonic()
        # A table that is wrong is nobody's fault but its own.
        self.failures += not isinstance(error, WrongTable)
        self.table.is_right = self.dead_letters.is_right = False
        # What comes by way of Spark is wrapped in what Python and Java tell each other.
        self.fault, self.batch_fault = self.batch_fault or plain(error), None
        if re.search("data may have been (missed|lost)", str(error)):
            self.fault = "Kafka no longer has what this stream was to read next, or the topic was made again. To go on with what is there: " \
                         "playbooks/stream_reset.yml -e stream=%s -e topic=%s" % (self.settings["name"], self.name)
        pause = LAST_PAUSE_SECONDS if isinstance(error, WrongTable) else min(FIRST_PAUSE_SECONDS * self.failures, LAST_PAUSE_SECONDS)
        self.retry_at = time.monotonic() + pause
        log.warning("%s failed %d times in a row, next try in %d s: %s", self.name, self.failures, pause, self.fault)

    def reader_options(self) -> dict[str, str]:
        return {
            "kafka.bootstrap.servers": self.settings["bootstrap_servers"],
            "kafka.security.protocol": "SASL_SSL",
            "kafka.sasl.mechanism": "SCRAM-SHA-512",
            # A transaction that its producer took back has never happened.
            "kafka.isolation.level": "read_committed",
            "groupIdPrefix": group(self.settings),
            "subscribe": self.name,
            "startingOffsets": "earliest",
            "failOnDataLoss": str(self.topic["fail_on_data_loss"]).lower(),
            "maxOffsetsPerTrigger": str(self.settings["max_offsets_per_trigger"]),
        }

    def _start(self) -> None:
        self.table.ensure()
        self.dead_letters.ensure()
        self.written_at = self.written_at or self.table.last_written()
        reader = self.spark.readStream.format("kafka").options(**self.reader_options())
        self.first = True
        if self.checkpoint.last() < 0:
            # A new stream, or one whose checkpoint was removed: what Kafka has may be in the table already.
            self.suspected = self.broker.offsets([self.name], "latest").get(self.name, {})
        # Of the thread that starts a query, and so of the query.
        self.spark.sparkContext.setLocalProperty("spark.scheduler.pool", self.name)
        self.query = (reader.load().writeStream.queryName(self.name).foreachBatch(self._batch)
                      .option("checkpointLocation", "%s/%s/%s" % (self.settings["checkpoints"], self.settings["name"], self.name))
                      .trigger(processingTime="%d seconds" % self.settings["trigger_seconds"]).start())
        log.info("%s goes into %s", self.name, self.table.name)

    def _batch(self, batch: Any, number: int) -> None:
        """Called by Spark, in a thread of the query."""
        if self.stopping.is_set():
            raise Stopping("the stream stops")
        self.batch_since = time.monotonic()
        try:
            self._write_range(batch, number)
        except Exception as error:
            self.batch_fault = plain(error)
            raise
        finally:
            self.batch_since = None

    def _write_range(self, batch: Any, number: int) -> None:
        start, end = self.checkpoint.end(number - 1), self.checkpoint.end(number)
        again = self.first or any(start.get(partition, 0) < offset for partition, offset in self.suspected.items())
        records = behind(end, start)
        try:
            if records:  # a topic's first batch may be empty, and would be a commit without rows
                self._write(batch, number, again, records)
        except Exception as error:
            # Spark's reader multiplies a record's time, and fails where a producer gave nanoseconds.
            if "long overflow" not in str(error):
                raise
            log.warning("%s: batch %d has records whose own time Spark cannot read, and is read by Kafka's client", self.name, number)
            for piece in self.broker.pieces(self.name, start, end):
                times = "CASE WHEN abs(millis) < 100000000000000 THEN timestamp_millis(millis) END AS timestamp"
                rows = self.spark.createDataFrame(piece, stream_kafka.RECORD).selectExpr("key", "value", "partition", "offset", times)
                self._write(rows, number, again, len(piece))
        self.first = False
        self.moved_at = time.monotonic()

    def _write(self, batch: Any, number: int, again: bool, records: int) -> None:
        """Write a batch; where it comes again, without what the tables have."""
        from pyspark.sql import Observation, functions as F

        known = self._known(batch) if again else None
        if records >= WIDE_RECORDS and self._partitions(self._checked(batch.where("pmod(offset, %d) = 0" % (records // SAMPLE)))) > SAMPLE // 10:
            self._write_wide(self._checked(batch), number, known)
            return
        seen = Observation()
        rows = self._checked(batch).observe(seen, F.count("reason").alias("malformed"), F.count(F.lit(1)).alias("records"))
        self._append(self.table, self._good(rows), known and known(self.table, "true"))
        if seen.get["records"] > seen.get["malformed"]:
            self.written_at = time.time()
        if seen.get["malformed"]:
            # Rare, and so read again rather than kept for.
            self._set_aside(self._checked(batch), number, seen.get["malformed"], known)

    def _write_wide(self, rows: Any, number: int, known: Any) -> None:
        """Write a batch of many partitions, as after a back-fill, in several commits: a file for each partition is too many for one."""
        from pyspark.storagelevel import StorageLevel

        rows = rows.select(*ORIGIN, "columns", "reason", "key", "value").persist(StorageLevel.DISK_ONLY)
        try:
            partitions, malformed = self._partitions(rows), rows.where("reason IS NOT NULL").count()
            slices = -(-partitions // MOST_PARTITIONS)
            log.info("%s: batch %d is of %d partitions, and is written in %d commits", self.name, number, partitions, slices)
            for part in range(slices):
                good = self._good(rows).where("pmod(xxhash64(%s), %d) = %d" % (self._partition_values(), slices, part))
                self._append(self.table, good, known and known(self.table, "true"))
                self.batch_since = self.moved_at = time.monotonic()
                self.written_at = time.time()
            if malformed:
                self._set_aside(rows, number, malformed, known)
        finally:
            rows.unpersist()

    def _partition_values(self) -> str:
        """What a row's partition is made of, by the functions that Iceberg offers for it."""
        return ", ".join("%s.system.%s" % (self.settings["catalog"], part) if "(" in part else part for part in self.topic["partitioned_by"]) or "1"

    def _partitions(self, rows: Any) -> int:
        return self._good(rows).selectExpr("struct(%s) AS part" % self._partition_values()).distinct().count()

    @staticmethod
    def _good(rows: Any) -> Any:
        return rows.where("reason IS NULL").select("columns.*", *ORIGIN)

    def _set_aside(self, rows: Any, number: int, malformed: int, known: Any) -> None:
        bad = rows.where("reason IS NOT NULL").selectExpr(
            "%s AS stream" % text_of(self.settings["name"]), "%s AS topic" % text_of(self.name), *ORIGIN, "reason", "key", "value")
        mine = "stream = %s AND topic = %s" % (text_of(self.settings["name"]), text_of(self.name))
        self._append(self.dead_letters, bad, known and known(self.dead_letters, mine))
        log.warning("%s: %d malformed records of batch %d are in %s", self.name, malformed, number, self.dead_letters.name)

    def _checked(self, batch: Any) -> Any:
        """The records as columns, with the reason why one is malformed."""
        fields = ["%s AS `%s`" % (value("record.`%s`" % field, kind), field) for field, kind in self.topic["schema"].items()]
        return (batch.selectExpr("key", "value", "decode(value, 'UTF-8') AS text", "partition AS kafka_partition", "offset AS kafka_offset",
                                 "%s AS kafka_time" % in_time("timestamp"), "current_timestamp() AS ingested_at")
                .selectExpr("*", "%s AS record" % parsed(self.topic["schema"]))
                .selectExpr("*", "struct(%s) AS columns" % ", ".join(fields))
                .selectExpr("*", "%s AS reason" % reason(self.topic["schema"], self.topic["required"])))

    def _known(self, batch: Any) -> Callable[[Table, str], Any]:
        """How to ask a table for what it has already of a batch."""
        from pyspark.sql import functions as F

        reach = batch.groupBy("partition").agg(F.min("offset"), F.max("offset")).collect()
        where = " OR ".join("(kafka_partition = %d AND kafka_offset BETWEEN %d AND %d)" % tuple(row) for row in reach) or "false"
        return lambda table, mine: self.spark.table(table.name).where("(%s) AND %s" % (where, mine)).select(*POSITION)

    @staticmethod
    def _append(table: Table, rows: Any, known: Any) -> None:
        from pyspark.sql import functions

        if known is not None:
            rows = rows.alias("row").join(known.alias("known"), functions.expr(SAME_POSITION), "left_anti")
        # Sorted by partition, so that one file is open at a time, however many partitions there are.
        rows.writeTo(table.name).option("fanout-enabled", "false").append()

    def stop(self, until: float) -> None:
        """End the query once its batch is written; a batch that begins meanwhile gives up by itself."""
        if self.query is None:
            return
        while self.query.isActive and self.query.status["isTriggerActive"] and time.monotonic() < until:
            time.sleep(0.1)
        self.query.stop()

    def look(self, ends: dict[str, int], now: float) -> None:
        """Note what Kafka has, and since when records wait without any being written."""
        self.ends = ends
        if not behind(ends, self.reached):
            self.waiting_since = None
        else:
            self.waiting_since = max(self.waiting_since or now, now - (time.monotonic() - self.moved_at))

    def status(self, away: list[str], now: float) -> Settings:
        lag = None if self.ends is None else behind(self.ends, self.reached)
        stalled = self.waiting_since is not None and now - self.waiting_since > STALLED_SECONDS
        fault, since = self.fault, self.batch_since
        if fault is None and stalled:
            fault = "%d records wait since %s, and nothing was written" % (lag or 0, moment(self.waiting_since))
            fault += "; a batch has been running for %d s" % (time.monotonic() - since) if since is not None else ""
        if away and (fault or lag is None):
            fault = ". ".join(away + ([fault] if fault else []))
        state = "failing" if self.fault else "stalled" if fault else "running" if self.query is not None else "starting"
        return {"state": state, "table": self.table.name, "reached": self.reached, "lag": lag, "waiting_since": moment(self.waiting_since),
                "last_written_at": moment(self.written_at), "failures": self.failures, "fault": fault}


class Watch:
    """Looks from outside of the queries at what Kafka has, and at what is away while nothing gets on, and writes down how each topic is.

    In a thread of its own, since whatever hangs must not keep it from saying so.
    """

    def __init__(self, spark: Any, settings: Settings, topics: list[Topic]) -> None:
        self.settings, self.topics = settings, topics
        self.broker = stream_kafka.Broker(spark._jvm, settings)
        configuration = spark._jsc.hadoopConfiguration()
        self.places = {"Kafka": settings["bootstrap_servers"].split(","), "The metastore": (configuration.get("hive.metastore.uris") or "").split(","),
                       "The object store": [configuration.get("fs.s3a.endpoint") or ""]}
        self.away: list[str] = []
        self.told: dict[str, dict[str, int]] = {}
        for topic in topics:
            topic.broker = self.broker

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self.look()
            except Exception as error:  # it is what tells of faults
                for topic in self.topics:
                    topic.ends = None
                self.away = self.unreachable() or ["Kafka does not say what it has: %s" % plain(error)]
            self.write_status()
            stopping.wait(WATCH_SECONDS)

    def look(self) -> None:
        if not self.told:
            self.told = self.broker.told()
            for topic in self.topics:
                topic.reached = topic.reached or self.told.get(topic.name, {})
        ends, now = self.broker.offsets([topic.name for topic in self.topics], "latest"), time.time()
        for topic in self.topics:
            topic.look(ends.get(topic.name, {}), now)
        self.away = self.unreachable() if any(topic.fault or topic.status([], now)["state"] == "stalled" for topic in self.topics) else []
        new = {topic.name: topic.reached for topic in self.topics if topic.reached and topic.reached != self.told.get(topic.name)}
        if new:
            self.broker.tell(new)
            self.told.update({name: dict(offsets) for name, offsets in new.items()})

    def write_status(self) -> None:
        """For people, `status.yml` and `verify`; the folder goes with the process."""
        path, now = os.path.join(os.environ["RUNTIME_DIRECTORY"], "status.json"), time.time()
        topics = {topic.name: topic.status(self.away, now) for topic in self.topics}
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"at": moment(now), "stream": self.settings["name"], "topics": topics}, file, indent=2)
        os.replace(path + ".new", path)

    def unreachable(self) -> list[str]:
        said = []
        for name, places in self.places.items():
            for place in [place for place in places if place]:
                address = urllib.parse.urlsplit(place if "//" in place else "//" + place)
                try:
                    socket.create_connection((address.hostname, address.port or 443), timeout=PROBE_SECONDS).close()
                except OSError as error:
                    said.append("%s (%s) cannot be reached: %s" % (name, address.netloc, error))
        return said


class Snapshots:
    """Forgets old snapshots, which each batch makes one of: a table's metadata lists all that there are, and is written anew each time."""

    def __init__(self, topics: list[Topic], minutes: int) -> None:
        self.tables = {table.name: table for topic in topics for table in (topic.table, topic.dead_letters)}
        self.minutes = minutes

    def run(self, stopping: threading.Event) -> None:
        while self.minutes and not stopping.wait(SNAPSHOTS_SECONDS):
            for table in [table for table in self.tables.values() if table.is_right]:
                try:
                    table.forget_snapshots(self.minutes)
                except Exception as error:  # what fails today goes with the next ones
                    log.info("%s keeps old snapshots until later: %s", table.name, plain(error))


# --- The process ---


def session(settings: Settings) -> Any:
    home = os.environ["SPARK_HOME"]
    sys.path[:0] = [os.path.join(home, "python")] + glob.glob(os.path.join(home, "python", "lib", "py4j-*.zip"))
    os.environ["PYSPARK_SUBMIT_ARGS"] = shlex.join(submit_arguments(settings))
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def hopeless(topics: list[Topic]) -> list[str]:
    """Topics that fail again and again while no other gets on, so that the JVM may be at fault."""
    return [topic.name for topic in topics if topic.failures >= MOST_FAILURES and not any(other.moved_at > topic.failing_since for other in topics)]


def reset(settings: Settings, names: list[str], apply: bool) -> None:
    """Say what topics give up that begin again with what Kafka has, a line for each, and where it is told to, forget their checkpoints."""
    spark = session({**settings, "master": "local[1]", "driver_memory_mib": 512})
    broker = stream_kafka.Broker(spark._jvm, settings)
    for name in names:
        checkpoint = stream_kafka.Checkpoint(spark, settings, name)
        found = checkpoint.last() >= 0
        at = checkpoint.end(checkpoint.committed()) if found else {}
        first, end = (broker.offsets([name], which).get(name, {}) for which in ("earliest", "latest"))
        places = sorted({*at, *end}, key=int)
        print(json.dumps({"checkpoint": checkpoint.path, "found": found, "partitions": [
            {"partition": int(place), "stream": at.get(place), "from": first.get(place), "to": end.get(place)} for place in places]}))
        if apply:
            checkpoint.remove()
    spark.stop()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    if sys.argv[2:]:
        reset(settings, sys.argv[3:], apply=sys.argv[2] == "--reset")
        return
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *dummy: stopping.set())
    spark = session(settings)
    from py4j.protocol import Py4JNetworkError

    dead_letters = dead_letters_table(spark, settings)
    topics = [Topic(spark, settings, topic, dead_letters, stopping) for topic in settings["topics"]]
    watch = Watch(spark, settings, topics)
    for helper in (watch, Snapshots(topics, settings["snapshot_minutes"])):
        threading.Thread(target=helper.run, args=(stopping,), daemon=True).start()
    try:
        while not stopping.is_set():
            for topic in topics:
                topic.tend()
            if hopeless(topics):
                raise SystemExit("%s failed again and again: trying in a new process" % ", ".join(hopeless(topics)))
            stopping.wait(TICK_SECONDS)
    except (ConnectionError, Py4JNetworkError) as error:
        raise SystemExit("Java is gone (%s): trying in a new process" % error) from error
    log.info("stopping")
    until = time.monotonic() + STOP_SECONDS
    for topic in topics:
        topic.stop(until)
    spark.stop()
    log.info("stopped")


if __name__ == "__main__":
    main()
