# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints how much one host of the site holds, in bytes, as JSON: folders of its services, topics, tables of databases, memory, disks.

Reads only. Folders and topics are what they take of the disk. Of the object store's folder only the server's own part is among them:
objects are counted in the bucket.
"""
from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import sys

FOLDERS = ["/data/*", "/home/*", "/opt/lakehouse", "/root", "/tmp", "/var/cache", "/var/lib/datalake/*", "/var/lib/mysql", "/var/lib/postgresql",
           "/var/lib/redis", "/var/log", "/var/tmp"]
MARIADB = ("select concat(table_schema, '.', table_name), coalesce(data_length + index_length, 0) from information_schema.tables "
           "where table_type = 'BASE TABLE' and table_schema not in ('information_schema', 'mysql', 'performance_schema', 'sys')")
POSTGRESQL = "select current_database() || '.' || relname, coalesce(pg_total_relation_size(relid), 0) from pg_stat_user_tables"  # null of one just dropped


def taken(path):
    """Bytes of the disk that a file or a folder takes; what goes meanwhile does not count."""
    try:
        found = os.lstat(path).st_blocks * 512
        if os.path.isdir(path) and not os.path.islink(path):
            with os.scandir(path) as entries:
                found += sum(taken(entry.path) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return found


def folders_and_topics(root=""):
    folders, topics = {}, {}
    for path in sorted(path for pattern in FOLDERS for path in glob.glob(root + pattern)):
        name = path[len(root):]
        if os.path.exists(os.path.join(path, ".minio.sys")):
            folders[name + "/.minio.sys"] = taken(os.path.join(path, ".minio.sys"))
        elif os.path.exists(os.path.join(path, "meta.properties")):
            for entry in sorted(os.listdir(path)):
                # A partition's folder has its number at its end; what else is there, the snapshots of the controllers too, is Kafka's own.
                topic = re.fullmatch(r"(.+)-\d+", entry)
                kind, key = (topics, topic[1]) if topic else (folders, "%s/%s" % (name, entry))
                kind[key] = kind.get(key, 0) + taken(os.path.join(path, entry))
        else:
            folders[name] = taken(path)
    return folders, topics


def rows(argv):
    """The lines of a query's answer, as {name: bytes}; a server that is away has none."""
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/")
    return {name: int(size) for name, size in (line.rsplit("\t", 1) for line in done.stdout.splitlines())}


def tables():
    found = {}
    if shutil.which("mariadb"):
        found.update(rows(["mariadb", "--batch", "--skip-column-names", "--execute", MARIADB]))
    for path in glob.glob("/run/postgresql/.s.PGSQL.*[0-9]"):
        psql = ["runuser", "-u", "postgres", "--", "psql", "--port", path.rsplit(".", 1)[1], "--tuples-only", "--no-align", "--field-separator", "\t"]
        for name in rows([*psql, "--command", "select datname, 0 from pg_database where not datistemplate"]):
            found.update(rows([*psql, "--dbname", name, "--command", POSTGRESQL]))
    return found


def memory(meminfo):
    values = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in meminfo.splitlines() if ":" in line}
    return values["MemTotal"] - values["MemAvailable"]


def main():
    folders, topics = folders_and_topics()
    with open("/proc/meminfo", encoding="utf-8") as stream:
        used = memory(stream.read())
    disks = {mount: shutil.disk_usage(mount).used for mount in ("/", "/data") if os.path.ismount(mount)}
    json.dump({"folders": folders, "topics": topics, "tables": tables(), "memory": used, "disks": disks}, sys.stdout)


if __name__ == "__main__":
    main()
