# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look after Iceberg tables, as policies say: forget what is too old, join small files and manifests, count distinct values,
expire snapshots, remove files that no table knows. For spark-submit.

    maintain.py POLICIES [--table PATTERN]

POLICIES is JSON: {"results": the table that gets the figures, "run_id": ..., "policies": [...]}. The first policy counts of
which a pattern fits a table; a table that none fits, and one that its policy protects, is left alone. One line of JSON for
each action on standard output. Ends with 0 when all went well, 1 when an action failed (the others are done), 2 when it was
called wrongly.
"""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

# A query reads the snapshot that it began with, and a writer's files are no table's until it commits: both are over by then.
LEAST_SNAPSHOT_HOURS = 6
LEAST_ORPHAN_HOURS = 24
FIGURES = ("data_files", "bytes", "manifests", "snapshots")


class Wrong(ValueError):
    """A policy that cannot be followed."""


@dataclass(frozen=True)
class Policy:
    """What is done to the tables of some patterns. What is not given is not done."""

    tables: list[str]
    protected: str = ""  # why nothing is done
    retention: dict = field(default_factory=dict)  # {days, column, folder}: rows and files of the raw zone that are older go
    rewrite: dict = field(default_factory=dict)  # {min_files, target_mib}
    manifests: bool = False
    statistics: bool = False
    snapshots: dict = field(default_factory=dict)  # {hours, keep}
    orphans: dict = field(default_factory=dict)  # {hours}

    def __post_init__(self) -> None:
        if not self.tables:
            raise Wrong("a policy without tables")
        if self.snapshots and self.snapshots["hours"] < LEAST_SNAPSHOT_HOURS:
            raise Wrong(f"{self.tables}: snapshots stay {LEAST_SNAPSHOT_HOURS} hours at least, for the queries that read them")
        if self.orphans and self.orphans["hours"] < LEAST_ORPHAN_HOURS:
            raise Wrong(f"{self.tables}: files stay {LEAST_ORPHAN_HOURS} hours at least, for the writers that have yet to commit them")
        if self.retention and self.retention["days"] < 1:
            raise Wrong(f"{self.tables}: retention is a day at least")

    def fits(self, table: str) -> bool:
        return any(fnmatch.fnmatchcase(table, pattern) for pattern in self.tables)


@dataclass(frozen=True)
class Action:
    name: str
    sql: str
    only_if: str = ""  # where it finds nothing, there is nothing to do, and no snapshot is made


def policy_of(policies: list[Policy], table: str) -> Policy | None:
    return next((policy for policy in policies if policy.fits(table)), None)


def actions(policy: Policy, table: str, now: datetime.datetime) -> Iterator[Action]:
    """What is to be called for a table, in the order in which each makes the next one's work small."""
    catalog, dummy, name = table.partition(".")

    def ago(**period: float) -> str:
        return f"timestamp '{now - datetime.timedelta(**period):%Y-%m-%d %H:%M:%S}'"

    if policy.retention:
        # Whole days: where the table is partitioned by them, no file is rewritten.
        first_kept = (now - datetime.timedelta(days=policy.retention["days"])).date()
        old = f"{table} where {policy.retention['column']} < timestamp '{first_kept}'"
        yield Action("retention", f"delete from {old}", only_if=f"select 1 from {old} limit 1")
    if policy.rewrite:
        # Deletes that a MERGE left beside the data are worked in as well.
        options = {
            "min-input-files": policy.rewrite["min_files"],
            "target-file-size-bytes": policy.rewrite["target_mib"] << 20,
            "delete-file-threshold": 1,
            "partial-progress.enabled": "true",
        }
        given = ", ".join(f"'{name}', '{value}'" for name, value in options.items())
        yield Action("rewrite_data_files", f"call {catalog}.system.rewrite_data_files(table => '{name}', options => map({given}))")
    if policy.manifests:
        yield Action("rewrite_manifests", f"call {catalog}.system.rewrite_manifests(table => '{name}')")
    if policy.statistics:
        yield Action("compute_table_stats", f"call {catalog}.system.compute_table_stats(table => '{name}')")
    if policy.snapshots:
        older = ago(hours=policy.snapshots["hours"])
        keep = policy.snapshots["keep"]
        yield Action("expire_snapshots", f"call {catalog}.system.expire_snapshots(table => '{name}', older_than => {older}, retain_last => {keep})")
    if policy.orphans:
        older = ago(hours=policy.orphans["hours"])
        yield Action("remove_orphan_files", f"call {catalog}.system.remove_orphan_files(table => '{name}', older_than => {older})")


def idle(action: str, policy: Policy, figures: dict[str, int]) -> bool:
    """Whether a table's own bookkeeping says already that there is nothing to do; a session of Spark takes seconds to find the same."""
    if action == "rewrite_data_files":
        return figures["data_files"] < policy.rewrite["min_files"] and not figures["delete_files"]
    if action == "rewrite_manifests":
        return figures["manifests"] < 2
    if action == "compute_table_stats":
        return figures["snapshots"] == 0 or figures["counted"] == 1
    if action == "expire_snapshots":
        return figures["snapshots"] <= policy.snapshots["keep"]
    return figures["snapshots"] == 0


def removed(action: str, rows: list[dict]) -> int:
    """How many files an action says that it removed."""
    if action == "remove_orphan_files":
        return len(rows)
    counted = {"rewrite_data_files": ["rewritten_data_files_count"], "rewrite_manifests": ["rewritten_manifests_count"]}
    if action == "expire_snapshots":
        return sum(value for row in rows for name, value in row.items() if name.startswith("deleted_"))
    return sum(row[name] for row in rows for name in counted.get(action, []))


