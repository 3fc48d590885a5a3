#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# sqlfluff 4.5.0: `sqlfluff fix` with the rules that are on by default changes what SQL means, in all dialects. ST06 (simple columns before
# calculations) leaves INSERT, set operations and positions in ORDER BY alone, but reorders the subquery of `(a, b) IN (SELECT ...)`, which is
# compared by position. ST07 (ON for USING) rewrites joins below SELECT *, which then has the key twice, and in a full join NULL in the first.
#
# Seen, run in DuckDB: DELETE ... WHERE (state, city) IN (SELECT upper(state) AS state, city FROM closed) deletes row 1 before the fix, row 2 after it;
# SELECT * FROM a FULL JOIN b USING (id) has three columns and the keys 1, 2 before, four columns and the keys 1, NULL after. A DELETE whose
# subquery needs no reordering stays as it is.
# What to do: exclude_rules = ST06, ST07, or never commit what fix made without running both.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'sqlfluff==4.5.0' 'duckdb==2.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import duckdb
import sqlfluff

DATA = """
CREATE OR REPLACE TABLE orders AS FROM (VALUES (1, 'SP', 'Santos'), (2, 'Santos', 'SP')) AS t (id, state, city);
CREATE OR REPLACE TABLE closed AS FROM (VALUES ('sp', 'Santos')) AS t (state, city);
CREATE OR REPLACE TABLE a AS FROM (VALUES (1, 'a1')) AS t (id, x);
CREATE OR REPLACE TABLE b AS FROM (VALUES (1, 'b1'), (2, 'b2')) AS t (id, y);
"""
DELETE = "DELETE FROM orders WHERE (state, city) IN (SELECT upper(state) AS state, city FROM closed)\n"
PLAIN = "DELETE FROM orders WHERE (city, state) IN (SELECT city, upper(state) AS state FROM closed)\n"
JOIN = "SELECT * FROM a FULL JOIN b USING (id)\n"


def left(query):
    connection = duckdb.connect()
    connection.execute(DATA + query)
    return connection.execute("SELECT id FROM orders").fetchall()


def rows(query):
    connection = duckdb.connect()
    connection.execute(DATA)
    return sorted(connection.execute(query).fetchall(), key=str)


for dialect in ("ansi", "trino", "sparksql", "duckdb"):
    fixed = {query: sqlfluff.fix(query, dialect=dialect) for query in (DELETE, PLAIN, JOIN)}
    print(dialect, "|", " ".join(fixed[DELETE].split()), "|", " ".join(fixed[JOIN].split()))
    found = {query: (left(query), left(fixed[query])) for query in (DELETE, PLAIN)}
    print("    ids left before and after the fix:", found[DELETE], "| without anything to reorder:", found[PLAIN])
    assert found[PLAIN] == ([(2,)], [(2,)]), "a subquery in order is fixed otherwise"
    assert found[DELETE] == ([(2,)], [(1,)]), "a subquery out of order is fixed otherwise"
    joined = rows(JOIN), rows(fixed[JOIN])
    print("    full join before and after the fix:", joined)
    assert joined == ([(1, "a1", "b1"), (2, None, "b2")], [(1, "a1", 1, "b1"), (None, None, 2, "b2")]), "USING is fixed otherwise"
PYTHON
