# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that Trino's answer is held against are right, and differ when the file does."""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import zipfile

SCRIPT = pathlib.Path(__file__).parents[3] / "playbooks/files/demo_flights/answer.py"
ROWS = [("UA", "10"), ("UA", "-4"), ("UA", "NA"), ("AA", "1"), ("AA", "1"), ("AA", "2")]


def answer(folder, rows):
    lines = ["carrier,arr_delay,dest"] + ["%s,%s,IAH" % row for row in rows]
    with zipfile.ZipFile(folder / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "\n".join(lines) + "\n")
    (folder / "airlines.csv").write_text("carrier,name\nAA,American\nUA,United\n")
    return json.loads(subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True, check=True, text=True).stdout)


def test_counts_all_flights_and_means_over_those_that_arrived(tmp_path):
    assert answer(tmp_path, ROWS) == {
        "rows": 6,
        "carriers": [
            {"carrier": "AA", "flights": 3, "mean_arr_delay": 1.3333},
            {"carrier": "UA", "flights": 3, "mean_arr_delay": 3.0},
        ],
        "names": {"AA": "American", "UA": "United"},
    }


def test_another_file_gives_another_answer(tmp_path):
    right = answer(tmp_path, ROWS)
    assert answer(tmp_path, ROWS[1:]) != right
    assert answer(tmp_path, [("UA", "11")] + ROWS[1:]) != right
