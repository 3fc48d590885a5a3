# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of databases, and the tables that a dump of the metastore's tells of: what is in the dump is of one moment. And what Kafka knows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any, Callable, Iterator, Optional

from backup_restic import Failed

Row = dict[str, Optional[str]]
# What a database is called until it is whole, or while a drill has it. Such a one is nobody's, and not saved.
RESTORED = "lakehouse_restored_"
# Tables of the metastore's schema that say where the newest state of a table is.
WANTED = {"DBS", "TBLS", "TABLE_PARAMS"}


def dump(command: list[str], path: str) -> None:
    """Write what a command says into a file."""
    with open(path, "wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed("%s ended with %d: %s" % (command[0], done.returncode, " ".join(done.stderr.decode(errors="replace").split())[-500:]))


def said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed("%s ended with %d: %s" % (command[0], done.returncode, done.stderr.strip()[-500:]))
    return done.stdout.strip()


# --- MariaDB ---

# A literal: a text in quotes, or what stands up to the next comma.
LITERAL = re.compile(r"'((?:[^'\\]|\\.|'')*)'|([^,()']+)", re.DOTALL)
ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
MEANT = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
INSERT = re.compile(r"INSERT INTO `(\w+)` \(([^)]*)\) VALUES \((.*)\);\s*$", re.DOTALL)


def literal(match: re.Match[str]) -> Optional[str]:
    if match[1] is not None:
        return ESCAPED.sub(lambda each: "'" if each[1] is None else MEANT.get(each[1], each[1]), match[1])
    return None if match[2].strip() == "NULL" else match[2].strip()


def mariadb_rows(lines: Iterator[str]) -> Iterator[tuple[str, Row]]:
    """The rows of a dump that has a line for each row."""
    for line in lines:
        found = INSERT.match(line)
        if found and found[1] in WANTED:
            columns = [name.strip(" `") for name in found[2].split(",")]
            yield found[1], dict(zip(columns, map(literal, LITERAL.finditer(found[3]))))


def mariadb(wanted: dict[str, Any], folder: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Each database as SQL, a line for each row: the same rows are the same bytes in each dump."""
    login = ["--socket=" + wanted["socket"]] if wanted.get("socket") else []
    for database in wanted["databases"]:
        dump(["mariadb-dump", *login, "--single-transaction", "--quick", "--order-by-primary", "--skip-dump-date", "--hex-blob", "--triggers",
              "--complete-insert", "--skip-extended-insert", "--no-autocommit", database], os.path.join(folder, database + ".sql"))
    tables: list[dict[str, str]] = []
    if wanted.get("tables"):
        with open(os.path.join(folder, wanted["databases"][0] + ".sql"), encoding="utf-8", newline="\n") as file:
            tables = tables_of(mariadb_rows(file))
    version = said(["mariadb", *login, "--skip-column-names", "--batch", "--execute", "SELECT VERSION()"])
    return {"databases": wanted["databases"], "server": version}, tables


# --- PostgreSQL ---

COPY = re.compile(r'COPY (?:\w+\.)?"?(\w+)"? \(([^)]*)\) FROM stdin;')
NAMES = ("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' AND NOT starts_with(datname, '%s') ORDER BY 1"
         % RESTORED)
COPIED = re.compile(r"\\(.)")


def postgresql_rows(lines: Iterator[str]) -> Iterator[tuple[str, Row]]:
    """The rows of COPY's blocks."""
    table, columns = None, []
    for line in lines:
        line = line.rstrip("\n")
        found = COPY.match(line) if table is None else None
        if found:
            table, columns = found[1], [name.strip(' "') for name in found[2].split(",")]
        elif line == "\\.":
            table = None
        elif table in WANTED:
            values = [None if each == "\\N" else COPIED.sub(lambda part: MEANT.get(part[1], part[1]), each) for each in line.split("\t")]
            yield table, dict(zip(columns, values))


def postgresql(wanted: dict[str, Any], folder: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Each database in PostgreSQL's own format, unpacked so that the same rows are the same bytes; and accounts, without their passwords."""
    login = ["--port=%s" % wanted["port"]] + (["--host=" + wanted["socket"]] if wanted.get("socket") else [])
    names = wanted.get("databases") or said(["psql", *login, "--dbname=postgres", "--no-align", "--tuples-only", "--command=" + NAMES]).split()
    for database in names:
        dump(["pg_dump", *login, "--format=custom", "--compress=0", database], os.path.join(folder, database + ".dump"))
    dump(["pg_dumpall", *login, "--globals-only", "--no-role-passwords", "--database=postgres"], os.path.join(folder, "globals.sql"))
    tables: list[dict[str, str]] = []
    if wanted.get("tables"):
        path = os.path.join(folder, names[0] + ".dump")
        tables = tables_of(postgresql_rows(iter(said(
            ["pg_restore", "--data-only", *("--table=" + name for name in sorted(WANTED)), "--file=-", path]).split("\n"))))
    version = said(["psql", *login, "--dbname=postgres", "--no-align", "--tuples-only", "--command=SHOW server_version"])
    return {"databases": names, "server": version}, tables


# --- The metastore's tables ---


def tables_of(rows: Iterator[tuple[str, Row]]) -> list[dict[str, str]]:
    """Where the newest metadata of each of Iceberg's tables and views is."""
    held: dict[str, list[Row]] = {name: [] for name in WANTED}
    for table, row in rows:
        if table != "TABLE_PARAMS" or row["PARAM_KEY"] == "metadata_location":
            held[table].append(row)
    databases = {row["DB_ID"]: row["NAME"] for row in held["DBS"]}
    places = {row["TBL_ID"]: row["PARAM_VALUE"] for row in held["TABLE_PARAMS"]}
    found = [{"database": databases[row["DB_ID"]], "table": row["TBL_NAME"], "location": places[row["TBL_ID"]]}
             for row in held["TBLS"] if places.get(row["TBL_ID"])]
    return sorted(found, key=lambda each: (each["database"], each["table"]))


# --- Kafka: topics, users' names, rules and groups' offsets, by its own commands ---

TOPIC = re.compile(r"Topic: (\S+)\s.*PartitionCount: (\d+)\s+ReplicationFactor: (\d+)\s+Configs: ?(.*)")
USER = re.compile(r"(\w+) .*for user-principal '(.+)' are (.*)")
RESOURCE = re.compile(r"Current ACLs for resource `ResourcePattern\(resourceType=(\w+), name=(.+), patternType=(\w+)\)`")
RULE = re.compile(r"\(principal=(.+), host=(.+), operation=(\w+), permissionType=(\w+)\)")


def topics_of(text: str) -> list[dict[str, Any]]:
    """Of `kafka-topics --describe`."""
    found = [match.groups() for match in map(TOPIC.match, text.splitlines()) if match]
    # A value may have commas of its own.
    settings = [dict(each.split("=", 1) for each in re.split(r",(?=[\w.]+=)", config) if each) for *dummy, config in found]
    return [{"name": name, "partitions": int(partitions), "replication": int(replication), "config": config}
            for (name, partitions, replication, dummy), config in zip(found, settings)]


def users_of(text: str) -> list[dict[str, str]]:
    """Of `kafka-configs --describe --entity-type users`: no password is in it."""
    return [{"name": match[2], "what": match[1], "config": match[3]} for match in map(USER.match, text.splitlines()) if match]


def rules_of(text: str) -> list[dict[str, str]]:
    """Of `kafka-acls --list`."""
    rules, resource = [], ("", "", "")
    for line in text.splitlines():
        if found := RESOURCE.search(line):
            resource = (found[1], found[2], found[3])
        elif found := RULE.search(line):
            rules.append(dict(zip(("type", "name", "pattern", "principal", "host", "operation", "permission"), (*resource, *found.groups()))))
    return rules


def offsets_of(text: str) -> list[dict[str, Any]]:
    """Of `kafka-consumer-groups --describe --all-groups`."""
    rows = [line.split() for line in text.splitlines()]
    return [{"group": row[0], "topic": row[1], "partition": int(row[2]), "offset": int(row[3])}
            for row in rows if len(row) > 3 and row[2].isdigit() and row[3].isdigit()]


def kafka(wanted: dict[str, Any], folder: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What a cluster knows beside its records."""
    known = {"topics": topics_of(said(["kafka-topics", "--describe"])),
             "users": users_of(said(["kafka-configs", "--describe", "--entity-type", "users"])),
             "rules": rules_of(said(["kafka-acls", "--list"])),
             "offsets": offsets_of(said(["kafka-consumer-groups", "--describe", "--all-groups"]))}
    with open(os.path.join(folder, "kafka.json"), "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1, sort_keys=True)
    return {name: len(each) for name, each in known.items()}, []


KINDS: dict[str, Callable[[dict[str, Any], str], tuple[dict[str, Any], list[dict[str, str]]]]] = {
    "mariadb": mariadb, "postgresql": postgresql, "kafka": kafka}
