# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What streams ask Kafka themselves, by its own client in Spark's JVM: where topics begin and end, and records that Spark cannot read."""
from __future__ import annotations

import json
import time
from typing import Any, Iterator

# Offsets of a topic by partition, which is text as in Spark's own JSON.
Offsets = dict[str, int]

PIECE = 5000
SILENT_SECONDS = 60
RECORD = "key binary, value binary, partition int, offset bigint, millis bigint"


class Broker:
    """Kafka, asked by its client. Everything but committed records is left out of what it says."""

    def __init__(self, jvm: Any, settings: dict[str, Any]) -> None:
        self.jvm, self.group = jvm, "spark-" + settings["name"]
        self.settings = {
            "bootstrap.servers": settings["bootstrap_servers"], "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
            "default.api.timeout.ms": "5000", "request.timeout.ms": "5000",
        }
        self.admin = jvm.org.apache.kafka.clients.admin.AdminClient.create(self._properties())

    def _properties(self, **more: str) -> Any:
        properties = self.jvm.java.util.Properties()
        for name, setting in {**self.settings, **{name.replace("_", "."): value for name, value in more.items()}}.items():
            properties.setProperty(name, setting)
        return properties

    def offsets(self, topics: list[str], which: str) -> dict[str, Offsets]:
        """Where topics begin (`earliest`) or end (`latest`); a topic that is not there is left out."""
        spec = getattr(self.jvm.org.apache.kafka.clients.admin.OffsetSpec, which)
        asked = self.jvm.java.util.HashMap()
        known = self.admin.listTopics().names().get()
        described = self.admin.describeTopics([topic for topic in topics if topic in known]).allTopicNames().get()
        for topic in described:
            for partition in described[topic].partitions():
                asked[self.jvm.org.apache.kafka.common.TopicPartition(topic, partition.partition())] = spec()
        committed = self.jvm.org.apache.kafka.common.IsolationLevel.READ_COMMITTED
        answers = self.admin.listOffsets(asked, self.jvm.org.apache.kafka.clients.admin.ListOffsetsOptions(committed)).all().get()
        found: dict[str, Offsets] = {}
        for place in answers:
            found.setdefault(place.topic(), {})[str(place.partition())] = answers[place].offset()
        return found

    def told(self) -> dict[str, Offsets]:
        """The offsets that were told before, by whichever process the stream was then."""
        answers = self.admin.listConsumerGroupOffsets(self.group).partitionsToOffsetAndMetadata().get()
        found: dict[str, Offsets] = {}
        for place in answers:
            if answers[place] is not None:
                found.setdefault(place.topic(), {})[str(place.partition())] = answers[place].offset()
        return found

    def tell(self, reached: dict[str, Offsets]) -> None:
        """Tells Kafka how far the stream is, for whoever shows the lag of groups. Spark itself goes by its checkpoint."""
        offsets = self.jvm.java.util.HashMap()
        for topic, partitions in reached.items():
            for partition, offset in partitions.items():
                where = self.jvm.org.apache.kafka.common.TopicPartition(topic, int(partition))
                offsets[where] = self.jvm.org.apache.kafka.clients.consumer.OffsetAndMetadata(int(offset))
        self.admin.alterConsumerGroupOffsets(self.group, offsets).all().get()

    def pieces(self, topic: str, start: Offsets, end: Offsets) -> Iterator[list[tuple]]:
        """The records of a range, as RECORD has them, some thousands at a time."""
        consumer = self.jvm.org.apache.kafka.clients.consumer.KafkaConsumer(self._properties(
            isolation_level="read_committed", auto_offset_reset="none", enable_auto_commit="false",
            key_deserializer="org.apache.kafka.common.serialization.ByteArrayDeserializer",
            value_deserializer="org.apache.kafka.common.serialization.ByteArrayDeserializer"))
        piece: list[tuple] = []
        try:
            for partition, last in end.items():
                place = self.jvm.org.apache.kafka.common.TopicPartition(topic, int(partition))
                places = self.jvm.java.util.ArrayList()
                places.add(place)
                consumer.assign(places)
                consumer.seek(place, start.get(partition, 0))
                moved, at = time.monotonic(), -1
                while consumer.position(place) < last:
                    if consumer.position(place) != at:
                        moved, at = time.monotonic(), consumer.position(place)
                    elif time.monotonic() - moved > SILENT_SECONDS:
                        raise RuntimeError("Kafka gives no records of %s-%s from offset %d on" % (topic, partition, at))
                    for record in consumer.poll(self.jvm.java.time.Duration.ofSeconds(1)).records(place):
                        if record.offset() < last:
                            piece.append((record.key(), record.value(), record.partition(), record.offset(), record.timestamp()))
                        if len(piece) == PIECE:
                            yield piece
                            piece = []
            if piece:
                yield piece
        finally:
            consumer.close()


class Checkpoint:
    """A topic's folder in the store, where Spark notes the offsets at which each batch ends before it is written, and after it that it was."""

    def __init__(self, spark: Any, settings: dict[str, Any], topic: str) -> None:
        self.spark, self.topic = spark, topic
        self.path = "%s/%s/%s" % (settings["checkpoints"], settings["name"], topic)

    def _open(self, name: str = "") -> tuple[Any, Any]:
        path = self.spark._jvm.org.apache.hadoop.fs.Path(self.path + name)
        return path.getFileSystem(self.spark._jsc.hadoopConfiguration()), path

    def _offsets(self, name: str) -> Offsets:
        store, path = self._open(name)
        stream = store.open(path)
        try:
            text = self.spark._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()
        return json.loads(text.strip().splitlines()[-1])[self.topic]

    def last(self) -> int:
        """The number of the last batch that was planned; -1 where there was none."""
        return self._last("/offsets")

    def committed(self) -> int:
        """The number of the last batch that was written; -1 where there was none."""
        return self._last("/commits")

    def _last(self, name: str) -> int:
        store, path = self._open(name)
        if not store.exists(path):
            return -1
        return max((int(status.getPath().getName()) for status in store.listStatus(path) if status.getPath().getName().isdigit()), default=-1)

    def end(self, number: int) -> Offsets:
        """Where a batch ends; that of -1 is where the first one begins."""
        return self._offsets("/offsets/%d" % number if number >= 0 else "/sources/0/0")

    def remove(self) -> None:
        store, path = self._open()
        store.delete(path, True)
