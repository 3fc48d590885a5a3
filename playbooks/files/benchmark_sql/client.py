# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of the SQL benchmark, by Trino's Python client: JSON in, JSON out. It never ends otherwise: what went wrong is `error`.

The time of a query is that from sending it to having its last row. An answer that is not the expected one is a line of `wrong`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).parent
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")


class Trino:
    def __init__(self, spec, catalog="lakehouse", schema=None):
        import requests
        from trino.auth import BasicAuthentication
        from trino.dbapi import connect

        session = requests.Session()
        session.trust_env = False  # the site's hosts are behind no proxy
        session.verify = spec["ca_file"]
        self._connection = connect(
            host=spec["host"], port=spec["port"], http_scheme="https", http_session=session, source="benchmark_sql", user=spec["user"],
            auth=BasicAuthentication(spec["user"], spec["password"]), catalog=catalog, schema=schema or spec["schema"],
            # As much memory as the engine gives a query at all, which is more than an operator's session begins with.
            session_properties={"query_max_run_time": "%ds" % spec["query_seconds"], "query_max_memory_per_node": "1TB"}, timezone="UTC",
        )  # fmt: skip

    def rows(self, sql):
        return self.timed(sql)[0]

    def timed(self, sql):
        began = time.perf_counter()
        cursor = self._connection.cursor()
        cursor.execute(sql)
        rows = cursor.fetchall()
        # The processor time of the query's tasks, by the engine's own count: other work on the machine changes it little.
        self.cpu_seconds = cursor.stats["cpuTimeMillis"] / 1000
        return [[plain(cell) for cell in row] for row in rows], time.perf_counter() - began


def plain(cell):
    return cell.isoformat() if isinstance(cell, datetime.date) else cell


def queries(folder):
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / folder).glob("*.sql"))}


# --- what is right ---


def differs(found, expected):
    """What is wrong with the rows of an answer; None when nothing is. Where a cell has bounds, any value between them is right."""
    if len(found) != len(expected):
        return "%d rows instead of %d" % (len(found), len(expected))
    for number, (row, wanted) in enumerate(zip(found, expected), 1):
        if len(row) != len(wanted) or not all(map(same, row, wanted)):
            return "row %d is %s instead of %s" % (number, row, wanted)
    return None


def same(cell, wanted):
    return wanted["from"] <= cell <= wanted["to"] if isinstance(wanted, dict) else cell == wanted


def digest(rows):
    """An answer in few words: of each column of numbers the sum, of any other a checksum of its values in their order."""
    columns = []
    for column in zip(*rows):
        numbers = all(isinstance(cell, (int, float)) for cell in column)
        text = "\n".join(map(str, column)).encode()
        columns.append(math.fsum(column) if numbers else hashlib.sha256(text).hexdigest()[:16])
    return {"rows": len(rows), "columns": columns}


def digest_differs(found, expected):
    """Sums may differ in their last digits: an engine adds in any order. Of a column without a known answer only the rows count."""
    right = found["rows"] == expected["rows"] and len(found["columns"]) == len(expected["columns"])
    right = right and all(
        mine == other if isinstance(other, str) or isinstance(mine, str) else math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-6)
        for mine, other in zip(found["columns"], expected["columns"])
        if other is not None
    )
    return None if right else "%s instead of %s" % (json.dumps(found), json.dumps(expected))


# --- what it took ---


def figures(times):
    """Of each query its first run, and the median of those after it; and of all of them. A time is one of the clock and one of processors."""
    each = {}
    for name, took in times.items():
        runs, cpu = ([round(each_time, 3) for each_time in kind] for kind in zip(*took))
        each[name] = {
            "first": runs[0], "warm": round(statistics.median(runs[1:]), 3), "runs": runs[1:],
            "first_cpu": cpu[0], "warm_cpu": round(statistics.median(cpu[1:]), 3),
        }  # fmt: skip
    first, warm, first_cpu, warm_cpu = ([figure[key] for figure in each.values()] for key in ("first", "warm", "first_cpu", "warm_cpu"))
    return {
        "queries": each,
        "first_average": round(statistics.mean(first), 3),
        "first_total": round(sum(first), 3),
        "first_most": max(first),
        "warm_average": round(statistics.mean(warm), 3),
        "warm_total": round(sum(warm), 3),
        "first_cpu_total": round(sum(first_cpu), 3),
        "warm_cpu_total": round(sum(warm_cpu), 3),
        "warm_geometric_mean": round(statistics.geometric_mean(max(seconds, 0.001) for seconds in warm), 3),
    }


