#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# fastavro 1.13.1: the writer takes the first branch of a union that could somehow hold a value, not the one that holds it whole, so that the
# order of the branches decides what is lost: a datetime becomes a date, an integer beyond 2^53 another integer.
#
# Seen: 2024-01-01 12:30 into [null, date, timestamp-micros] -> the date alone, into [null, timestamp-micros, date] -> whole;
# 9007199254740993 into [double, long] -> 9007199254740992.0, into [long, double] -> whole. avro 1.12.2 writes both whole where fastavro does not.
# What to do: put the wider branch first, or name the branch by a tuple (name, value).
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'avro==1.12.2' 'fastavro==1.13.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime
import io
import json

import avro.io
import avro.schema
import fastavro

DATE = {"type": "int", "logicalType": "date"}
TIMESTAMP = {"type": "long", "logicalType": "timestamp-micros"}
moment = datetime.datetime(2024, 1, 1, 12, 30, tzinfo=datetime.timezone.utc)
number = 2 ** 53 + 1


def by_fastavro(schema, value):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, value)
    buffer.seek(0)
    return fastavro.schemaless_reader(buffer, schema, None)


def by_avro(schema, value):
    parsed, buffer = avro.schema.parse(json.dumps(schema)), io.BytesIO()
    avro.io.DatumWriter(parsed).write(value, avro.io.BinaryEncoder(buffer))
    buffer.seek(0)
    return avro.io.DatumReader(parsed).read(avro.io.BinaryDecoder(buffer))


cases = [
    (["null", TIMESTAMP, DATE], moment, moment),
    (["null", DATE, TIMESTAMP], moment, datetime.date(2024, 1, 1)),
    (["long", "double"], number, number),
    (["double", "long"], number, 2.0 ** 53),
]
for schema, value, kept in cases:
    found = by_fastavro(schema, value)
    print(json.dumps(schema), "|", value, "-> fastavro:", found)
    assert type(found) is type(kept) and found == kept, "fastavro behaves otherwise"
    if kept != value:
        other = by_avro(schema, value)
        print(json.dumps(schema), "|", value, "-> avro:", other)
        assert type(other) is type(value) and other == value, "avro behaves otherwise"
PYTHON
