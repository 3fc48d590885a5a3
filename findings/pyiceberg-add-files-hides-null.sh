#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PyIceberg 0.12.0: add_files() takes the partition value of a file from its smallest and largest value, which NULL is no part
# of, and so files a NULL under the partition of its neighbours. The row is in the table, but no filter on the column finds it;
# any engine that prunes by partitions will miss it. append() of the same rows is right.
#
# Seen for a, NULL in one file: added, the partition is "a", `p is null` -> none, `p is not null` -> a, no filter -> a, NULL.
# Appended, the partitions are "a" and NULL and `p is null` -> NULL. A file with two values is refused.
# What to do: see that a file to be added has no NULL in a column of the partitioning (its footer says so), or append it.
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
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import NestedField, StringType

here = pathlib.Path.cwd()
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
schema = Schema(NestedField(1, "p", StringType(), required=False))
spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "p"))
rows, two = pa.table({"p": ["a", None]}), pa.table({"p": ["a", "b"]})
pq.write_table(rows, "rows.parquet")
pq.write_table(two, "two.parquet")
added = catalog.create_table("n.added", schema=schema, partition_spec=spec)
added.add_files([f"file://{here}/rows.parquet"])
appended = catalog.create_table("n.appended", schema=schema, partition_spec=spec)
appended.append(rows)


def values(table, **scan):
    return sorted(table.scan(**scan).to_arrow()["p"].to_pylist(), key=str)


def look(table):
    found = [values(table, row_filter=text) for text in ("p is null", "p is not null")] + [values(table)]
    return found, sorted(str(row["partition"]["p"]) for row in table.inspect.partitions().to_pylist())


refused = False
try:
    added.add_files([f"file://{here}/two.parquet"])
except ValueError as error:
    refused = "more than one partition values" in str(error)
results = {"added": look(added), "appended": look(appended)}
print("is null, is not null, all | partitions:", results, "| two values refused:", refused)
assert results["appended"] == ([[None], ["a"], [None, "a"]], ["None", "a"]), "appended rows are found otherwise"
assert results["added"] == ([[], ["a"], [None, "a"]], ["a"]), "added rows are found otherwise"
assert refused, "a file with two values is taken"
PYTHON
