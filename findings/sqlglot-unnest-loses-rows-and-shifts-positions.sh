#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0 between Trino and Spark: the outer form of unnesting becomes the inner one in both directions, so that rows whose array is
# empty or NULL disappear, and WITH ORDINALITY (from 1) becomes POSEXPLODE (from 0). No warning, with unsupported_level=RAISE either.
#
# Seen: LEFT JOIN UNNEST(a) ON TRUE -> LATERAL VIEW EXPLODE: Spark 3.5.7 returns 2 of 4 rows. LATERAL VIEW OUTER EXPLODE ->
# CROSS JOIN UNNEST for Trino and DuckDB: DuckDB returns 2 of the 4 rows that Spark has. WITH ORDINALITY: Spark gives 0, 1; DuckDB, which runs
# Trino's text as it is, gives 1, 2. The opposite way sqlglot does subtract one from positions.
# What to do: count the rows before and after; write positions and outer joins by hand.
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

OUTER = "SELECT id, x FROM (VALUES (1, ARRAY[10, 20]), (2, ARRAY[]), (3, NULL)) AS t (id, a) LEFT JOIN UNNEST(a) AS u (x) ON TRUE"
POSITION = "SELECT x, n FROM (VALUES (1, ARRAY[10, 20])) AS t (id, a) CROSS JOIN UNNEST(a) WITH ORDINALITY AS u (x, n)"
VIEW = """SELECT id, x FROM (SELECT 1 AS id, array(10, 20) AS a UNION ALL SELECT 2, array() UNION ALL SELECT 3, NULL) AS t
LATERAL VIEW OUTER EXPLODE(a) u AS x"""
ALL, INNER = [(1, 10), (1, 20), (2, None), (3, None)], [(1, 10), (1, 20)]


def transpiled(query, read, write):
    return sqlglot.transpile(query, read=read, write=write, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


def ordered(rows):
    return sorted((tuple(row) for row in rows), key=str)


def in_spark(query):
    return ordered(spark.sql(query).collect())


def in_duckdb(query):
    return ordered(duckdb.sql(query).fetchall())


found = in_duckdb(OUTER), in_spark(transpiled(OUTER, "trino", "spark"))
print("LEFT JOIN UNNEST: DuckDB", found[0], "| Spark", found[1])
assert found == (ALL, INNER), "LEFT JOIN UNNEST behaves otherwise"
found = in_spark(VIEW), in_duckdb(transpiled(VIEW, "spark", "duckdb"))
print("LATERAL VIEW OUTER: Spark", found[0], "| DuckDB", found[1], "| for Trino:", transpiled(VIEW, "spark", "trino"))
assert found == (ALL, INNER), "LATERAL VIEW OUTER behaves otherwise"
assert transpiled(VIEW, "spark", "trino").endswith("CROSS JOIN UNNEST(a) AS u(x)"), "LATERAL VIEW OUTER for Trino behaves otherwise"
found = in_duckdb(POSITION), in_spark(transpiled(POSITION, "trino", "spark"))
print("WITH ORDINALITY: DuckDB", found[0], "| Spark", found[1])
assert found == ([(10, 1), (20, 2)], [(10, 0), (20, 1)]), "WITH ORDINALITY behaves otherwise"
PYTHON
