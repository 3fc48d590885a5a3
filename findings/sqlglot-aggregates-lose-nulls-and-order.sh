#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0 between Trino and Spark: aggregates keep their shape and change what they hold, without a warning (with
# unsupported_level=RAISE either). Trino's array_agg keeps NULL and takes an order; as COLLECT_LIST it has neither. The other way, COLLECT_LIST gets a
# filter for NULL, COLLECT_SET gets none. greatest and least are left as they are, though NULL wins in Trino and is skipped in Spark:
# for DuckDB, which skips it as well, the library does write the difference out.
#
# Seen: array_agg(x ORDER BY y) of 1, 2, NULL with y falling -> Spark 3.5.7 [1, 2], DuckDB (which runs Trino's text) [NULL, 2, 1]; collect_set -> for
# Trino ARRAY_AGG(DISTINCT x), with NULL in DuckDB, without in Spark; greatest(1, NULL) -> Spark 1, DuckDB from the same text NULL.
# What to do: write out the filter, the order (sort_array) and the case of NULL in what is to be transpiled.
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

settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "1"}
spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
atexit.register(spark.stop)
LIST = "SELECT array_agg(x ORDER BY y) FROM (VALUES (1, 3), (2, 2), (NULL, 1)) AS t (x, y)"
SET = "SELECT collect_set(x) FROM VALUES (1), (NULL), (1) AS t (x)"
ONE = "SELECT collect_list(x) FROM VALUES (1), (NULL), (1) AS t (x)"
GREATEST = "SELECT greatest(1, NULL)"


def transpiled(query, read, write):
    return sqlglot.transpile(query, read=read, write=write, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


def in_spark(query):
    return spark.sql(query).first()[0]


def in_duckdb(query):
    return duckdb.sql(query).fetchall()[0][0]


found = in_duckdb(LIST), in_spark(transpiled(LIST, "trino", "spark"))
print("array_agg: DuckDB", found[0], "| Spark", found[1], "|", transpiled(LIST, "trino", "spark"))
assert found == ([None, 2, 1], [1, 2]), "array_agg behaves otherwise"
for query, expected in ((ONE, ([1, 1], [1, 1])), (SET, ([1], [None, 1]))):
    text = transpiled(query, "spark", "trino")
    found = in_spark(query), sorted(in_duckdb(text), key=str, reverse=True)
    print(query, "-> for Trino", text, "| Spark", found[0], "| DuckDB", found[1])
    assert found == expected, "collect_list or collect_set behaves otherwise"
found = in_duckdb(transpiled(GREATEST, "trino", "duckdb")), in_spark(transpiled(GREATEST, "trino", "spark"))
print("greatest: DuckDB", found[0], "| Spark", found[1])
assert found == (None, 1), "greatest behaves otherwise"
PYTHON
