# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives an earlier state of a table, which one file of its metadata tells, a table to be in. For spark-submit.

    restored_table.py CATALOG LOCATION NAMESPACE.TABLE beside     a new table with a folder of its own: of that state's columns, partitions and rows
    restored_table.py CATALOG LOCATION NAMESPACE.TABLE in_place   the rows of the table that there is, in one commit that a rollback takes back

No catalog knows the earlier state meanwhile, so that no two tables ever share a folder. Prints the rows as JSON.
"""
import json
import sys

from pyspark.sql import DataFrame, SparkSession, functions

# What a table has of its own folder and past, and no other may have.
OWN = ("write.data.path", "write.metadata.path", "write.folder-storage.path", "write.object-storage.path", "gc.enabled")


def state_of(spark, location):
    """The table as the file of metadata tells it, and its rows."""
    jvm = spark._jvm
    files = jvm.org.apache.iceberg.hadoop.HadoopFileIO(spark._jsc.hadoopConfiguration())
    table = jvm.org.apache.iceberg.BaseTable(jvm.org.apache.iceberg.StaticTableOperations(location, files), "restored")
    none = jvm.scala.Option.empty()
    relation = jvm.org.apache.spark.sql.execution.datasources.v2.DataSourceV2Relation.create(
        jvm.org.apache.iceberg.spark.source.SparkTable(table, False), none, none)
    return table, DataFrame(jvm.org.apache.spark.sql.Dataset.ofRows(spark._jsparkSession, relation), spark)


def make(spark, catalog, table, name):
    """A table that is as the state says, with a folder of its own."""
    jvm = spark._jvm
    namespace, dot, short = name.rpartition(".")
    properties = jvm.java.util.HashMap(table.properties())
    for each in OWN:
        properties.remove(each)
    identifier = jvm.org.apache.iceberg.catalog.TableIdentifier.parse("%s.%s" % (namespace, short))
    known = spark._jsparkSession.sessionState().catalogManager().catalog(catalog).icebergCatalog()
    (known.buildTable(identifier, table.schema()).withPartitionSpec(table.spec()).withSortOrder(table.sortOrder())
     .withProperties(properties).create())


def main(catalog, location, name, how):
    spark = SparkSession.builder.appName("restored_table").getOrCreate()
    table, rows = state_of(spark, location)
    full = ".".join("`%s`" % part for part in (catalog, *name.split(".")))
    if how == "in_place":
        have, had = spark.table(full).columns, rows.columns
        lost = [column for column in had if column not in have]
        if lost:
            raise SystemExit("%s has no column %s any more, which its backup has: restore it beside, and take from there what you need" % (name, lost[0]))
        rows.select(*(functions.col("`%s`" % column) if column in had else functions.lit(None).alias(column) for column in have)) \
            .writeTo(full).overwrite(functions.lit(True))
    else:
        spark.sql("CREATE NAMESPACE IF NOT EXISTS `%s`.`%s`" % (catalog, name.rpartition(".")[0]))
        make(spark, catalog, table, name)
        try:
            rows.writeTo(full).append()
        except BaseException:
            spark.sql("DROP TABLE %s PURGE" % full)  # one without rows would keep the next run out
            raise
    print(json.dumps({"table": name, "rows": spark.table(full).count()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
