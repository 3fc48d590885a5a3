#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqllineage 1.5.9 and openlineage-sql 1.54.0: a table whose name a common table expression takes over (WITH orders AS (SELECT ... FROM orders), usual in
# models) is no source for either, though only a recursive WITH means itself and the engine reads the table. sqllineage alone, in the
# dialect trino: CREATE TABLE ... WITH (format = ...) AS gives the property as the column, MERGE loses the columns that it inserts, and
# UPDATE with a subquery has no source at all. No error, with silent_mode off.
#
# Seen: INSERT ... WITH orders AS (SELECT amount FROM orders) ...: no source (another name for the expression: orders); CTAS: "t.format <- orders.amount" in
# trino; MERGE ... INSERT (id, amount): nothing in trino, both columns in sparksql; UPDATE: no source, openlineage-sql finds orders.
# What to do: name expressions otherwise than tables; compare lineage with what the engine says that it read (query events).
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'sqllineage==1.5.9' 'openlineage-sql==1.54.0' 'duckdb==2.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import duckdb
from openlineage_sql import parse
from sqllineage.runner import LineageRunner

SHADOW = "INSERT INTO t WITH orders AS (SELECT amount FROM orders) SELECT amount FROM orders"
OTHER = "INSERT INTO t WITH paid AS (SELECT amount FROM orders) SELECT amount FROM paid"
UPDATE = "UPDATE t SET amount = (SELECT max(amount) FROM orders)"
BARE = "CREATE TABLE t AS SELECT amount FROM orders"
CREATE = "CREATE TABLE t WITH (format = 'PARQUET') AS SELECT amount FROM orders"
MERGE = "MERGE INTO t USING orders AS o ON t.id = o.id WHEN NOT MATCHED THEN INSERT (id, amount) VALUES (o.id, o.amount)"


def sources(query):
    return [table.raw_name for table in LineageRunner(query, dialect="trino").source_tables], [table.name for table in parse([query]).in_tables]


def columns(query, dialect):
    paths = LineageRunner(query, dialect=dialect).get_column_lineage()
    return sorted(f"{path[-1]} <- {path[0]}".replace("<default>.", "") for path in paths)


duckdb.sql("CREATE TABLE orders AS SELECT 5 AS amount")
duckdb.sql("CREATE TABLE t (amount INTEGER)")
duckdb.sql(SHADOW)
assert duckdb.sql("SELECT amount FROM t").fetchall() == [(5,)], "the engine does not read the table"
found = {query: sources(query) for query in (OTHER, SHADOW, UPDATE)}
for query, tables in found.items():
    print(query, "| sources by sqllineage", tables[0], "| by openlineage-sql", tables[1])
assert found[OTHER] == (["orders"], ["orders"]), "sources are found otherwise"
assert found[SHADOW] == ([], []), "a table under the name of an expression is found otherwise"
assert found[UPDATE] == ([], ["orders"]), "sources of an UPDATE are found otherwise"
create = columns(BARE, "trino"), columns(CREATE, "trino")
merge = columns(MERGE, "sparksql"), columns(MERGE, "trino")
print("CREATE TABLE AS without and with a property:", create, "| MERGE for sparksql and trino:", merge)
assert create == (["t.amount <- orders.amount"], ["t.format <- orders.amount"]), "columns of CREATE TABLE are found otherwise"
assert merge == (["t.amount <- orders.amount", "t.id <- orders.id"], []), "columns of MERGE are found otherwise"
PYTHON
