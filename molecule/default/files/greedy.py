# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Trino as a person for more than it may have, many times at once, and meanwhile as a dashboard; prints what each was answered, as JSON.

Reads {"url", "ca_file", "person": [name, password], "dashboard": [name, password], "queries"} as JSON from standard input.
"""
from __future__ import annotations

import concurrent.futures
import json
import sys

sys.path.insert(0, "/usr/local/lib/datalake")
import trino_check

# Gigabytes in one list of texts, of which no limit lets through more than a part.
GREEDY = "select max(cardinality(texts)) from (select array_agg(rpad(o_comment, 2000, o_comment)) as texts from tpch.sf1.orders)"
SMALL = "select count(*) from lakehouse.demo.flights"


def asked(spec, who, sql, source):
    client = trino_check.Trino(spec["url"], spec["ca_file"], *spec[who])
    client.headers["X-Trino-Source"] = source
    try:
        return client.rows(sql)
    except trino_check.QueryFailed as error:
        return "%s: %s" % (error.name, error)


def main():
    spec = json.load(sys.stdin)
    with concurrent.futures.ThreadPoolExecutor(spec["queries"]) as pool:
        greedy = [pool.submit(asked, spec, "person", GREEDY, "greedy") for dummy in range(spec["queries"])]
        small = []
        while not small or not all(query.done() for query in greedy):
            small.append(asked(spec, "dashboard", SMALL, "superset"))
    json.dump({"greedy": [query.result() for query in greedy], "small": small}, sys.stdout)


if __name__ == "__main__":
    main()
