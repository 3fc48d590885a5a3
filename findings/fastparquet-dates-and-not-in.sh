#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# fastparquet 2026.9.0 (engine="fastparquet" of pandas): dates outside 1677 to 2262 wrap around, since days are counted in nanoseconds: the usual
# "no end" 9999-12-31 becomes a day of 1816. A filter "not in" drops each row group whose smallest or largest value is listed, with all
# the other rows in it. In a list of files, the first file's type is taken for all: what it does not hold is cut.
#
# Seen: 9999-12-31 -> 1816-03-29 05:56:08, 0001-01-01 -> 1754-08-30 22:43:41 (as timestamps in microseconds both are right);
# x not in (1) of 1, 2, 3 -> no row, x not in (2) -> 1, 3; the files [1, 2] as int32 and [2^40] as int64, a widening that Iceberg allows, -> 1, 2, 0, in
# the other order right. pyarrow, and DuckDB for the files, give the right values in all cases.
# What to do: read with pyarrow.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'fastparquet==2026.9.0' 'pandas==3.1.1' 'pyarrow==26.0.1' 'duckdb==2.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime

import duckdb
import fastparquet
import pyarrow
import pyarrow.parquet


def by_fastparquet(files, **options):
    return fastparquet.ParquetFile(files).to_pandas(**options)["x"].tolist()


def by_pyarrow(file, **options):
    return pyarrow.parquet.read_table(file, **options)["x"].to_pylist()


days = [datetime.date(2024, 1, 1), datetime.date(9999, 12, 31), datetime.date(1, 1, 1)]
pyarrow.parquet.write_table(pyarrow.table({"x": days}), "date.parquet")
moments = pyarrow.array([datetime.datetime.combine(day, datetime.time()) for day in days], pyarrow.timestamp("us"))
pyarrow.parquet.write_table(pyarrow.table({"x": moments}), "moment.parquet")
dates, times = [str(day)[:19] for day in by_fastparquet("date.parquet")], [str(day)[:10] for day in by_fastparquet("moment.parquet")]
print("dates:", dates, "| as timestamps:", times)
assert by_pyarrow("date.parquet") == days and times == [str(day) for day in days]
assert dates == ["2024-01-01 00:00:00", "1816-03-29 05:56:08", "1754-08-30 22:43:41"], "dates are read otherwise"

pyarrow.parquet.write_table(pyarrow.table({"x": [1, 2, 3]}), "three.parquet")
for value, expected in ((1, []), (2, [1, 3]), (3, [])):
    condition = [("x", "not in", [value])]
    found, right = by_fastparquet("three.parquet", filters=condition, row_filter=True), by_pyarrow("three.parquet", filters=condition)
    print("x not in", value, "| fastparquet:", found, "| pyarrow:", right)
    assert found == expected and right == [x for x in (1, 2, 3) if x != value], "not in behaves otherwise"

pyarrow.parquet.write_table(pyarrow.table({"x": pyarrow.array([1, 2], pyarrow.int32())}), "old.parquet")
pyarrow.parquet.write_table(pyarrow.table({"x": pyarrow.array([2 ** 40], pyarrow.int64())}), "new.parquet")
found = by_fastparquet(["old.parquet", "new.parquet"]), by_fastparquet(["new.parquet", "old.parquet"])
right = [row[0] for row in duckdb.sql("FROM read_parquet(['new.parquet', 'old.parquet'])").fetchall()]
print("files of both types:", found, "| DuckDB:", right)
assert right == [2 ** 40, 1, 2] and found == ([1, 2, 0], [2 ** 40, 1, 2]), "files of both types are read otherwise"
PYTHON
