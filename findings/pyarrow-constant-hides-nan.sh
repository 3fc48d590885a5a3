#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# pyarrow 26.0.1: where all values of a Parquet row group are one number or NaN, the reader takes "minimum equals maximum" as
# proof that there is no NaN, although Parquet leaves NaN out of both (and tells readers to ignore both when they look for
# NaN). is_nan, `!=` and `not in` then lose the NaN rows. PyIceberg 0.12.0 reads by it, so its `is nan` does so as well. With
# one more number in the file they are found: whether a row is seen depends on its neighbours, and so on compaction.
#
# Seen for 1.0, 1.0, NaN: is_nan finds 1 in memory, 0 in the file; `!= 1.0` 1 and 0; Polars 2.1.0 finds 1 and 1 in the file;
# PyIceberg's `x is nan` and `x != 1.0` find 0. For 1.0, 2.0, NaN: is_nan finds 1 in the file too.
# What to do: write NULL for NaN, or look for NaN after reading.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' 'pyarrow==26.0.1' 'polars==2.1.0'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pathlib

import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

here = pathlib.Path.cwd()
nan = float("nan")
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
arrow_filters = {"is nan": pc.is_nan(pc.field("x")), "!= 1.0": pc.field("x") != 1.0}
polars_filters = {"is nan": polars.col("x").is_nan(), "!= 1.0": polars.col("x") != 1.0}


def found(name, values):
    rows = pa.table({"x": values})
    pq.write_table(rows, f"{name}.parquet")
    table = catalog.create_table(f"n.{name}", schema=rows.schema)
    table.append(rows)
    return {
        text: {
            "memory": rows.filter(arrow_filters[text]).num_rows,
            "file": pq.read_table(f"{name}.parquet", filters=arrow_filters[text]).num_rows,
            "polars": polars.scan_parquet(f"{name}.parquet").filter(polars_filters[text]).collect().height,
            "pyiceberg": table.scan(row_filter=f"x {text}").to_arrow().num_rows,
        }
        for text in arrow_filters
    }


constant, varied = found("constant", [1.0, 1.0, nan]), found("varied", [1.0, 2.0, nan])
print("1.0, 1.0, NaN:", constant, "| 1.0, 2.0, NaN:", varied)
lost = {"memory": 1, "file": 0, "polars": 1, "pyiceberg": 0}
assert constant == {"is nan": lost, "!= 1.0": lost}, "the constant with a NaN is filtered otherwise"
assert varied["is nan"] == dict.fromkeys(lost, 1), "the varied values with a NaN are filtered otherwise"
assert varied["!= 1.0"] == dict.fromkeys(lost, 2), "the varied values with a NaN are filtered otherwise"
PYTHON
