# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs share about tables: names as SQL takes them, rows deleted and counted, and which tables share a folder."""

from __future__ import annotations

import re

# Besides its location, a table may keep files where these properties say.
FOLDERS = ("write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path")


class WrongDelete(RuntimeError):
    """A DELETE that took other rows than those that it names."""


def column(name: str) -> str:
    """One name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def quoted(name: str) -> str:
    """The name of a table (catalog.namespace.table) or of a namespace, as SQL and Iceberg's procedures take it."""
    return ".".join(map(column, name.split(".", 2)))


def text(value: str) -> str:
    """A text as a literal of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def load(spark, table: str):
    """Iceberg's own view of a table."""
    return spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, quoted(table))


def names(spark, namespace: str) -> list[str]:
    """The Iceberg tables of a namespace (catalog.namespace), also those that cannot be loaded."""
    return sorted(f"{namespace}.{row['tableName']}" for row in spark.sql(f"show tables in {quoted(namespace)}").collect())


def delete(spark, table: str, condition: str) -> int:
    """Deletes the rows of which the condition is true, and says how many.

    Iceberg 1.10.0 may take a file whole in which the condition is NULL for some rows: a condition says what is to become of
    NULL (`c is not null and ...`). The rows are counted in the snapshots right before and after: other writers may add some.
    """
    before = load(spark, table).currentSnapshot()
    known = before.snapshotId() if before is not None else None
    spark.sql(f"delete from {quoted(table)} where {condition}")
    handle = load(spark, table)
    snapshot = handle.currentSnapshot()
    # What others wrote meanwhile is on top of it.
    while snapshot is not None and snapshot.snapshotId() != known and not is_delete(spark, snapshot):
        snapshot = handle.snapshot(snapshot.parentId()) if snapshot.parentId() is not None else None
    if snapshot is None or snapshot.snapshotId() == known:
        return 0

    def read(number):
        return spark.read.option("snapshot-id", number).table(quoted(table))

    there = read(snapshot.parentId())
    gone, meant = there.count() - read(snapshot.snapshotId()).count(), there.where(condition).count()
    if gone != meant:
        raise WrongDelete(
            f"{table}: {gone} rows are gone where {meant} were meant. Its snapshot {snapshot.parentId()} has them: read it with VERSION AS OF,"
            " and bring them back before it expires"
        )
    return gone


def is_delete(spark, snapshot) -> bool:
    """Whether this session deleted something by a snapshot."""
    return snapshot.operation() in ("delete", "overwrite") and dict(snapshot.summary()).get("spark.app.id") == spark.sparkContext.applicationId


# --- Folders ---


def normal(folder: str) -> str:
    """s3, s3n and s3a name the same objects."""
    return re.sub("^s3[an]?://", "s3a://", folder).rstrip("/")


def folders(handle) -> set[str]:
    """Where a table that is loaded keeps its files."""
    properties = dict(handle.properties())
    return {normal(handle.location()), *(normal(properties[name]) for name in FOLDERS if properties.get(name))}


def registered(spark, namespace: str) -> dict[str, tuple[str, set[str]]]:
    """All that the metastore has in a namespace (catalog.namespace), also what no engine can load: kind and folder by name."""
    hadoop, hive = spark._jsc.hadoopConfiguration(), spark._jvm.org.apache.hadoop.hive
    if not hadoop.get("hive.metastore.uris"):
        return {}  # the catalog is none of a metastore
    configuration = hive.conf.HiveConf()
    configuration.addResource(hadoop)
    client = hive.metastore.HiveMetaStoreClient(configuration)
    try:
        database = namespace.partition(".")[2]
        entries = {name: client.getTable(database, name) for name in client.getAllTables(database)}
        return {f"{namespace}.{name}": (kind(dict(entry.getParameters())), location(entry)) for name, entry in entries.items()}
    finally:
        client.close()


def places(spark, catalog: str) -> dict[str, set[str]]:
    """The folders of every table and view of a catalog."""
    found: dict[str, set[str]] = {}
    for namespace in namespaces(spark, catalog):
        entries = registered(spark, namespace)
        found.update({name: folder for name, (dummy, folder) in entries.items()})
        for name in names(spark, namespace):
            try:
                found[name] = found.get(name, set()) | folders(load(spark, name))
            except Exception:
                if name not in entries:
                    raise  # it might be anywhere
    return found


def kind(parameters: dict[str, str]) -> str:
    if parameters.get("presto_view"):
        return "view of Trino"
    return {"ICEBERG": "table", "ICEBERG-VIEW": "view of Spark"}.get(parameters.get("table_type", "").upper(), "other")


def location(entry) -> set[str]:
    folder = entry.getSd().getLocation()
    return {normal(folder)} if folder else set()


def overlap(one: str, other: str) -> bool:
    """Whether two folders are the same, or one is inside the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def sharing(places: dict[str, set[str]]) -> dict[str, list[str]]:
    """Of the tables that share a folder with others: those others."""
    found = {}
    for table, mine in places.items():
        others = [name for name, theirs in places.items() if name != table and any(overlap(one, other) for one in mine for other in theirs)]
        if others:
            found[table] = others
    return found


def namespaces(spark, catalog: str) -> list[str]:
    names = (row[0] for row in spark.sql(f"show namespaces in {quoted(catalog)}").collect())
    # Spark shows a name in backticks where it is no plain word, as it would be written; a table's is shown as it is.
    return sorted(f"{catalog}.{name[1:-1].replace('``', '`') if name.startswith('`') else name}" for name in names)
