#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# deltalake 1.6.6 (delta-rs): a negative decimal with a fraction as a partition value is written into the log with a second minus
# sign ("-1.-50"). The commit is made, then every reader refuses the whole table, rows of other partitions included, and the
# library that wrote it cannot open it to mend it.
#
# Seen for a table partitioned by a decimal(10,2), with rows of 1.05 and -2.00: read well; after appending -1.50 even opening
# version 1 fails ("Failed to parse value '-1.-50'"); version 0 can still be opened by its number.
# What to do: do not partition by decimals that may be negative; save such a table by copying its last good version, opened by
# number, into a new one.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'deltalake==1.6.6' 'pyarrow==26.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import decimal
import json
import pathlib

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake


def rows(*values):
    return pa.table({"id": list(range(len(values))), "x": pa.array([decimal.Decimal(value) for value in values], pa.decimal128(10, 2))})


def outcome(action):
    try:
        return action()
    except Exception as error:  # what is raised is what is looked at
        return type(error).__name__ if "'-1.-50'" in str(error) else repr(error)


write_deltalake("t", rows("1.05", "-2.00"), partition_by=["x"])
before = sorted(DeltaTable("t").to_pyarrow_table()["x"].to_pylist())
appended = outcome(lambda: write_deltalake("t", rows("-1.50"), mode="append"))
log = pathlib.Path("t/_delta_log/00000000000000000001.json")
actions = [json.loads(line) for line in log.read_text().splitlines()]
value = next(action["add"]["partitionValues"]["x"] for action in actions if "add" in action)
opened = outcome(lambda: DeltaTable("t").version())
again = outcome(lambda: write_deltalake("t", rows("3.00"), mode="append"))
old = sorted(DeltaTable("t", version=0).to_pyarrow_table()["x"].to_pylist())
print("before:", before, "| append:", appended, "| log:", value, "| open:", opened, "| append again:", again, "| version 0:", old)
assert before == old == [decimal.Decimal("-2.00"), decimal.Decimal("1.05")], "whole and positive partition values are read otherwise"
assert value == "-1.-50", "the partition value is written otherwise"
assert appended == opened == again == "DeltaError", "the table can be used"
PYTHON
