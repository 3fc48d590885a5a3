# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files an Iceberg table is made of: of every snapshot that it keeps, by its metadata, lists of manifests and manifests.

Reads what it is given and nothing else. Of Avro it knows what manifests are made of; a column that nobody asks for is passed over.
"""

from __future__ import annotations

import io
import json
import zlib
from typing import Any, BinaryIO, Callable, Iterator, Optional

# {key: size}; None where nothing says how large it is.
Files = dict[str, Optional[int]]

MAGIC = b"Obj\x01"
DELETED = 2  # status of an entry whose file this snapshot took away
SCHEMES = ("s3a://", "s3://", "s3n://")


class Unreadable(Exception):
    """A file of a table's metadata is not what it should be."""


# --- Avro ---


def read_long(data: BinaryIO) -> int:
    shift = value = 0
    while True:
        byte = data.read(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7


def read_bytes(data: BinaryIO) -> bytes:
    return data.read(read_long(data))


def blocks(data: BinaryIO) -> Iterator[int]:
    """How many items each block of an array or a map has."""
    while count := read_long(data):
        if count < 0:  # then its size in bytes follows, for who wants to pass over it
            read_long(data)
        yield abs(count)


Reader = Callable[[BinaryIO], Any]


def reader_of(schema: Any, named: dict[str, Reader]) -> Reader:
    """A function that reads a value of a schema."""
    if isinstance(schema, list):
        branches = [reader_of(branch, named) for branch in schema]
        return lambda data: branches[read_long(data)](data)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return reader_of(kind, named)
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    if kind == "fixed":
        return named.setdefault(schema["name"], lambda data, size=schema["size"]: data.read(size))
    if kind == "enum":
        return named.setdefault(schema["name"], lambda data, symbols=schema["symbols"]: symbols[read_long(data)])
    if kind == "array":
        item = reader_of(schema["items"], named)
        return lambda data: [item(data) for count in blocks(data) for dummy in range(count)]
    if kind == "map":
        value = reader_of(schema["values"], named)
        return lambda data: {read_bytes(data): value(data) for count in blocks(data) for dummy in range(count)}
    if kind == "record":
        fields = [(field["name"], reader_of(field["type"], named)) for field in schema["fields"]]
        return named.setdefault(schema["name"], lambda data: {name: read(data) for name, read in fields})
    if kind in named:
        return named[kind]
    raise Unreadable("Avro's type %s is not known" % kind)


PRIMITIVES: dict[str, Reader] = {
    "null": lambda data: None,
    "boolean": lambda data: data.read(1) == b"\x01",
    "int": read_long,
    "long": read_long,
    "float": lambda data: data.read(4),
    "double": lambda data: data.read(8),
    "bytes": read_bytes,
    "string": lambda data: read_bytes(data).decode(),
}
CODECS: dict[bytes, Callable[[bytes], bytes]] = {
    b"null": lambda packed: packed,
    b"deflate": lambda packed: zlib.decompress(packed, -zlib.MAX_WBITS),
}


def rows(content: bytes) -> Iterator[dict[str, Any]]:
    """The records of a file of Avro."""
    data = io.BytesIO(content)
    try:
        if data.read(4) != MAGIC:
            raise Unreadable("it is no file of Avro")
        header = {read_bytes(data): read_bytes(data) for count in blocks(data) for dummy in range(count)}
        codec = header.get(b"avro.codec", b"null")
        if codec not in CODECS:
            raise Unreadable("its codec %s is not known" % codec.decode(errors="replace"))
        read = reader_of(json.loads(header[b"avro.schema"]), {})
        mark = data.read(16)
        while data.tell() < len(content):
            count, packed = read_long(data), read_bytes(data)
            if data.read(16) != mark:
                raise Unreadable("it ends early, or is damaged")
            block = io.BytesIO(CODECS[codec](packed))
            for dummy in range(count):
                yield read(block)
    except (IndexError, KeyError, ValueError, zlib.error) as error:
        raise Unreadable("it is damaged: %r" % error) from error


# --- Iceberg ---


def place_of(location: str) -> tuple[str, str]:
    """Bucket and key of s3a://BUCKET/KEY."""
    scheme = next((scheme for scheme in SCHEMES if location.startswith(scheme)), None)
    bucket, slash, key = location.removeprefix(scheme or "").partition("/")
    if scheme is None or not slash or not key:
        raise Unreadable("%s is no file of an object store" % location)
    return bucket, key


def metadata_of(content: bytes, key: str) -> dict[str, Any]:
    """A table's metadata, from the file of it."""
    try:
        return json.loads(zlib.decompress(content, zlib.MAX_WBITS | 16) if key.endswith(".gz.metadata.json") else content)
    except (ValueError, zlib.error) as error:
        raise Unreadable("%s is damaged: %r" % (key, error)) from error


def lists_of(metadata: dict[str, Any]) -> Iterator[str]:
    """Locations of the lists of manifests, one for each snapshot. A view has none."""
    for snapshot in metadata.get("snapshots") or []:
        if "manifest-list" not in snapshot:
            raise Unreadable("snapshot %s has no list of manifests (format 1 of old)" % snapshot.get("snapshot-id"))
        yield snapshot["manifest-list"]


def statistics_of(metadata: dict[str, Any]) -> Iterator[tuple[str, Optional[int]]]:
    """Locations and sizes of files of statistics."""
    for each in (metadata.get("statistics") or []) + (metadata.get("partition-statistics") or []):
        yield each["statistics-path"], each.get("file-size-in-bytes")


def manifests_of(content: bytes) -> list[tuple[str, Optional[int]]]:
    """Locations and sizes of the manifests that a list names."""
    return [(row["manifest_path"], row.get("manifest_length")) for row in rows(content)]


def entries_of(content: bytes) -> list[tuple[str, Optional[int]]]:
    """Locations and sizes of the files of data and deletes that are there, by a manifest; and of deletion vectors the file they are in."""
    files = (row["data_file"] for row in rows(content) if row["status"] != DELETED)
    return [(file["file_path"], file.get("file_size_in_bytes")) for file in files]


def summary_of(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the table's current snapshot says of itself."""
    current = next((each for each in metadata.get("snapshots") or [] if each["snapshot-id"] == metadata.get("current-snapshot-id")), {})
    records = current.get("summary", {}).get("total-records")
    return {"snapshot_id": current.get("snapshot-id"), "records": None if records is None else int(records)}
