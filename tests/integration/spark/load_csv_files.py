# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads files in one session, and prints what came of each as a line of JSON.

Arguments: the folder with the job, one that stands for the bucket, and the page whose statements of SQL are tried.
"""

from __future__ import annotations

import json
import pathlib
import sys

from pyspark.sql import SparkSession

TABLE = "lakehouse.files.metas"


def main(jobs, bucket, documented):
    sys.path.insert(0, jobs)
    import load_csv

    spark = SparkSession.builder.config("spark.sql.ansi.enabled", "true").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    settings = {"catalog": "lakehouse", "raw_zone": f"file://{bucket}/raw"}
    landing = pathlib.Path(bucket, "landing/ana")
    landing.mkdir(parents=True)

    def load(what, file, *options, table="metas"):
        arguments = load_csv.parser().parse_args(["settings.json", f"ana/{file}", table, "--zone=America/Sao_Paulo", *options])
        arguments.type, arguments.form = dict(arguments.type), load_csv.Form(zone=arguments.zone)
        try:
            result = load_csv.load(spark, settings, arguments)
        except load_csv.Wrong as error:
            result = {"error": str(error)}
        rows = spark.table(TABLE).drop("loaded_at").orderBy("source_file", "source_line").collect() if spark.catalog.tableExists(TABLE) else []
        snapshots = spark.table(f"{TABLE}.snapshots").count() if rows else 0
        print(json.dumps({"what": what, **result, "rows_there": [[str(field) for field in row] for row in rows], "snapshots": snapshots}))

    (landing / "metas.csv").write_text("Cidade;Meta;Até;Visto em\nNatal;1.234,56;30/11/2026;30/11/2026 21:05\n;-0,50;;\n", encoding="utf-8")
    (landing / "more.csv").write_text("Cidade;Meta;Até;Visto em\nMossoró;7,00;01/12/2026;01/12/2026 00:00\n", encoding="utf-8")
    load("a look", "metas.csv")
    load("written", "metas.csv", "--write")
    load("another file", "more.csv", "--write")
    load("again", "metas.csv", "--write")
    (landing / "metas.csv").write_text("Cidade;Meta;Até;Visto em\nNatal;2,00;30/11/2026;30/11/2026 21:05\nCaicó;muito;;\n", encoding="utf-8")
    load("a wrong line", "metas.csv", "--write", "--type=meta=decimal(18,2)")
    load("other columns", "metas.csv", "--write")
    spark.sql("create table lakehouse.files.own (a int) using iceberg")
    load("a table of somebody's", "more.csv", "--write", table="own")
    load("no file", "none.csv")
    (landing / "metas.csv").write_bytes("cidade;meta;ate\nMossoró;1.234,56;30/11/2026\n".encode("windows-1252"))
    page = pathlib.Path(documented).read_text(encoding="utf-8")
    for statement in page[page.index("create temporary view metas_csv"):].partition("```")[0].split(";\n")[:2]:
        spark.sql(statement.replace("s3a://datalake", f"file://{bucket}"))
    print(json.dumps({"what": "by SQL", "rows": [list(map(str, row)) for row in spark.table("lakehouse.files.metas_sql").collect()]}))
    print(json.dumps({"what": "left", "files": [str(path) for path in pathlib.Path(bucket, "tmp").rglob("*") if path.is_file()]}))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
