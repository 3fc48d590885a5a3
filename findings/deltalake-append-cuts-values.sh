#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# deltalake 1.6.6 (delta-rs): append with data of another type is cast to the table's type, cutting and rounding without a word,
# although the documentation promises an error for a schema that differs. Only some losses are refused (an integer that is too
# large, a decimal of another scale). PyIceberg 0.12.0 refuses all of these.
#
# Seen: 2.7 into a bigint column is 2, 1.239 into a decimal(10,2) 1.24, 2 into a boolean true, 9007199254740993 into a double
# 9007199254740992, with and without schema_mode="merge"; with it, a timestamp of 23:59 into a date loses its time.
# What to do: compare the schemas before each append, or cast the data yourself with pyarrow's safe cast, which refuses losses.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'deltalake==1.6.6' 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import datetime
import decimal
import io
import pathlib

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

here = pathlib.Path.cwd()
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
late = datetime.datetime(2024, 1, 1, 23, 59)
cases = {
    "double into bigint": (pa.int64(), 2.7, pa.float64(), 2),
    "double into decimal": (pa.decimal128(10, 2), 1.239, pa.float64(), decimal.Decimal("1.24")),
    "bigint into boolean": (pa.bool_(), 2, pa.int64(), True),
    "bigint into double": (pa.float64(), 9007199254740993, pa.int64(), 9007199254740992.0),
    "timestamp into date": (pa.date32(), late, pa.timestamp("us"), datetime.date(2024, 1, 1)),
    "too large a bigint into int": (pa.int32(), 2**40, pa.int64(), None),
    "decimal of another scale": (pa.decimal128(10, 2), decimal.Decimal("1.2345"), pa.decimal128(10, 4), None),
}
wrong = []
for name, (kind, value, data_kind, expected) in cases.items():
    empty, data = pa.table({"x": pa.array([], kind)}), pa.table({"x": pa.array([value], data_kind)})
    written = {}
    for mode in (None, "merge"):
        folder = f"{name}-{mode}"
        write_deltalake(folder, empty)
        try:
            write_deltalake(folder, data, mode="append", schema_mode=mode)
            written[mode] = DeltaTable(folder).to_pyarrow_table()["x"].to_pylist()
        except Exception as error:  # refused is what is looked at
            written[mode] = type(error).__name__
    table = catalog.create_table(f"n.{name.replace(' ', '_')}", schema=empty.schema)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            table.append(data)
        refused = False
    except ValueError:
        refused = True
    print(f"{name}: {value} -> {written}, PyIceberg refuses: {refused}")
    modes = ["merge"] if name == "timestamp into date" else [None, "merge"]
    if expected is None:
        right = all(isinstance(written[mode], str) for mode in modes)
    else:
        right = all(written[mode] == [expected] for mode in modes)
    if not right or not refused:
        wrong.append(name)
assert not wrong, wrong
PYTHON
