# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Trino after its start what people ask it for, so that the code is compiled before they come: the first query of a kind takes
several times as long as the next one.

  trino_warmup.py READY_SECONDS SECONDS

Makes small tables of its own, asks them in rounds until a round is hardly faster than the last one or SECONDS are over, and removes
them. Whatever fails is tried again from the start, for READY_SECONDS. Signs in as its own user, whose password is in
TRINO_WARMUP_PASSWORD, where the command line does.
"""

from __future__ import annotations

import os
import sys
import time

import trino_check

USER = "warmup"
SCHEMA = "lakehouse.trino_warmup"
TABLES = {
    "lines": "select *, cast(l_shipdate as timestamp(6) with time zone) as shipped_at from tpch.tiny.lineitem",
    "orders": "select * from tpch.tiny.orders",
    "customers": "select * from tpch.tiny.customer",
    "nations": "select * from tpch.tiny.nation",
}
QUESTIONS = (
    # Sums over groups, with a condition and an order.
    """select l_returnflag, l_shipmode, count(*), sum(l_quantity), avg(l_extendedprice * (1 - l_discount)), max(l_tax)
        from lines where l_shipdate <= date '1998-09-02' group by 1, 2 order by 1, 2""",
    # Joins, and the largest.
    """select n_name, c_name, o_orderdate, sum(l_extendedprice * (1 - l_discount)) as revenue
        from lines join orders on l_orderkey = o_orderkey join customers on o_custkey = c_custkey join nations on c_nationkey = n_nationkey
        where l_returnflag = 'R' group by 1, 2, 3 order by revenue desc limit 20""",
    # Months, and places within them.
    """select * from (select month, l_shipmode, revenue, rank() over (partition by month order by revenue desc) as place from (
            select date_trunc('month', shipped_at) as month, l_shipmode, sum(l_extendedprice) as revenue from lines group by 1, 2))
        where place <= 3 order by 1, 3""",
    # Distinct ones, shares and conditions on text.
    """select o_orderpriority, count(distinct o_custkey), approx_percentile(o_totalprice, 0.95), count_if(o_comment like '%special%requests%'),
            sum(case when substr(o_clerk, 7) > '000000500' then 1 else 0 end)
        from orders group by 1 order by 1""",
    # What is in another table, and what is not.
    """select c_mktsegment, count(*) from customers
        where c_custkey in (select o_custkey from orders where o_totalprice > 150000)
            and not exists (select 1 from orders where o_custkey = c_custkey and o_orderstatus = 'P') group by 1 order by 2 desc""",
    # Sums of sums, with outer joins.
    """with bought as (select c_custkey, count(o_orderkey) as orders from customers left join orders on c_custkey = o_custkey group by 1)
        select orders, count(*) from bought where orders < (select 2 * avg(orders) from bought) group by 1 order by 2 desc, 1""",
    # The newest rows, and what dashboards ask of tables.
    "select shipped_at, l_orderkey, l_comment from lines order by shipped_at desc limit 50",
    """select count(*), sum(file_size_in_bytes) from "lines$files" """,
    "select table_name, column_name, data_type from lakehouse.information_schema.columns where table_schema = 'trino_warmup'",
)  # fmt: skip
WORTH = 0.9  # a round that takes more of the last one's time says that the code is warm


def remove(ask):
    for table in TABLES:
        ask("drop table if exists %s.%s" % (SCHEMA, table))
    ask("drop schema if exists %s" % SCHEMA)


def warm_up(ask, seconds, clock=time.monotonic):
    """Return the seconds that each round took."""
    remove(ask)  # what a run that was ended has left
    ask("create schema %s" % SCHEMA)
    for table, sql in TABLES.items():
        ask("create table %s.%s as %s" % (SCHEMA, table, sql))
    deadline, rounds = clock() + seconds, []
    while clock() < deadline and (len(rounds) < 2 or rounds[-1] < rounds[-2] * WORTH):
        began = clock()
        for sql in QUESTIONS:
            ask(sql)
        rounds.append(clock() - began)
    remove(ask)
    return rounds


def main(ready_seconds, seconds):
    if seconds == 0:
        return 0
    deadline = time.monotonic() + ready_seconds
    while True:
        try:
            client = trino_check.signed_in(USER, os.environ["TRINO_WARMUP_PASSWORD"])
            client.headers.update({"X-Trino-Catalog": "lakehouse", "X-Trino-Schema": "trino_warmup", "X-Trino-Source": "warmup"})
            rounds = warm_up(client.rows, seconds)
        except (trino_check.QueryFailed, OSError, ValueError) as error:
            if time.monotonic() > deadline:
                print("not warmed up after %d s: %s" % (ready_seconds, error), file=sys.stderr)
                return 1
        else:
            print("rounds took", ", ".join("%.1f s" % took for took in rounds))
            return 0
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
