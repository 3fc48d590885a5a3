#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# DataFusion 55.0.0: where all numbers of a Parquet column are one number or NaN, every NaN is read as that number. The file's
# minimum and maximum, which leave NaN out by Parquet's rules, are taken for exact and the column for a constant; even a plain
# SELECT without a filter gives the wrong values. pyarrow and DuckDB read the same file right.
#
# Seen for 1.0, NaN: `select x` -> 1.0, 1.0 and `count(distinct x)` -> 1, in pyarrow 26.0.1 and DuckDB 2.0.1 1.0, NaN; with
# datafusion.execution.collect_statistics off, or for 1.0, 2.0, NaN, DataFusion reads the NaN as well.
# What to do: write NULL for NaN, or switch collect_statistics off for files that may hold NaN.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'datafusion==55.0.0' 'pyarrow==26.0.1' 'duckdb==2.0.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from datafusion import SessionConfig, SessionContext


def read(name, values):
    file = f"{name}.parquet"
    pq.write_table(pa.table({"x": values}), file)
    context = SessionContext()
    context.register_parquet("t", file)
    without = SessionContext(SessionConfig().set("datafusion.execution.collect_statistics", "false"))
    without.register_parquet("t", file)
    found = {
        "pyarrow": pq.read_table(file)["x"].to_pylist(),
        "duckdb": [x for (x,) in duckdb.sql(f"select x from '{file}'").fetchall()],
        "datafusion": context.sql("select x from t").to_pydict()["x"],
        "without statistics": without.sql("select x from t").to_pydict()["x"],
    }
    distinct = context.sql("select count(distinct x) as n from t").to_pydict()["n"]
    return {reader: [str(x) for x in values] for reader, values in found.items()}, distinct


constant, varied = read("constant", [1.0, float("nan")]), read("varied", [1.0, 2.0, float("nan")])
print("1.0, NaN:", constant, "| 1.0, 2.0, NaN:", varied)
right = ["1.0", "nan"]
assert constant[0] == {"pyarrow": right, "duckdb": right, "datafusion": ["1.0", "1.0"], "without statistics": right}, "values are read otherwise"
assert constant[1] == [1], "distinct values are counted otherwise"
assert varied == (dict.fromkeys(constant[0], ["1.0", "2.0", "nan"]), [3]), "values that vary are read otherwise"
PYTHON
