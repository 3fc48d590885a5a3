#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PyIceberg 0.12.0: a scan by `state not in ('a', 'b')` takes rows where the column is NULL, one by `state not in ('a')` or by
# `state != 'a' and state != 'b'` does not, and delete() with the first filter leaves the NULL that its scan shows. SQL, Spark
# and Trino included, leaves NULL out of all of them (DuckDB is the judge here).
#
# Seen for a, b, c, NULL: `not in ('a', 'b')` -> c, NULL; `not in ('a')` -> b, c; `!= 'a' and != 'b'` -> c;
# after delete("state not in ('a', 'b')") a, b and NULL are left.
# What to do: say `and state is not null` beside each `not in`.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1' 'duckdb==2.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pathlib

import duckdb
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

here = pathlib.Path.cwd()
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
rows = pa.table({"state": ["a", "b", "c", None]})
texts = ("state not in ('a', 'b')", "state not in ('a')", "state != 'a' and state != 'b'")
found, left, judge = {}, {}, {}
for number, text in enumerate(texts):
    table = catalog.create_table(f"n.t{number}", schema=rows.schema)
    table.append(rows)
    found[text] = table.scan(row_filter=text).to_arrow()["state"].to_pylist()
    table.delete(text)
    left[text] = table.scan().to_arrow()["state"].to_pylist()
    judge[text] = [state for (state,) in duckdb.sql(f"select state from rows where {text}").fetchall()]
print("found:", found, "| left after delete:", left, "| DuckDB finds:", judge)
assert judge == dict(zip(texts, (["c"], ["b", "c"], ["c"]))), "the judge behaves otherwise"
assert found == dict(zip(texts, (["c", None], ["b", "c"], ["c"]))), "filters behave otherwise"
assert left == dict(zip(texts, (["a", "b", None], ["a", None], ["a", "b", None]))), "delete behaves otherwise"
PYTHON
