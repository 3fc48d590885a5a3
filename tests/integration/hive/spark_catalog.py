# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does with tables of a metastore what people do, has them maintained, and prints what came of it as lines of JSON.

Arguments: the folder with the jobs, and a folder for tables that are given one.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import sys

from pyspark.sql import SparkSession

REFUSED = {
    "format 3 at once": "create table lakehouse.telemetry.x (id int) using iceberg tblproperties ('format-version' = '3')",
    "format 3 later": "alter table lakehouse.telemetry.leituras set tblproperties ('format-version' = '3')",
    "a former partition's column": "alter table lakehouse.telemetry.parted drop column c",
    "case": "create table lakehouse.telemetry.x (s struct<a: int, A: int>) using iceberg",
    "hyphen": "create table lakehouse.telemetry.x (s struct<`a-b`: int>) using iceberg",
    "not latin": "create table lakehouse.telemetry.x (`≥` int) using iceberg",
    "long": f"create table lakehouse.telemetry.{'x' * 129} (id int) using iceberg",
    "long namespace": f"create namespace lakehouse.{'x' * 129}",
    "renamed": f"alter table lakehouse.telemetry.leituras rename to lakehouse.telemetry.{'x' * 129}",
}


def main(jobs, folder):
    sys.path.insert(0, jobs)
    import lake
    import maintain

    spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()

    def say(what, **values):
        print(json.dumps({"what": what, **values}))

    def rows(table):
        return sorted(row[0] for row in spark.sql(f"select * from {lake.quoted(table)}").collect())

    spark.sql("create namespace lakehouse.telemetry comment 'tensão ≥ 10 kV'")
    said = {row[0]: row[1] for row in spark.sql("describe namespace lakehouse.telemetry").collect()}
    say("comment", comment=said["Comment"])

    name = "lakehouse.telemetry.leituras"
    spark.sql(f"create table {name} (id int) using iceberg")
    spark.sql(f"insert into {name} values (1)")
    spark.sql(f"alter table {name} rename to {name}_2025")
    spark.sql(f"create table {name} (id int) using iceberg")
    spark.sql(f"insert into {name} values (2)")
    spark.sql(f"create or replace table {name} using iceberg as select 3 as id")
    say("renamed", old=rows(f"{name}_2025"), new=rows(name), shared=lake.sharing(lake.places(spark, "lakehouse")))

    spark.sql("create table lakehouse.telemetry.parted (id int, c int) using iceberg partitioned by (c)")
    spark.sql("insert into lakehouse.telemetry.parted values (1, 1)")
    spark.sql("alter table lakehouse.telemetry.parted drop partition field c")
    spark.conf.set("spark.sql.caseSensitive", "true")  # else Spark itself refuses one of them
    refused = {}
    for what, sql in REFUSED.items():
        try:
            spark.sql(sql)
            refused[what] = ""
        except Exception as error:
            refused[what] = str(error)
    spark.conf.set("spark.sql.caseSensitive", "false")
    say("refused", messages={what: message[:400] for what, message in refused.items()}, tables=lake.names(spark, "lakehouse.telemetry"))

    # NULL, in a table that is partitioned by the column and in one that is not.
    left = {}
    for partition in ("", "partitioned by (at)"):
        spark.sql(f"create or replace table lakehouse.telemetry.nulls (id int, at date) using iceberg {partition}")
        spark.sql("insert into lakehouse.telemetry.nulls values (1, null), (2, date '2020-01-01'), (3, date '2030-01-01')")
        gone = lake.delete(spark, "lakehouse.telemetry.nulls", "at is not null and at < date '2025-01-01'")
        left[partition] = [gone, rows("lakehouse.telemetry.nulls")]
    say("nulls", left=left)

    # Names as people give them; a broken table; two in one folder, one with a view of its own.
    spark.sql("create namespace lakehouse.`2026`")
    spark.sql("create table lakehouse.`2026`.`2027` (id int) using iceberg")
    for number in (1, 2):
        spark.sql(f"insert into lakehouse.`2026`.`2027` values ({number})")
    for table, where in (("outer", folder), ("inner", f"{folder}/inside")):
        spark.sql(f"create table lakehouse.telemetry.`{table}` (id int) using iceberg location 'file://{where}'")
        spark.sql(f"insert into lakehouse.telemetry.`{table}` values (1)")
    spark.sql("create table lakehouse.telemetry.broken (id int) using iceberg")
    handle = lake.load(spark, "lakehouse.telemetry.broken")
    os.unlink(handle.operations().current().metadataFileLocation().removeprefix("file:"))
    spark.sql("create view lakehouse.telemetry.seen as select 1 as id")
    spark.sql("create table lakehouse.telemetry.results (" + ", ".join(f"{name} {kind}" for name, kind in maintain.COLUMNS.items()) + ") using iceberg")
    files = len(list(pathlib.Path(folder).rglob("*.parquet")))
    settings = {
        "results": "lakehouse.telemetry.results", "run_id": "one",
        "policies": [{
            "tables": ["*.telemetry.*", "*.2026.*"], "rewrite": {"min_files": 2, "target_mib": 16}, "manifests": True,
            "snapshots": {"hours": 24, "keep": 1}, "orphans": {"hours": 300},
        }],
    }  # fmt: skip
    keeper = maintain.Keeper(spark, datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=200))
    sound, found = keeper.survey("lakehouse")
    kept = [result for table in sound for result in keeper.look_after(table, maintain.Policy(**settings["policies"][0]))]
    maintain.write(spark, settings["results"], [{"ran_at": datetime.datetime.now(), "run_id": "one", **result} for result in found + kept])
    after = len(list(pathlib.Path(folder).rglob("*.parquet")))
    say("maintained", found=found, kept=kept, written=spark.table(settings["results"]).count(), files=[files, after])

    # As playbooks/undrop.yml does, once the files are back.
    file = lake.load(spark, "lakehouse.2026.2027").operations().current().metadataFileLocation()
    spark.sql("drop table lakehouse.`2026`.`2027`")
    spark.sql(f"call lakehouse.system.register_table(table => '`2026`.`2027`', metadata_file => '{file}')")
    say("registered", rows=rows("lakehouse.2026.2027"))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
