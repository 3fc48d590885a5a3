#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# DataFusion 55.0.0: a field of a NULL struct in an Arrow table reads as the 0 or '' that happens to lie under the NULL, not as
# NULL: the field is taken without the struct's own validity. Read from a Parquet file, the same rows are right. The engine is
# mended on its main branch; the newest Python package is not.
#
# Seen for the structs {a: 1}, NULL, {a: NULL}: `s['a']` -> 1, 0, NULL from an Arrow table of pyarrow 26.0.1 and 1, NULL, NULL
# from the file; sum, count and filters follow (`s['a'] < 1` finds the row of the NULL struct). DuckDB 2.0.1 gives NULL for both.
# What to do: say `case when s is not null then s['a'] end`, or write the table to Parquet and query that.
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
from datafusion import SessionContext

rows = pa.table({"id": [1, 2, 3], "s": pa.array([{"a": 1}, None, {"a": None}], pa.struct([("a", pa.int64())]))})
pq.write_table(rows, "rows.parquet")
context = SessionContext()
context.register_record_batches("memory", [rows.to_batches()])
context.register_parquet("file", "rows.parquet")


def look(run, table):
    return (
        [a for (a,) in run(f"select s['a'] as a from {table} order by id")],
        run(f"select count(s['a']) as n from {table}")[0][0],
        [id for (id,) in run(f"select id from {table} where s['a'] < 1 order by id")],
        [a for (a,) in run(f"select case when s is not null then s['a'] end as a from {table} order by id")],
    )


def datafusion(text):
    return list(zip(*context.sql(text).to_pydict().values()))


def judge(text):
    return duckdb.sql(text).fetchall()


found = {
    "memory": look(datafusion, "memory"),
    "file": look(datafusion, "file"),
    "DuckDB, memory": look(judge, "rows"),
    "DuckDB, file": look(judge, "'rows.parquet'"),
}
print(found)
values = [1, None, None]
right = (values, 1, [], values)
assert found == {"memory": ([1, 0, None], 2, [2], values), "file": right, "DuckDB, memory": right, "DuckDB, file": right}, "fields are read otherwise"
PYTHON
