# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the events of Kafka's topics into Iceberg tables, each exactly once.

    lakehouse_stream.py SETTINGS.json

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
import shlex
import signal
import sys
import threading
import time
from typing import Any, Callable, Optional

from event_fields import CHECKED, SPARK_TYPES, in_time, read_as, text_of, value

Settings = dict[str, Any]

POSITION = ("kafka_partition", "kafka_offset", "kafka_time")
SAME_POSITION = " AND ".join("row.%s <=> known.%s" % (column, column) for column in POSITION)
ORIGIN = {"kafka_partition": "INT", "kafka_offset": "BIGINT", "kafka_time": "TIMESTAMP", "ingested_at": "TIMESTAMP"}
DEAD_LETTERS = {"stream": "STRING", "topic": "STRING", **ORIGIN, "reason": "STRING", "key": "BINARY", "value": "BINARY"}
# A common mistake of producers: microseconds or nanoseconds.
WRONG_TIME = "record timestamp: not in milliseconds"
TICK_SECONDS = 2
OFFSETS_SECONDS = 10
SNAPSHOTS_SECONDS = 300
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 5, 30
# After so many failures in a row of one query it may be the JVM's fault: systemd makes a new one.
MOST_FAILURES = 10
# And so it may where a batch hangs.
MOST_BATCH_SECONDS = 900
STOP_SECONDS = 45

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


