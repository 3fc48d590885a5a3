# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table in files of Avro and JSON as Iceberg writes them, for tests of what reads them."""

from __future__ import annotations

import json
import zlib

LIST = {"type": "record", "name": "manifest_file", "fields": [
    {"name": "manifest_path", "type": "string"}, {"name": "manifest_length", "type": "long"},
    {"name": "partitions", "type": ["null", {"type": "array", "items": {"type": "record", "name": "r508", "fields": [
        {"name": "contains_null", "type": "boolean"}, {"name": "lower_bound", "type": ["null", "bytes"]}]}}]}]}
COUNTS = {"type": "array", "logicalType": "map", "items": {"type": "record", "name": "k117_v118", "fields": [
    {"name": "key", "type": "int"}, {"name": "value", "type": "long"}]}}
MANIFEST = {"type": "record", "name": "manifest_entry", "fields": [
    {"name": "status", "type": "int"}, {"name": "snapshot_id", "type": ["null", "long"]},
    {"name": "data_file", "type": {"type": "record", "name": "r2", "fields": [
        {"name": "file_path", "type": "string"}, {"name": "file_size_in_bytes", "type": "long"},
        {"name": "partition", "type": {"type": "record", "name": "r102", "fields": [{"name": "rate", "type": ["null", "double"]}]}},
        {"name": "column_sizes", "type": ["null", COUNTS]}]}}]}


def long(value):
    value, out = (value << 1) ^ (value >> 63), b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def encode(schema, value):
    if isinstance(schema, list):
        place = next(place for place, branch in enumerate(schema) if (branch == "null") == (value is None))
        return long(place) + encode(schema[place], value)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        return b"".join(encode(field["type"], value[field["name"]]) for field in schema["fields"])
    if kind == "array":
        return (long(len(value)) + b"".join(encode(schema["items"], each) for each in value) if value else b"") + long(0)
    if isinstance(kind, dict):
        return encode(kind, value)
    return {"null": lambda: b"", "boolean": lambda: bytes([value]), "int": lambda: long(value), "long": lambda: long(value),
            "double": lambda: b"\0" * 8, "bytes": lambda: long(len(value)) + value,
            "string": lambda: long(len(value.encode())) + value.encode()}[kind]()


def avro(schema, rows, codec="deflate"):
    packer = zlib.compressobj(wbits=-15)
    block = b"".join(encode(schema, row) for row in rows)
    packed = packer.compress(block) + packer.flush() if codec == "deflate" else block
    header = {"avro.schema": json.dumps(schema).encode(), "avro.codec": codec.encode()}
    return (b"Obj\x01" + long(len(header)) + b"".join(long(len(name)) + name.encode() + long(len(value)) + value for name, value in header.items())
            + long(0) + b"m" * 16 + long(len(rows)) + long(len(packed)) + packed + b"m" * 16)


class Table:
    """In a bucket, which has put(key, content), which returns where that is."""

    def __init__(self, bucket, name):
        self.bucket, self.folder, self.snapshots, self.manifests, self.number = bucket, "w/gold.db/%s/" % name, [], [], 0

    def put(self, name, content):
        return self.bucket.put(self.folder + name, content)

    def append(self, size=500):
        """A snapshot more, of one more file; the manifests of those before stay."""
        self.number += 1
        place = self.put("data/%d.parquet" % self.number, b"x" * size)
        entries = [{"status": 1, "snapshot_id": None, "data_file": {
            "file_path": place, "file_size_in_bytes": size, "partition": {"rate": 0.5}, "column_sizes": [{"key": 1, "value": -3}]}},
            {"status": 2, "snapshot_id": 7, "data_file": {
                "file_path": place + ".gone", "file_size_in_bytes": 9, "partition": {"rate": None}, "column_sizes": None}}]
        content = avro(MANIFEST, entries)
        self.manifests = self.manifests + [
            {"manifest_path": self.put("metadata/m%d.avro" % self.number, content), "manifest_length": len(content),
             "partitions": [{"contains_null": True, "lower_bound": b"\x01"}]}]
        listed = avro(LIST, self.manifests, codec="null")
        self.snapshots.append({"snapshot-id": self.number, "manifest-list": self.put("metadata/snap-%d.avro" % self.number, listed),
                               "summary": {"total-records": str(self.number * 10)}})
        return self.write()

    def write(self, **more):
        metadata = {"format-version": 2, "snapshots": self.snapshots, "current-snapshot-id": self.number, **more}
        self.location = self.put("metadata/%05d.metadata.json" % self.number, json.dumps(metadata).encode())
        return self

    def listed(self):
        return {"database": "gold", "table": self.folder.split("/")[-2], "location": self.location}
