#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0: Trino's `t AT TIME ZONE 'z'` on a timestamp with time zone, which shows the same moment in another zone, is written for Spark
# as FROM_UTC_TIMESTAMP(t, 'z'), which moves the moment. In a session that is not UTC the clock is then shifted twice and the day is
# another; the moment is wrong in every session. The way back is no better: Spark's from_utc_timestamp becomes, for DuckDB, the opposite
# conversion (AT TIME ZONE on a timestamp without zone).
#
# Seen for 02:00 UTC on 2024-01-02 and a session in America/Sao_Paulo: the day there is the 1st, Spark 3.5.7 says 2024-01-01 20:00 where DuckDB,
# from the same text, says 23:00; for 05:00 UTC Spark's day is the 1st, DuckDB's the 2nd. Noon by from_utc_timestamp: Spark 09:00, DuckDB 15:00 UTC.
# What to do: set the session's zone instead, or truncate days in SQL that is written for each engine.
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

settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "America/Sao_Paulo"}
spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
atexit.register(spark.stop)

duckdb.sql("SET timezone = 'America/Sao_Paulo'")
DAY = "SELECT CAST(TIMESTAMP '2024-01-02 {}:00:00 UTC' AT TIME ZONE 'America/Sao_Paulo' AS VARCHAR)"
NOON = "SELECT CAST(from_utc_timestamp(CAST('2024-01-02 12:00:00' AS TIMESTAMP_NTZ), 'America/Sao_Paulo') AS STRING)"


def transpiled(query, read, write):
    return sqlglot.transpile(query, read=read, write=write, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


for hour, expected in (("02", ("2024-01-01 20:00:00", "2024-01-01 23:00:00")), ("05", ("2024-01-01 23:00:00", "2024-01-02 02:00:00"))):
    query = DAY.format(hour)
    found = spark.sql(transpiled(query, "trino", "spark")).first()[0], duckdb.sql(transpiled(query, "trino", "duckdb")).fetchall()[0][0]
    print(hour, "UTC:", transpiled(query, "trino", "spark"), "| Spark:", found[0], "| DuckDB:", found[1])
    assert found == expected, "AT TIME ZONE behaves otherwise"
duckdb.sql("SET timezone = 'UTC'")
found = spark.sql(NOON).first()[0], duckdb.sql(transpiled(NOON, "spark", "duckdb")).fetchall()[0][0]
print("from_utc_timestamp of noon:", transpiled(NOON, "spark", "duckdb"), "| Spark:", found[0], "| DuckDB:", found[1])
assert found == ("2024-01-02 09:00:00", "2024-01-02 15:00:00+00"), "from_utc_timestamp behaves otherwise"
PYTHON