def lag(progress: Optional[Settings]) -> tuple[dict[str, int], int]:
    """The offsets that a query has reached in each partition, and how many records it is behind."""
    source = (progress or {}).get("sources", [{}])[0]
    reached = next(iter((source.get("endOffset") or {}).values()), {})
    latest = next(iter((source.get("latestOffset") or {}).values()), {})
    return reached, sum(max(0, offset - reached.get(partition, 0)) for partition, offset in latest.items())


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
        self.spark.sql("CREATE TABLE IF NOT EXISTS %s (%s) USING iceberg" % (self.name, definition(self.fields)))
        self._columns()
        self._partitions()
        have = dict(self.handle().properties())
        new = {name: value for name, value in self.properties.items() if have.get(name) != value}
        if new:
            self.spark.sql("ALTER TABLE %s SET TBLPROPERTIES (%s)" % (self.name, self._properties(new)))
        self.is_right = True

    def handle(self) -> Any:
        return self.spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, self.name)

    def forget_snapshots(self, minutes: int) -> None:
        before = int((time.time() - 60 * minutes) * 1000)
        self.handle().expireSnapshots().expireOlderThan(before).retainLast(1).commit()

    def _columns(self) -> None:
        have = {field.name: field.dataType.simpleString().upper() for field in self.spark.table(self.name).schema}
        for name, kind in self.fields.items():
            if name not in have:
                log.info("%s: adding the column %s", self.name, name)
                self.spark.sql("ALTER TABLE %s ADD COLUMN `%s` %s" % (self.name, name, kind))
            elif have[name] != kind:
                raise WrongTable("%s.%s is %s, and the schema says %s: a type cannot be changed. Give the field its old type or another name, "
                                 "or the topic another table" % (self.name, name, have[name], kind))

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
        self.query: Any = None
        self.first = True
        self.batch_since: Optional[float] = None
        self.failures = 0
        self.fault: Optional[str] = None
        self.retry_at = 0.0
        self.reached: dict[str, int] = {}

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
                return
            if self.query is not None:
                ended, self.query = self.query, None
                raise ended.exception() or RuntimeError("the query ended by itself")
            if time.monotonic() >= self.retry_at:
                self._start()
        except (Py4JJavaError, PySparkException, WrongTable, RuntimeError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.table.is_right = self.dead_letters.is_right = False
        # A fault in Spark or Iceberg brings its causes along, and the last one says most.
        lines = str(error).splitlines()
        cause = [line.strip() for line in lines if line.startswith("Caused by:")]
        self.fault = " / ".join([line.strip() for line in lines[:2]] + cause[-1:])[:800]
        pause = min(FIRST_PAUSE_SECONDS * self.failures, LAST_PAUSE_SECONDS)
        self.retry_at = time.monotonic() + pause
        log.warning("%s failed %d times in a row, next try in %d s: %s", self.name, self.failures, pause, self.fault)
        if self.failures >= MOST_FAILURES:
            raise SystemExit("%s failed %d times in a row: trying in a new process" % (self.name, self.failures))

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
        reader = self.spark.readStream.format("kafka").options(**self.reader_options())
        self.first = True
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
            self._write(batch, number)
        finally:
            self.batch_since = None

    def _write(self, batch: Any, number: int) -> None:
        from pyspark.sql import Observation, functions as F

        known = self._known(batch) if self.first else None
        seen = Observation()
        rows = self._checked(batch).observe(seen, F.count("reason").alias("malformed"))
        good = rows.where("reason IS NULL").select("columns.*", *ORIGIN)
        self._append(self.table, good, known and known(self.table, "true"))
        malformed = seen.get["malformed"]
        if malformed:
            # Rare, and so read again rather than kept for.
            bad = (self._checked(batch).observe(Observation(), F.count("reason").alias("malformed")).where("reason IS NOT NULL")
                   .selectExpr("%s AS stream" % text_of(self.settings["name"]), "%s AS topic" % text_of(self.name), *ORIGIN, "reason", "key", "value"))
            mine = "stream = %s AND topic = %s" % (text_of(self.settings["name"]), text_of(self.name))
            self._append(self.dead_letters, bad, known and known(self.dead_letters, mine))
            log.warning("%s: %d malformed records of batch %d are in %s", self.name, malformed, number, self.dead_letters.name)
        self.first = False

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
        rows.writeTo(table.name).option("fanout-enabled", "true").append()

    def stop(self, until: float) -> None:
        """End the query once its batch is written; a batch that begins meanwhile gives up by itself."""
        if self.query is None:
            return
        while self.query.isActive and self.query.status["isTriggerActive"] and time.monotonic() < until:
            time.sleep(0.1)
        self.query.stop()

    def status(self) -> Settings:
        progress = self.query.lastProgress if self.query is not None else None
        reached, behind = lag(progress)
        self.reached = reached or self.reached
        state = "running" if self.query is not None and not self.fault else "failing" if self.fault else "starting"
        return {"state": state, "table": self.table.name, "batch": (progress or {}).get("batchId"), "reached": self.reached, "lag": behind,
                "failures": self.failures, "fault": self.fault}


class Snapshots:
    """Forgets old snapshots, which each batch makes one of: a table's metadata lists all that there are, and is written anew each time."""

    def __init__(self, topics: list[Topic], minutes: int) -> None:
        self.tables = {table.name: table for topic in topics for table in (topic.table, topic.dead_letters)}
        self.minutes = minutes
        self.at = time.monotonic() + SNAPSHOTS_SECONDS

    def forget(self) -> None:
        from py4j.protocol import Py4JJavaError

        if not self.minutes or time.monotonic() < self.at:
            return
        self.at = time.monotonic() + SNAPSHOTS_SECONDS
        for table in self.tables.values():
            try:
                table.forget_snapshots(self.minutes)
            except Py4JJavaError as error:
                log.info("%s keeps old snapshots until later: %s", table.name, str(error.java_exception)[:200])


class Offsets:
    """Tells Kafka how far the stream is, so that whoever shows the lag of groups shows that of streams. Spark itself goes by its checkpoint."""

    def __init__(self, jvm: Any, settings: Settings) -> None:
        self.jvm, self.group = jvm, group(settings)
        properties = jvm.java.util.Properties()
        for name, setting in {"bootstrap.servers": settings["bootstrap_servers"], "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
                            "default.api.timeout.ms": "5000", "request.timeout.ms": "5000"}.items():
            properties.setProperty(name, setting)
        self.admin = jvm.org.apache.kafka.clients.admin.AdminClient.create(properties)
        self.at = 0.0

    def tell(self, topics: list[Topic]) -> None:
        from py4j.protocol import Py4JJavaError

        if time.monotonic() < self.at:
            return
        self.at = time.monotonic() + OFFSETS_SECONDS
        offsets = self.jvm.java.util.HashMap()
        for topic in topics:
            for partition, offset in topic.reached.items():
                where = self.jvm.org.apache.kafka.common.TopicPartition(topic.name, int(partition))
                offsets[where] = self.jvm.org.apache.kafka.clients.consumer.OffsetAndMetadata(int(offset))
        try:
            self.admin.alterConsumerGroupOffsets(self.group, offsets).all().get()
        except Py4JJavaError as error:
            log.info("Kafka was not told how far the stream is: %s", str(error.java_exception)[:200])


# --- The process ---


def session(settings: Settings) -> Any:
    home = os.environ["SPARK_HOME"]
    sys.path[:0] = [os.path.join(home, "python")] + glob.glob(os.path.join(home, "python", "lib", "py4j-*.zip"))
    os.environ["PYSPARK_SUBMIT_ARGS"] = shlex.join(submit_arguments(settings))
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def write_status(topics: list[Topic]) -> None:
    """How each topic is, for people and for `verify`; the folder goes with the process, so what is there is true."""
    path = os.path.join(os.environ["RUNTIME_DIRECTORY"], "status.json")
    status = {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "topics": {topic.name: topic.status() for topic in topics}}
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(status, file, indent=2)
    os.replace(path + ".new", path)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *dummy: stopping.set())
    spark = session(settings)
    from py4j.protocol import Py4JNetworkError

    dead_letters = dead_letters_table(spark, settings)
    topics = [Topic(spark, settings, topic, dead_letters, stopping) for topic in settings["topics"]]
    offsets = Offsets(spark._jvm, settings)
    snapshots = Snapshots(topics, settings["snapshot_minutes"])
    try:
        while not stopping.is_set():
            for topic in topics:
                topic.tend()
            write_status(topics)
            offsets.tell(topics)
            snapshots.forget()
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