def old_days(folders: list[str], first_kept: datetime.date) -> list[str]:
    """Of folders .../YYYY/MM/DD those of days before one."""
    found = []
    for folder in folders:
        try:
            day = datetime.date(*map(int, folder.split("/")[-3:]))
        except (TypeError, ValueError):
            continue  # no folder of a day
        if day < first_kept:
            found.append(folder)
    return found


def parse(text: str) -> tuple[dict, list[Policy]]:
    settings = json.loads(text)
    try:
        return settings, [Policy(**policy) for policy in settings["policies"]]
    except (KeyError, TypeError) as error:
        raise Wrong(f"no policies as they should be: {error}") from error


class Keeper:
    """Works on tables in a session of Spark."""

    def __init__(self, spark, now: datetime.datetime):
        self.spark, self.now = spark, now

    def tables(self, catalog: str) -> list[str]:
        """Every table of Iceberg that the catalog has."""
        found = []
        for namespace in [row[0] for row in self.spark.sql(f"show namespaces in {catalog}").collect()]:
            for row in self.spark.sql(f"show tables in {catalog}.{namespace}").collect():
                found.append(f"{catalog}.{namespace}.{row['tableName']}")
        return sorted(found)

    def figures(self, table: str) -> dict[str, int]:
        """From the table's own bookkeeping: no file is read for it."""
        handle = self.spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, table)
        current = handle.currentSnapshot()
        if current is None:
            return {**dict.fromkeys(FIGURES, 0), "delete_files": 0, "counted": 0}
        summary = dict(current.summary())
        return {
            "data_files": int(summary.get("total-data-files", 0)),
            "delete_files": int(summary.get("total-delete-files", 0)),
            "bytes": int(summary.get("total-files-size", 0)),
            "manifests": current.allManifests(handle.io()).size(),
            "snapshots": sum(1 for dummy in handle.snapshots()),
            "counted": int(any(file.snapshotId() == current.snapshotId() for file in handle.statisticsFiles())),
        }

    def clear_folder(self, folder: str, days: int) -> int:
        """Removes the raw zone's days that are too old, and says how many."""
        hadoop = self.spark._jvm.org.apache.hadoop.fs
        pattern = hadoop.Path(f"{folder}/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
        filesystem = pattern.getFileSystem(self.spark._jsc.hadoopConfiguration())
        found = [status.getPath().toString() for status in filesystem.globStatus(pattern) or []]
        old = old_days(found, (self.now - datetime.timedelta(days=days)).date())
        for day in old:
            filesystem.delete(hadoop.Path(day), True)
        return len(old)

    def do(self, table: str, action: Action, policy: Policy) -> dict:
        began, before = time.monotonic(), self.figures(table)
        result = {"table_name": table, "action": action.name, "detail": ""}
        try:
            needed = not idle(action.name, policy, before) and (not action.only_if or self.spark.sql(action.only_if).first() is not None)
            rows = [row.asDict() for row in self.spark.sql(action.sql).collect()] if needed else []
            gone = removed(action.name, rows)
            after = self.figures(table)
            if action.name == "retention" and policy.retention.get("folder"):
                days = self.clear_folder(policy.retention["folder"], policy.retention["days"])
                result["detail"] = f"{days} days of {policy.retention['folder']}"
                gone += days
            result["outcome"] = "done" if gone or before != after else "nothing"
        except Exception as error:
            gone, after = 0, self.figures(table)
            result.update(outcome="failed", detail=str(error).strip().splitlines()[0][:500])
            print(error, file=sys.stderr)
        figures = {f"{name}_{when}": values[name] for name in FIGURES for when, values in (("before", before), ("after", after))}
        return {**result, "seconds": round(time.monotonic() - began, 1), **figures, "removed_files": gone}

    def look_after(self, table: str, policy: Policy) -> Iterator[dict]:
        if policy.protected:
            yield {"table_name": table, "action": "none", "outcome": "protected", "detail": policy.protected, "seconds": 0.0}
            return
        for action in actions(policy, table, self.now):
            yield self.do(table, action, policy)


COLUMNS = {
    "ran_at": "timestamp", "run_id": "string", "table_name": "string", "action": "string", "outcome": "string", "seconds": "double",
    **{f"{name}_{when}": "long" for name in FIGURES for when in ("before", "after")}, "removed_files": "long", "detail": "string",
}  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    top = argparse.ArgumentParser(prog="maintain", description="Look after Iceberg tables as policies say.")
    top.add_argument("policies", help="JSON")
    top.add_argument("--table", default="*", help="only tables whose names fit this pattern, such as lakehouse.raw.*")
    arguments = top.parse_args(argv)
    try:
        settings, policies = parse(arguments.policies)
    except ValueError as error:
        top.error(str(error))

    from pyspark.sql import SparkSession  # not needed to look at the arguments

    # Lists of files are short beside the data: many partitions of them would cost more than they spread.
    builder = SparkSession.builder.appName("maintain").config("spark.sql.shuffle.partitions", "4")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    results = []
    try:
        now = datetime.datetime.now(datetime.timezone.utc)
        keeper = Keeper(spark, now)
        for table in keeper.tables(settings["results"].partition(".")[0]):
            policy = policy_of(policies, table)
            if policy is None or not fnmatch.fnmatchcase(table, arguments.table):
                continue
            for result in keeper.look_after(table, policy):
                results.append({"ran_at": now, "run_id": settings["run_id"], **result})
                print(json.dumps(result), flush=True)
        if results:
            rows = [tuple(result.get(name) for name in COLUMNS) for result in results]
            frame = spark.createDataFrame(rows, ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()))
            frame.coalesce(1).writeTo(settings["results"]).append()
    finally:
        spark.stop()
    return 1 if any(result["outcome"] == "failed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
