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

A table that cannot be loaded is one failed row, and the others are kept all the same. A table that shares its folder with
another loses no file: what deletes files is refused and both are named. What another engine cannot read is warned of.
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

import lake

# A query reads the snapshot that it began with, and a writer's files are no table's until it commits: both are over by then.
LEAST_SNAPSHOT_HOURS = 6
LEAST_ORPHAN_HOURS = 24
FIGURES = ("data_files", "bytes", "manifests", "snapshots")
# What takes files away. Rows that are deleted go from the newest snapshot alone, until that one expires.
REMOVES_FILES = ("expire_snapshots", "remove_orphan_files")


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
    where: str = ""  # of rows to be deleted; where there is none, nothing is to be done, and no snapshot is made


def policy_of(policies: list[Policy], table: str) -> Policy | None:
    return next((policy for policy in policies if policy.fits(table)), None)


def actions(policy: Policy, table: str, now: datetime.datetime) -> Iterator[Action]:
    """What is to be called for a table, in the order in which each makes the next one's work small."""
    catalog, dummy, name = table.partition(".")
    system, name = f"{lake.column(catalog)}.system", lake.text(lake.quoted(name))

    def ago(**period: float) -> str:
        return f"timestamp '{now - datetime.timedelta(**period):%Y-%m-%d %H:%M:%S}'"

    if policy.retention:
        # Whole days: where the table is partitioned by them, no file is rewritten. A row without its time stays.
        first_kept = (now - datetime.timedelta(days=policy.retention["days"])).date()
        column = lake.column(policy.retention["column"])
        yield Action("retention", "", where=f"{column} is not null and {column} < timestamp '{first_kept}'")
    if policy.rewrite:
        # Deletes that a MERGE left beside the data are worked in as well.
        options = {
            "min-input-files": policy.rewrite["min_files"],
            "target-file-size-bytes": policy.rewrite["target_mib"] << 20,
            "delete-file-threshold": 1,
            "partial-progress.enabled": "true",
        }
        given = ", ".join(f"'{option}', '{value}'" for option, value in options.items())
        yield Action("rewrite_data_files", f"call {system}.rewrite_data_files(table => {name}, options => map({given}))")
    if policy.manifests:
        yield Action("rewrite_manifests", f"call {system}.rewrite_manifests(table => {name})")
    if policy.statistics:
        yield Action("compute_table_stats", f"call {system}.compute_table_stats(table => {name})")
    if policy.snapshots:
        older = ago(hours=policy.snapshots["hours"])
        keep = policy.snapshots["keep"]
        yield Action("expire_snapshots", f"call {system}.expire_snapshots(table => {name}, older_than => {older}, retain_last => {keep})")
    if policy.orphans:
        older = ago(hours=policy.orphans["hours"])
        yield Action("remove_orphan_files", f"call {system}.remove_orphan_files(table => {name}, older_than => {older})")


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


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:500]


def unreadable(version: int, lost: list[str], fields: dict[str, str]) -> list[str]:
    """What of a table one of the engines cannot bear: its format, columns of former partitions that are gone, fields (type by full name)."""
    found = []
    if version > 2:
        found.append(f"format version {version}: Trino can neither read nor optimize it after its first row-level delete, and there is no way back")
    if lost:
        found.append(f"its partitions were once by a column that was dropped ({', '.join(lost)}): Trino cannot read it; make it anew from its rows")
    nested = [name for name in fields if "." in name]
    twice = sorted({name for name in nested if sum(name.lower() == other.lower() for other in nested) > 1})
    if twice:
        found.append(f"fields that differ by case alone ({', '.join(twice)}): Trino reads one of them for both")
    strange = sorted(name for name in nested if set("-:") & set(name))
    if strange:
        found.append(f"nested fields with '-' or ':' ({', '.join(strange)}): Trino can neither read nor drop the table")
    uuids = sorted(name for name, type_ in fields.items() if type_ == "uuid")
    if uuids:
        found.append(f"columns of type uuid ({', '.join(uuids)}): Spark cannot filter or merge by them; keep a text")
    return found


