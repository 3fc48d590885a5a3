#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlglot 30.30.0: Trino's decimal literal, DECIMAL '0.07', is written for Spark as CAST('0.07' AS DECIMAL). Trino's documentation gives such a
# literal the digits that it shows; Spark's DECIMAL without figures is DECIMAL(10, 0). The fraction is rounded away, with the highest level
# of checks (unsupported_level=RAISE) too, and a literal of more than ten digits before the point becomes NULL.
#
# Seen in Spark 3.5.7: DECIMAL '1.50' -> 2, 200 * DECIMAL '0.07' -> 0, DECIMAL '12345678901.00' -> NULL; a filter `price > DECIMAL '9.50'`
# misses 9.75. DuckDB, from the same text by the same library, gives 1.5, 14 and 12345678901 and finds the row.
# What to do: write plain literals (1.50 is a decimal in both engines) or CAST('1.50' AS DECIMAL(3, 2)) in what is to be transpiled.
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

QUERIES = {
    "SELECT DECIMAL '1.50'": (2, 1.5),
    "SELECT 200 * DECIMAL '0.07'": (0, 14),
    "SELECT DECIMAL '12345678901.00'": (None, 12345678901),
    "SELECT count(*) FROM (VALUES 9.25, 9.75) AS t (price) WHERE price > DECIMAL '9.50'": (0, 1),
}
for query, expected in QUERIES.items():
    made = {name: sqlglot.transpile(query, read="trino", write=name, unsupported_level=sqlglot.ErrorLevel.RAISE)[0] for name in ("spark", "duckdb")}
    found = spark.sql(made["spark"]).first()[0], duckdb.sql(made["duckdb"]).fetchall()[0][0]
    print(query, "->", made["spark"], "| Spark:", found[0], "| DuckDB:", found[1])
    assert found == expected, "literals behave otherwise"
PYTHON
