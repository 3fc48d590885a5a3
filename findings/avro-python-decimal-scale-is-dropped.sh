#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# avro 1.12.2 (Apache Avro for Python): a Decimal with fewer digits after the point than the schema's scale is written without
# being brought to that scale, so that 1.5 becomes 0.15 and 100 becomes 1.00 (or 0.01 as 1E+2). More digits are refused, fewer are not.
#
# Seen for decimal(6, 2), in bytes and fixed alike: 1.50 -> 1.50, 1.5 -> 0.15, 1 -> 0.01, 1E+2 -> 0.01. fastavro writes all four right,
# and reads the same wrong values from what avro wrote: they are in the data.
# What to do: quantize() each Decimal to the scale of its field before it is written, or write with fastavro.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'avro==1.12.2' 'fastavro==1.13.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io
import json
from decimal import Decimal

import avro.io
import avro.schema
import fastavro

DECIMAL = {"logicalType": "decimal", "precision": 6, "scale": 2}
SCHEMAS = {"bytes": {"type": "bytes", **DECIMAL}, "fixed": {"type": "fixed", "name": "f", "size": 3, **DECIMAL}}


def by_avro(schema, value):
    buffer = io.BytesIO()
    avro.io.DatumWriter(avro.schema.parse(json.dumps(schema))).write(value, avro.io.BinaryEncoder(buffer))
    return buffer.getvalue()


def by_fastavro(schema, value):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, value)
    return buffer.getvalue()


def read(schema, data):
    one = avro.io.DatumReader(avro.schema.parse(json.dumps(schema))).read(avro.io.BinaryDecoder(io.BytesIO(data)))
    other = fastavro.schemaless_reader(io.BytesIO(data), schema, None)
    assert one == other, "the two readers differ"
    return str(one)


values = [Decimal(text) for text in ("1.50", "1.5", "1", "1E+2")]
for name, schema in SCHEMAS.items():
    right = [read(schema, by_fastavro(schema, value)) for value in values]
    found = [read(schema, by_avro(schema, value)) for value in values]
    print(name, "by fastavro:", right, "| by avro:", found)
    assert right == ["1.50", "1.50", "1.00", "100.00"], "fastavro behaves otherwise"
    assert found == ["1.50", "0.15", "0.01", "0.01"], "avro behaves otherwise"
try:
    by_avro(SCHEMAS["bytes"], Decimal("1.500"))
except avro.errors.AvroOutOfScaleException as error:
    print("1.500 is refused:", error)
else:
    raise SystemExit("a digit too many is accepted now")
PYTHON
