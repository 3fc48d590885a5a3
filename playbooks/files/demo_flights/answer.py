# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out from the file alone what the lakehouse must answer: no engine, no shared code.

Prints one JSON object: rows; for each carrier its flights and mean delay of arrival in minutes (of
the flights that arrived), which is what `round(avg(arr_delay), 4)` gives; and the carriers' names.
"""
from __future__ import annotations

import collections
import csv
import io
import json
import pathlib
import sys
import zipfile


def main(folder):
    flights = collections.Counter()
    arrived = collections.Counter()
    minutes = collections.Counter()
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")):
            carrier, delay = row["carrier"], row["arr_delay"]
            flights[carrier] += 1
            if delay != "NA":
                arrived[carrier] += 1
                minutes[carrier] += int(delay)
    with (folder / "airlines.csv").open(encoding="utf-8", newline="") as file:
        names = {row["carrier"]: row["name"] for row in csv.DictReader(file)}
    carriers = [
        {
            "carrier": carrier,
            "flights": flights[carrier],
            "mean_arr_delay": round(minutes[carrier] / arrived[carrier], 4),
        }
        for carrier in sorted(flights)
    ]
    print(json.dumps({"rows": sum(flights.values()), "carriers": carriers, "names": names}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
