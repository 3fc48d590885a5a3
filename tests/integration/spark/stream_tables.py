# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a table that is no stream's (`before`), or prints as JSON what a stream has made of its topics (`after`)."""
from __future__ import annotations

import json
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
if sys.argv[1] == "before":
    spark.sql("CREATE NAMESPACE lakehouse.raw")
    spark.sql("CREATE TABLE lakehouse.raw.foreign (event_id string, kafka_offset bigint) USING iceberg")
else:
    orders = spark.table("lakehouse.raw.orders").orderBy("kafka_offset")
    letters = spark.table("lakehouse.raw.dead_letters").orderBy("kafka_offset")
    print("RESULT " + json.dumps({
        "rows": [list(row) for row in orders.select("event_id", "kafka_offset").collect()],
        "letters": [list(row) for row in letters.selectExpr("reason", "decode(value, 'UTF-8')", "string(kafka_time)").collect()],
        "foreign": spark.table("lakehouse.raw.foreign").columns,
        "idle": spark.table("lakehouse.raw.idle.snapshots").count(),
    }))  # fmt: skip
