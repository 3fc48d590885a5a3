# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files become rows of a real Iceberg table by a real Spark."""

from __future__ import annotations

import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent
JOBS = HERE.parents[2] / "repositories/spark-jobs/jobs"
FIRST = [["Natal", "1234.56", "2026-11-30", "2026-12-01 00:05:00", "ana/metas.csv", "2"], ["None", "-0.50", "None", "None", "ana/metas.csv", "3"]]
MORE = [["Mossoró", "7.00", "2026-12-01", "2026-12-01 03:00:00", "ana/more.csv", "2"]]


@pytest.fixture(scope="module")
def loads(submit, tmp_path_factory):
    printed = submit(HERE / "load_csv_files.py", JOBS, tmp_path_factory.mktemp("bucket"), HERE.parents[2] / "docs/pipelines.md")
    lines = [json.loads(line) for line in printed.splitlines()]
    return {"lines": lines, **{line["what"]: line for line in lines if "what" in line}}


def test_a_look_tells_the_types_and_writes_nothing(loads):
    look = loads["a look"]
    assert (look["rows"], look["wrong"], look["written"], look["rows_there"]) == (2, 0, False, [])
    assert {line["column"]: line["type"] for line in loads["lines"][:4]} == {
        "cidade": "string", "meta": "decimal(18,2)", "ate": "date", "visto_em": "timestamp"}  # fmt: skip


def test_each_file_has_its_rows_once(loads):
    assert loads["written"]["rows_there"] == FIRST
    assert loads["another file"]["rows_there"] == FIRST + MORE
    assert loads["again"]["rows_there"] == FIRST + MORE and loads["again"]["snapshots"] == 3


def test_a_wrong_line_keeps_the_whole_file_out(loads):
    wrong = loads["a wrong line"]
    assert (wrong["wrong"], wrong["written"], wrong["rows_there"]) == (1, False, FIRST + MORE)
    assert [line["line"] for line in loads["lines"] if "wrong" in line and "line" in line] == [3]


def test_a_table_that_does_not_fit_is_left_alone(loads):
    assert "meta (decimal(18,2) there, string here)" in loads["other columns"]["error"]
    assert loads["other columns"]["rows_there"] == FIRST + MORE
    assert "was not made of files" in loads["a table of somebody's"]["error"]
    assert "no file" in loads["no file"]["error"]


def test_the_documented_sql_reads_a_file_as_well(loads):
    assert loads["by SQL"]["rows"] == [["Mossoró", "1234.56", "2026-11-30"]]


def test_nothing_stays_in_between(loads):
    assert [path for path in loads["left"]["files"] if not path.endswith(".crc")] == []
