# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the sales and their customers as Iceberg tables, the sales in as many commits as are asked for. For spark-submit.

Arguments: the file (rows and customers as rows.py gives them), the namespace, how many commits. Prints one JSON object:
rows, commits and the seconds that the commits took, without the start of the session.
"""

import base64
import gzip
import json
import pathlib
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

SALES = """
    event_id string, event_time string, sale_id bigint, customer_id string, city string, state string, product string, category string,
    channel string, payment_method string, quantity int, unit_price_cents bigint, discount_percent int, total_cents bigint
"""
CUSTOMERS = "customer_id string, plan string, price_cents bigint, district string"


def main(path, namespace, commits):
    given = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    names = [column.split()[0] for column in SALES.split(",")]
    rows = [
        tuple(row[name] for name in names) for row in map(json.loads, gzip.decompress(base64.b64decode(given["rows"])).splitlines())
    ]
    spark = SparkSession.builder.appName("benchmark_sql").getOrCreate()
    spark.sql("create namespace %s" % namespace)
    spark.createDataFrame(given["customers"], CUSTOMERS).writeTo(namespace + ".customers").create()
    began = time.monotonic()
    for number in range(commits):
        part = rows[len(rows) * number // commits : len(rows) * (number + 1) // commits]
        writer = (
            spark.createDataFrame(part, SALES).withColumn("event_time", f.to_timestamp("event_time")).writeTo(namespace + ".sales")
        )
        writer.append() if number else writer.create()
    print(json.dumps({"rows": len(rows), "commits": commits, "seconds": round(time.monotonic() - began, 2)}))
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
