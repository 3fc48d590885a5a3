#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# pyarrow 26.0.1: a filter `in (0.0, ...)` on a Parquet file skips every row group whose values are all 0.0. Parquet has such a
# group's minimum written as -0.0; the reader takes "minimum equals maximum" as proof that each value is -0.0, and membership
# tells -0.0 from 0.0, as `=` does not. PyIceberg 0.12.0 reads by it: a scan with `in` misses rows that a scan with `=` finds.
#
# Seen for three rows of 0.0: isin([0.0, 1.0]) finds 3 in memory and 0 in the file, `= 0.0` finds 3 in both; DuckDB 2.0.1 and
# Polars 2.1.0 find 3 by `in` in the same file; PyIceberg finds 0 by `x in (0.0, 1.0)` and 3 by `x = 0.0 or x = 1.0`.
# What to do: write `= 0.0 or ...` where 0.0 is in a list, or keep such columns (discounts, fees) as decimals.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1' \
  'duckdb==2.0.1' 'polars==2.1.0'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pathlib

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

here = pathlib.Path.cwd()
rows = pa.table({"id": [1, 2, 3], "x": [0.0, 0.0, 0.0]})
pq.write_table(rows, "zeros.parquet")
listed, equal = pc.field("x").isin([0.0, 1.0]), pc.field("x") == 0.0
arrow = {
    "in, memory": rows.filter(listed).num_rows,
    "in, file": pq.read_table("zeros.parquet", filters=listed).num_rows,
    "=, memory": rows.filter(equal).num_rows,
    "=, file": pq.read_table("zeros.parquet", filters=equal).num_rows,
}
others = {
    "duckdb": len(duckdb.sql("select id from 'zeros.parquet' where x in (0.0, 1.0)").fetchall()),
    "polars": polars.scan_parquet("zeros.parquet").filter(polars.col("x").is_in([0.0, 1.0])).collect().height,
}
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
table = catalog.create_table("n.t", schema=rows.schema)
table.append(rows)
iceberg = {text: table.scan(row_filter=text).to_arrow().num_rows for text in ("x in (0.0, 1.0)", "x = 0.0 or x = 1.0")}
print("pyarrow:", arrow, "| others:", others, "| pyiceberg:", iceberg)
assert arrow == {"in, memory": 3, "in, file": 0, "=, memory": 3, "=, file": 3}, "pyarrow's filters behave otherwise"
assert others == {"duckdb": 3, "polars": 3}, "the judges behave otherwise"
assert iceberg == {"x in (0.0, 1.0)": 0, "x = 0.0 or x = 1.0": 3}, "PyIceberg's filters behave otherwise"
PYTHON
