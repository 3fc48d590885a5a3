# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where batches go: MinIO's raw zone, and Kafka when it is configured. Each says in which of three ways it could not."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from .generators import TYPES

# Kafka's client would write to the error output what the reasons say anyway.
SILENT = logging.getLogger("lakehouse_datagen.kafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False

# One request for each object, so that its ETag is the MD5 of its content.
WHOLE = 5 * 1024**3


class Away(Exception):
    """The destination cannot be reached or cannot work now: nothing else would arrive either."""


class Refused(Exception):
    """The destination does not let this type in, or not this account: what its own message says."""


class Conflict(Exception):
    """Another content has this object's name already, and is never overwritten; or this object would be in no list."""


class S3Sink:
    name = "s3"

    def __init__(self, settings):
        scheme, dummy, host = settings.endpoint.partition("://")
        self.bucket, self.prefix = settings.bucket, settings.prefix
        self._folders = set()  # known to be no objects
        self._client = Minio(
            host,
            settings.access_key,
            settings.secret_key,
            secure=scheme == "https",
            region=settings.region,
            # How often a request is tried is said in one place, deliver.py.
            http_client=urllib3.PoolManager(timeout=urllib3.Timeout(settings.timeout_seconds), retries=False, ca_certs=settings.ca_file),
        )

    def send(self, batch):
        """Puts a batch in place and returns False when it was there already, as after a crash just before it was noted."""
        content = batch.path.read_bytes()
        digest, key = hashlib.md5(content, usedforsecurity=False).hexdigest(), self.prefix + batch.key
        there = self._ask(self._etags, key)
        if there.get(key) == digest:
            return False
        if key in there:
            raise Conflict(f"{key} is in the bucket {self.bucket} with another content (MD5 {there[key]}, and not {digest})")
        if key + "/" in there:
            raise Conflict(f"{key} is a folder in the bucket {self.bucket}: as an object it would hide what is in there from every list")
        self._insist_on_folders(batch.key)
        with batch.path.open("rb") as stream:
            result = self._ask(
                self._client.put_object, self.bucket, key, stream, len(content), content_type="application/gzip", part_size=WHOLE
            )
        if result.etag != digest:
            raise Away(f"{key} arrived damaged: MD5 {result.etag}, and not {digest}")
        return True

    def probe(self):
        """Asks for a listing that this account may have, of every type's folder."""
        for name in TYPES:
            self._ask(next, self._client.list_objects(self.bucket, f"{self.prefix}{name}/"), None)

    def _insist_on_folders(self, key):
        """What is below an object's name is in no list; the type's own folder is beyond what this account may ask."""
        parts = key.split("/")
        for folder in (self.prefix + "/".join(parts[:depth]) for depth in range(2, len(parts))):
            if folder not in self._folders and folder in self._ask(self._etags, folder):
                raise Conflict(f"{folder} is an object in the bucket {self.bucket}: what is below its name would be in no list")
            self._folders.add(folder)

    def _etags(self, key):
        """The ETags of what begins with a name; of a folder none. A listing needs no right to read; this account may put and list."""
        return {entry.object_name: (entry.etag or "").strip('"') for entry in self._client.list_objects(self.bucket, key)}

    def _ask(self, call, *arguments, **options):
        try:
            return call(*arguments, **options)
        except S3Error as error:
            if error.response.status >= 500 or error.code in ("SlowDown", "RequestTimeout"):
                raise Away(f"{error.code}: {error.message}") from error
            raise Refused(f"{error.code}: {error.message}") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise Away(f"{type(error).__name__}: {error}") from error


class KafkaSink:
    name = "kafka"

    def __init__(self, settings):
        # Loaded only where it is used: it takes a tenth of the container's memory.
        from confluent_kafka import KafkaException, Producer

        self._error, self.topics, self.timeout = KafkaException, settings.topics, settings.timeout_seconds
        self._trouble = ""
        self._producer = Producer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "client.id": "datagen",
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": settings.username,
                "sasl.password": settings.password,
                "ssl.ca.location": settings.ca_file,
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 20,
                "delivery.timeout.ms": settings.timeout_seconds * 1000,
                # A broker that shuts down takes itself off the list; with only one, the client must look for it again.
                "metadata.recovery.rebootstrap.trigger.ms": 5000,
                "error_cb": self._remember,
                "logger": SILENT,
            }
        )

    def send(self, batch):
        """Sends a batch's records in order, and returns False where its type has no topic."""
        if batch.type not in self.topics:
            return False
        with gzip.open(batch.path) as lines:
            records = lines.read().splitlines()
        # Those of an earlier try that arrived are not sent again.
        left = dict.fromkeys(batch.state.get("kafka_left", range(len(records))))
        reasons = set()
        for number in list(left):
            key = json.loads(records[number])[TYPES[batch.type].KEY].encode()
            self.produce(batch.type, key, records[number], lambda error, _, number=number: reasons.add(str(error)) if error else left.pop(number))
        self.flush()
        if left:
            batch.state["kafka_left"] = list(left)
            raise Away(f"{len(left)} of {len(records)} records were not confirmed: {'; '.join(sorted(reasons))} {self._trouble}")
        return True

    def produce(self, name, key, line, on_delivery):
        while True:
            try:
                self._producer.produce(self.topics[name], line.rstrip(b"\n"), key, on_delivery=on_delivery)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.1)  # its queue is full: let some of it go out
            except self._error as error:
                raise Away(str(error)) from error

    def flush(self):
        # Longer than a record may take, so that afterwards each one has arrived or has failed.
        self._producer.flush(self.timeout + 5)

    def probe(self):
        try:
            known = self._producer.list_topics(timeout=self.timeout).topics
        except self._error as error:
            raise Away(f"{error} {self._trouble}") from error
        missing = sorted(set(self.topics.values()) - {name for name, topic in known.items() if topic.error is None})
        if missing:
            raise Refused(f"no such topic, or not for this account: {', '.join(missing)}")

    def _remember(self, error):
        # Why nothing arrives, such as a wrong password; the records themselves only time out. That no broker is left says less.
        if not self._trouble or error.name() != "_ALL_BROKERS_DOWN":
            self._trouble = f"({error})"
