# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish the flights in the raw zone, and write them as an Iceberg table. For spark-submit.

Arguments: the archive with flights.csv, the folder of the raw zone, the table, and `force` to load
again what is loaded. The table keeps the checksum of the archive that it was made of.
"""
import hashlib
import json
import pathlib
import sys
import tempfile
import zipfile

from pyspark.sql import SparkSession
from pyspark.sql.utils import AnalysisException

SOURCE = "demo.source-sha256"
SCHEMA = """
    year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int, sched_arr_time int,
    arr_delay int, carrier string, flight int, tailnum string, origin string, dest string, air_time int, distance int,
    hour int, minute int, time_hour timestamp
"""


def source_of(spark, table):
    """The checksum of what the table was made of; None without a table."""
    try:
        properties = spark.sql("show tblproperties %s" % table).collect()
    except AnalysisException:
        return None
    return {row["key"]: row["value"] for row in properties}.get(SOURCE)


def publish(spark, archive, raw):
    """Put the file of the archive into the raw zone; give its address."""
    hadoop = spark.sparkContext._jvm.org.apache.hadoop.fs
    settings = spark.sparkContext._jsc.hadoopConfiguration()
    target = hadoop.Path(raw + "/flights.csv")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as files:
        source = hadoop.Path("file://" + files.extract("flights.csv", folder))
        hadoop.FileUtil.copy(source.getFileSystem(settings), source, target.getFileSystem(settings), target, False, True, settings)
    return target.toString()


def load(spark, raw_file, table, checksum):
    """Write the raw file as a table of one partition a month."""
    spark.sql("create namespace if not exists %s" % table.rpartition(".")[0])
    flights = spark.read.csv(raw_file, schema=SCHEMA, header=True, nullValue="NA", mode="FAILFAST")
    flights.writeTo(table).partitionedBy(flights["month"]).tableProperty(SOURCE, checksum).createOrReplace()


def main(archive, raw, table, force=""):
    spark = SparkSession.builder.appName("demo_flights").getOrCreate()
    checksum = hashlib.sha256(pathlib.Path(archive).read_bytes()).hexdigest()
    stale = bool(force) or source_of(spark, table) != checksum
    if stale:
        load(spark, publish(spark, archive, raw), table, checksum)
    print(json.dumps({"loaded": stale, "rows": spark.table(table).count()}))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
