#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0: Trino's date_add with hours, minutes or seconds is written for Spark as DATE_ADD(t, n), which adds days; with days, weeks, months and
# years the result is a DATE, so the time of day is gone. Spark's timestampdiff in months becomes DuckDB's DATE_DIFF, which counts the
# boundaries that are crossed, not whole months. unsupported_level=RAISE does not object.
#
# Seen for 2024-01-31 10:00: date_add('hour', 1, t) -> Spark 3.5.7 2024-02-01, 'minute', 30 -> 2024-03-01, 'day', 1 -> 2024-02-01 00:00; DuckDB, from the same
# text, 11:00, 10:30 and 2024-02-01 10:00. timestampdiff(MONTH, 2024-01-31 10:00, 2024-02-01 09:00): Spark 0, DuckDB 1.
# What to do: write t + INTERVAL '1' HOUR, which stays as it is, in what is to be transpiled.
#
# Needs python3 with venv and a JDK of 8, 11 or 17. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'sqlglot==30.30.0' 'duckdb==2.0.1' 'pyspark==3.5.7' 'pytz'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import atexit

import duckdb
import sqlglot
from pyspark.sql import SparkSession

settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "UTC"}
spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
atexit.register(spark.stop)
START = "TIMESTAMP '2024-01-31 10:00:00'"
CASES = {
    f"date_add('hour', 1, {START})": ("2024-02-01 00:00:00", "2024-01-31 11:00:00"),
    f"date_add('minute', 30, {START})": ("2024-03-01 00:00:00", "2024-01-31 10:30:00"),
    f"date_add('day', 1, {START})": ("2024-02-01 00:00:00", "2024-02-01 10:00:00"),
    f"{START} + INTERVAL '1' HOUR": ("2024-01-31 11:00:00", "2024-01-31 11:00:00"),
}
MONTHS = "SELECT timestampdiff(MONTH, TIMESTAMP_NTZ '2024-01-31 10:00:00', TIMESTAMP_NTZ '2024-02-01 09:00:00')"


def transpiled(query, read, write):
    return sqlglot.transpile(query, read=read, write=write, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


for expression, expected in CASES.items():
    query = f"SELECT CAST(CAST({expression} AS TIMESTAMP) AS VARCHAR)"
    text = transpiled(query, "trino", "spark")
    found = spark.sql(text).first()[0], duckdb.sql(transpiled(query, "trino", "duckdb")).fetchall()[0][0]
    print(expression, "->", text, "| Spark:", found[0], "| DuckDB:", found[1])
    assert found == expected, "date_add behaves otherwise"
found = spark.sql(MONTHS).first()[0], duckdb.sql(transpiled(MONTHS, "spark", "duckdb")).fetchall()[0][0]
print("months:", transpiled(MONTHS, "spark", "duckdb"), "| Spark:", found[0], "| DuckDB:", found[1])
assert found == (0, 1), "timestampdiff behaves otherwise"
PYTHON
