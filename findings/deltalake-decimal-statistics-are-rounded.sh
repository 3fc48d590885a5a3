#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# deltalake 1.6.6 (delta-rs) writes the statistics of a decimal column into the log as doubles, rounded to some 16 digits, and
# the readers take them at their word. An amount beyond that is lost by filters of to_pyarrow_table() and of Polars'
# scan_delta, and deltalake's own SQL returns the rounded statistic in place of the value.
#
# Seen for one row 1234567890123456.78 in a decimal(18,2): its file holds it exactly, the log says 1234567890123456.8;
# `= 1234567890123456.78` finds no row in to_pyarrow_table() and Polars 2.1.0; `select x ... where x is not null` in
# deltalake.QueryBuilder returns 1234567890123456.80, `select x` without a filter .78.
# What to do: keep statistics off for wide decimals (delta.dataSkippingStatsColumns), or store such amounts as integers.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'deltalake==1.6.6' 'pyarrow==26.0.1' 'polars==2.1.0'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import decimal
import json
import pathlib

import polars
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder, write_deltalake

amount = decimal.Decimal("1234567890123456.78")
rows = pa.table({"id": [1], "x": pa.array([amount], pa.decimal128(18, 2))})


def look(name, **options):
    write_deltalake(name, rows, **options)
    table = DeltaTable(name)
    actions = [json.loads(line) for line in pathlib.Path(name, "_delta_log/00000000000000000000.json").read_text().splitlines()]
    statistics = next(json.loads(action["add"]["stats"]) for action in actions if "add" in action)

    def sql(text):
        return pa.table(QueryBuilder().register("t", table).execute(text).read_all())["x"].to_pylist()

    return {
        "log": statistics["minValues"].get("x"),
        "file": [pq.read_table(path)["x"][0].as_py() for path in pathlib.Path(name).glob("*.parquet")],
        "arrow": table.to_pyarrow_table(filters=[("x", "=", amount)]).num_rows,
        "polars": polars.scan_delta(name).filter(polars.col("x") == polars.lit(amount, polars.Decimal(18, 2))).collect().height,
        "sql": sql("select x from t"),
        "sql, filter": sql("select x from t where x is not null"),
    }


with_statistics = look("with")
without = look("without", configuration={"delta.dataSkippingStatsColumns": "id"})
print("with statistics:", with_statistics, "| without:", without)
right = {"log": None, "file": [amount], "arrow": 1, "polars": 1, "sql": [amount], "sql, filter": [amount]}
assert without == right, "the table without statistics is read otherwise"
wrong = {"log": 1234567890123456.8, "arrow": 0, "polars": 0, "sql, filter": [decimal.Decimal("1234567890123456.80")]}
assert with_statistics == {**right, **wrong}, "the table with statistics is read otherwise"
PYTHON
