#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# DuckDB 2.0.1: sum() of a bigint is a hugeint, which Parquet does not have, and COPY TO Parquet writes it as a double without a
# word: totals above 2^53 are rounded in the file, and its column's type is another. CSV gets the exact number.
#
# Seen for the sum of 9007199254740993 and 2: the query says 9007199254740995, the Parquet file 9007199254740996.0 (double),
# as pyarrow 26.0.1 and DuckDB read it; the CSV file 9007199254740995; with a cast to decimal(38, 0) the Parquet file is exact.
# What to do: write `sum(x)::decimal(38, 0)` (or ::bigint, which refuses what does not fit) in every COPY.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'duckdb==2.0.1' 'pyarrow==26.0.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import decimal
import pathlib

import duckdb
import pyarrow.parquet as pq

database = duckdb.connect()
database.execute("create table t as select x::bigint as x from (values (9007199254740993), (2)) as v(x)")
exact, kind = database.execute("select sum(x), typeof(sum(x)) from t").fetchone()
database.execute("copy (select sum(x) as total from t) to 'total.parquet' (format parquet)")
database.execute("copy (select sum(x) as total from t) to 'total.csv' (format csv, header false)")
database.execute("copy (select sum(x)::decimal(38, 0) as total from t) to 'cast.parquet' (format parquet)")
column = pq.read_table("total.parquet")["total"]
found = {
    "query": (exact, kind),
    "parquet": (column[0].as_py(), str(column.type)),
    "parquet, DuckDB": database.execute("select total, typeof(total) from 'total.parquet'").fetchone(),
    "csv": pathlib.Path("total.csv").read_text().strip(),
    "cast": pq.read_table("cast.parquet")["total"][0].as_py(),
}
print(found)
assert found["query"] == (9007199254740995, "HUGEINT"), "the sum is computed otherwise"
assert found["csv"] == "9007199254740995" and found["cast"] == decimal.Decimal("9007199254740995"), "CSV or decimals are written otherwise"
assert found["parquet"] == (9007199254740996.0, "double"), "sums are written to Parquet otherwise"
assert found["parquet, DuckDB"] == (9007199254740996.0, "DOUBLE"), "sums are read from Parquet otherwise"
PYTHON
