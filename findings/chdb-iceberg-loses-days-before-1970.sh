#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# chDB 4.4.0 (ClickHouse 26.9) on an Iceberg table partitioned by year, month or day: filters skip files of days before 1970. The
# format counts years and days from 1970, below zero before it; the reader prunes by functions that give 0 for all of those.
# Known to its makers for timestamps; births and contracts of old customers are dates, and are lost as well.
#
# Seen for 1950-05-05 and 2000-01-01 in a table by year(born): `born = '1950-05-05'` finds none, `born > '1940-01-01'` only
# 2000-01-01; both are found without partitioning, with use_iceberg_partition_pruning = 0, and by PyIceberg 0.12.0.
# What to do: set use_iceberg_partition_pruning = 0 for such tables, or partition them otherwise.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-compile 'chdb==4.4.0' 'chdb-core==26.9.0' \
  'pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0' 'pyarrow==26.0.1'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime
import pathlib

import chdb
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import YearTransform
from pyiceberg.types import DateType, NestedField

here = pathlib.Path.cwd()
catalog = SqlCatalog("c", uri=f"sqlite:///{here}/c.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("n")
schema = Schema(NestedField(1, "born", DateType(), required=False))
by_year = PartitionSpec(PartitionField(1, 1000, YearTransform(), "year"))
rows = pa.table({"born": [datetime.date(1950, 5, 5), datetime.date(2000, 1, 1)]})
filters = ("born = '1950-05-05'", "born > '1940-01-01'")


def look(name, spec):
    table = catalog.create_table(f"n.{name}", schema=schema, partition_spec=spec)
    table.append(rows)
    location = table.location().removeprefix("file://")

    def click(text, settings=""):
        return chdb.query(f"select born from icebergLocal('{location}') where {text} order by born {settings}", "TabSeparated").data().split()

    return {
        "PyIceberg": [sorted(str(born) for born in table.scan(row_filter=text).to_arrow()["born"].to_pylist()) for text in filters],
        "chDB": [click(text) for text in filters],
        "chDB, no pruning": [click(text, "settings use_iceberg_partition_pruning = 0") for text in filters],
    }


whole, parts = look("whole", PartitionSpec()), look("parts", by_year)
print("not partitioned:", whole, "| by year:", parts)
right = [["1950-05-05"], ["1950-05-05", "2000-01-01"]]
assert whole == dict.fromkeys(whole, right), "the table without partitioning is read otherwise"
assert parts == {**whole, "chDB": [[], ["2000-01-01"]]}, "the table by year is read otherwise"
PYTHON