class Keeper:
    """Works on tables in a session of Spark."""

    def __init__(self, spark, now: datetime.datetime):
        self.spark, self.now = spark, now
        self.places: dict[str, set[str]] = {}  # folders of every table, and of every view
        self.shared: dict[str, list[str]] = {}  # tables that share a folder, and with which others
        self.unplaced: list[str] = []  # tables of which nobody knows the folder: it might be any

    def survey(self, catalog: str) -> tuple[list[str], list[dict]]:
        """Loads every table once: those that can be kept, and a result for each that cannot, or that an engine cannot read."""
        sound, results = [], []

        def note(name: str, action: str, outcome: str, detail: str) -> None:
            results.append({"table_name": name, "action": action, "outcome": outcome, "detail": detail[:500], "seconds": 0.0})

        for namespace in lake.namespaces(self.spark, catalog):
            names: list[str] = []
            entries: dict = {}
            try:
                names = lake.names(self.spark, namespace)
                entries = lake.registered(self.spark, namespace)
            except Exception as error:
                note(namespace, "list", "failed", first_line(error))
            for name, (kind, folders) in entries.items():
                self.places[name] = folders
                if kind.startswith("view"):
                    note(name, "check", "warned", f"a {kind}: other engines neither read nor drop it, and DROP SCHEMA ... CASCADE stops at it half way")
            for name in names:
                try:
                    handle = lake.load(self.spark, name)
                    self.places[name] = self.places.get(name, set()) | lake.folders(handle)
                    faults = self.faults(handle)
                except Exception as error:
                    note(name, "load", "failed", first_line(error))
                    self.unplaced += [name] if name not in self.places else []
                    continue
                sound.append(name)
                if faults:
                    note(name, "check", "warned", "; ".join(faults))
        self.shared = lake.sharing(self.places)
        for name, others in self.shared.items():
            note(name, "check", "failed", f"shares its folder with {', '.join(others)}: none of its files is removed until they are parted")
        return sorted(sound), results

    def faults(self, handle) -> list[str]:
        schema = handle.schema()
        names = self.spark._jvm.org.apache.iceberg.types.TypeUtil.indexNameById(schema.asStruct())
        fields = {name: str(schema.findType(number)) for number, name in dict(names).items()}
        parts = [field for spec in dict(handle.specs()).values() for field in spec.fields()]
        lost = sorted({field.name() for field in parts if schema.findField(field.sourceId()) is None})
        return unreadable(handle.operations().current().formatVersion(), lost, fields)

    def figures(self, table: str) -> dict[str, int]:
        """From the table's own bookkeeping: no file is read for it."""
        handle = lake.load(self.spark, table)
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
        inside = [name for name, places in self.places.items() if any(lake.overlap(lake.normal(folder), place) for place in places)]
        if inside:
            raise Wrong(f"{folder} is a folder of {', '.join(inside)}: no file of it was removed")
        hadoop = self.spark._jvm.org.apache.hadoop.fs
        pattern = hadoop.Path(f"{folder}/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
        filesystem = pattern.getFileSystem(self.spark._jsc.hadoopConfiguration())
        found = [status.getPath().toString() for status in filesystem.globStatus(pattern) or []]
        old = old_days(found, (self.now - datetime.timedelta(days=days)).date())
        for day in old:
            filesystem.delete(hadoop.Path(day), True)
        return len(old)

    def do(self, table: str, action: Action, policy: Policy) -> dict:
        began = time.monotonic()
        result = {"table_name": table, "action": action.name, "detail": "", "removed_files": 0}
        before: dict[str, int] = {}
        after: dict[str, int] = {}
        try:
            if action.name in REMOVES_FILES and (table in self.shared or self.unplaced):
                raise Wrong(f"refused: the folder is also one of {', '.join(self.shared.get(table, self.unplaced))}, for all that is known")
            before = after = self.figures(table)
            if not idle(action.name, policy, before):
                result["removed_files"] = self.call(table, action)
                after = self.figures(table)
            if action.name == "retention" and policy.retention.get("folder"):
                days = self.clear_folder(policy.retention["folder"], policy.retention["days"])
                result["detail"] = f"{days} days of {policy.retention['folder']}"
                result["removed_files"] += days
            result["outcome"] = "done" if result["removed_files"] or before != after else "nothing"
        except Exception as error:
            result.update(outcome="failed", detail=first_line(error))
            print(error, file=sys.stderr)
        figures = {f"{name}_{when}": values.get(name) for name in FIGURES for when, values in (("before", before), ("after", after))}
        return {**result, "seconds": round(time.monotonic() - began, 1), **figures}

    def call(self, table: str, action: Action) -> int:
        """Does it, and says how many files went."""
        if action.where:
            if self.spark.sql(f"select 1 from {lake.quoted(table)} where {action.where} limit 1").first() is not None:
                lake.delete(self.spark, table, action.where)
            return 0
        return removed(action.name, [row.asDict() for row in self.spark.sql(action.sql).collect()])

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


def write(spark, table: str, results: list[dict]) -> None:
    if results:
        rows = [tuple(result.get(name) for name in COLUMNS) for result in results]
        frame = spark.createDataFrame(rows, ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items()))
        frame.coalesce(1).writeTo(lake.quoted(table)).append()


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
    now = datetime.datetime.now(datetime.timezone.utc)
    results: list[dict] = []

    def note(result: dict) -> None:
        results.append({"ran_at": now, "run_id": settings["run_id"], **result})
        print(json.dumps(result), flush=True)

    try:
        keeper = Keeper(spark, now)
        try:
            tables, found = keeper.survey(settings["results"].partition(".")[0])
            for result in found:
                if fnmatch.fnmatchcase(result["table_name"], arguments.table):
                    note(result)
            for table in tables:
                policy = policy_of(policies, table)
                if policy is not None and fnmatch.fnmatchcase(table, arguments.table):
                    for result in keeper.look_after(table, policy):
                        note(result)
        finally:
            write(spark, settings["results"], results)
    finally:
        spark.stop()
    return 1 if any(result["outcome"] == "failed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
