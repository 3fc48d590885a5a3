#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0: of a date pattern of Spark, the letters that it does not know are copied into the other engine's pattern as text, without a
# warning (with unsupported_level=RAISE either): fractions of a second (SSS), quarter (Q), quoted text ('T'). What comes out is a
# string that looks like a date, equal for all moments of a second, and keys, partitions and deduplication made of it merge.
#
# Seen for DuckDB: 'yyyy-MM-dd HH:mm:ss.SSS' -> 2024-01-02 15:04:05.SSS (Spark 3.5.7: .678), "yyyy-MM-dd'T'HH:mm" -> 2024-01-02'T'15:04,
# 'yyyy-Q' -> 2024-Q; two moments a tenth of a second apart are one value. For Trino the pattern is '%Y-%m-%d %H:%i:%s.SSS', whose last letters
# are text by its documentation as well.
# What to do: search transpiled SQL for patterns that still hold the old letters; cast to text instead of formatting.
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

MOMENT = "TIMESTAMP_NTZ '2024-01-02 15:04:05.678'"
PATTERNS = {
    "'yyyy-MM-dd HH:mm:ss.SSS'": ("2024-01-02 15:04:05.678", "2024-01-02 15:04:05.SSS"),
    "\"yyyy-MM-dd'T'HH:mm\"": ("2024-01-02T15:04", "2024-01-02'T'15:04"),
    "'yyyy-Q'": ("2024-1", "2024-Q"),
    "'dd MMM yy'": ("02 Jan 24", "02 Jan 24"),
}
FRACTIONS = """SELECT count(DISTINCT date_format(t, 'HH:mm:ss.SSS'))
FROM VALUES (TIMESTAMP_NTZ '2024-01-02 15:04:05.6'), (TIMESTAMP_NTZ '2024-01-02 15:04:05.7') AS v (t)"""


def transpiled(query, write):
    return sqlglot.transpile(query, read="spark", write=write, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


for pattern, expected in PATTERNS.items():
    query = f"SELECT date_format({MOMENT}, {pattern})"
    found = spark.sql(query).first()[0], duckdb.sql(transpiled(query, "duckdb")).fetchall()[0][0]
    print(pattern, "| Spark:", found[0], "| DuckDB:", found[1])
    assert found == expected, "patterns behave otherwise"
found = spark.sql(FRACTIONS).first()[0], duckdb.sql(transpiled(FRACTIONS, "duckdb")).fetchall()[0][0]
print("two moments of one second: Spark", found[0], "| DuckDB", found[1])
assert found == (2, 1), "fractions behave otherwise"
assert "'%H:%i:%s.SSS'" in transpiled(FRACTIONS, "trino"), "patterns for Trino behave otherwise"
PYTHON
