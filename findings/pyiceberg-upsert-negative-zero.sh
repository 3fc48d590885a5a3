#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PyIceberg 0.12.0: upsert() on a key of type double is at odds with itself about -0.0 and 0.0, which every filter of the same
# library holds for one value: alone, a row with the key -0.0 is lost without a word; beside another row it is inserted, and
# the table has two rows that one key finds.
#
# Seen for a table with the keys 0.0 and 1.0: upsert of [-0.0] -> 0 updated, 0 inserted, the old row stays;
# upsert of [-0.0, 1.0] -> 1 updated, 1 inserted, and `k = 0.0` finds two rows.
# What to do: no keys of floating point; write 0.0 for -0.0.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pathlib

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

here = pathlib.Path.cwd()
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")


def upsert(name, keys):
    rows = pa.table({"k": [0.0, 1.0], "v": ["old", "old"]})
    table = catalog.create_table(f"n.{name}", schema=rows.schema)
    table.append(rows)
    result = table.upsert(pa.table({"k": keys, "v": ["new"] * len(keys)}), join_cols=["k"])
    values = sorted(table.scan(row_filter="k = 0.0").to_arrow()["v"].to_pylist())
    return result.rows_updated, result.rows_inserted, values


alone, beside = upsert("a", [-0.0]), upsert("b", [-0.0, 1.0])
print("updated, inserted, values of k = 0.0: alone", alone, "| beside another row", beside)
assert alone == (0, 0, ["old"]), "upsert of -0.0 alone behaves otherwise"
assert beside == (1, 1, ["new", "old"]), "upsert of -0.0 beside another row behaves otherwise"
PYTHON