def measure(trino, texts, rounds, check):
    """Ask all of them once, then so many rounds; every answer is looked at."""
    times, wrong = {name: [] for name in texts}, []
    for dummy in range(1 + rounds):
        for name, sql in texts.items():
            rows, seconds = trino.timed(sql)
            times[name].append((seconds, trino.cpu_seconds))
            trouble = check(name, rows)
            if trouble:
                wrong.append("%s: %s" % (name, trouble))
    return {**figures(times), "wrong": sorted(set(wrong))}


# --- the steps ---


def sales(spec):
    trino = Trino(spec)
    # What a query costs that has nothing to do.
    floor = [trino.timed("select 1")[1] for dummy in range(6)]
    result = measure(trino, queries("sales"), spec["rounds"], lambda name, rows: differs(rows, spec["answers"][name]))
    return {**result, "select_1": round(statistics.median(floor[1:]), 3)}


def files(trino):
    (count, size), = trino.rows('select count(*), sum(file_size_in_bytes) from "sales$files"')
    return {"files": count, "bytes": size}


def compact(spec):
    trino = Trino(spec)
    before = files(trino)
    seconds = trino.timed("alter table sales execute optimize")[1]
    # Spark writes tables without the statistics of theirs that Trino plans by.
    analyze = sum(trino.timed("analyze " + table)[1] for table in ("sales", "customers"))
    return {"before": before, "after": files(trino), "seconds": round(seconds, 3), "analyze_seconds": round(analyze, 3)}


def travel(spec):
    """Change the table twice, then read it as it was written, merged, and with some rows deleted."""
    trino, texts = Trino(spec), queries("changes")
    head = """select snapshot_id, cast(committed_at at time zone 'UTC' as varchar) from "sales$snapshots"
        where snapshot_id = (select snapshot_id from "sales$refs" where name = 'main')"""
    points, seconds = trino.rows(head), {}
    for name, sql in texts.items():
        seconds[name] = round(trino.timed(sql)[1], 3)
        points += trino.rows(head)
    wrong, versions = [], []
    for (snapshot, moment), expected in zip(points, spec["versions"]):
        found, took = trino.timed("select count(*), sum(total_cents) from sales for version as of %d" % snapshot)
        versions.append({"snapshot": snapshot, "rows": found[0][0], "total_cents": found[0][1], "seconds": round(took, 3)})
        by_time = trino.rows("select count(*), sum(total_cents) from sales for timestamp as of timestamp '%s'" % moment)
        for way, answer in (("by snapshot", found), ("by time", by_time)):
            if answer != [expected]:
                wrong.append("%s, read %s: %s instead of %s" % (snapshot, way, answer, expected))
    return {"versions": versions, "changes": seconds, "wrong": wrong}


def load(spec):
    """TPC-H's tables, from the engine's generator."""
    trino = Trino(spec)
    trino.rows("create schema " + spec["schema"])
    began = time.perf_counter()
    for table in TABLES:
        trino.rows("create table %s as select * from tpch.%s.%s" % (table, spec["scale"], table))
    return {"seconds": round(time.perf_counter() - began, 3)}


def tpch(spec):
    """The queries, and whether their answers are those of another engine (DuckDB), from tables of the benchmark's own generator."""
    known = spec["known"] or json.loads((HERE / "tpch/known.json").read_text(encoding="utf-8"))[spec["scale"]]
    return measure(Trino(spec), queries("tpch"), spec["rounds"], lambda name, rows: digest_differs(digest(rows), known[name]))


def ask(spec):
    """What the generator's own tables answer, which have never been in the lakehouse."""
    trino = Trino(spec, "tpch", spec["scale"])
    return {name: digest(trino.rows(sql)) for name, sql in queries("tpch").items()}


def drop(spec):
    trino = Trino(spec)
    there = trino.rows("show schemas like '%s'" % spec["schema"])
    for (table,) in trino.rows("show tables from " + spec["schema"]) if there else ():
        trino.rows('drop table "%s"' % table)
    if there:
        trino.rows("drop schema " + spec["schema"])
    return {}


STEPS = {step.__name__: step for step in (sales, compact, travel, load, tpch, ask, drop)}


def run(spec):
    try:
        return STEPS[spec["step"]](spec)
    except Exception as error:  # the caller shows it; this process's own output is hidden, for it is given a password
        return {"error": "%s: %s" % (type(error).__name__, error)}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
