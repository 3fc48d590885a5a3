# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings back what lakehouse_backup.py has saved. Runs as root, for playbooks/restore.yml and playbooks/drill.yml.

    lakehouse_restore.py plan SET [--at TIME] [--name DATABASE]... [--only PATH]         which backup that would be, and what is in its place
    lakehouse_restore.py plan-of SET             the same for the metastore that belongs to a bucket: by its list of tables, on standard input
    lakehouse_restore.py databases SET SNAPSHOT [--name DATABASE]... [--beside]       databases, in their place or beside it
    lakehouse_restore.py databases SET --from FOLDER                                  the same of dumps that are in a folder
    lakehouse_restore.py folders SET SNAPSHOT [--only PATH] [--into FOLDER]           a set's folders, or one below them
    lakehouse_restore.py tables                  the metastore's tables, and where each one's newest state is
    lakehouse_restore.py forward                 each of them to the newest state that the bucket has of it
    lakehouse_restore.py drill SET               restore the newest backup of a set beside the set, prove that it is whole, and remove it
    lakehouse_restore.py table SNAPSHOT NAME     files of a table as of a backup that the bucket has no more go there again; says which
    lakehouse_restore.py take-back               deletes what was put there so, by the keys on standard input
    lakehouse_restore.py complete                whether the bucket has each file of the tables on standard input; deleted ones come back

Each verb prints JSON. A run that was killed is done again from its beginning: a database is loaded beside the one that is there, and takes its place
when it is whole, and of folders only what differs is written.
"""
from __future__ import annotations

import argparse
import contextlib
import datetime
import http.client
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from typing import Any, Iterable, Iterator, Optional, Sequence

from backup_check import Check
from backup_dumps import RESTORED
from backup_restic import Failed, Restic
from iceberg_files import Unreadable, metadata_of, place_of
from lakehouse_backup import DUMP_NAME, begun, held, lock_of, stamp, write
from lakehouse_s3 import S3, Missing, Refused, Version

SETTINGS = "/etc/datalake/backup/settings.json"
CACHE = "/var/cache/lakehouse-restore"
MINIO, CERTIFICATES, STARTS = "/opt/datalake/minio/bin/minio", "/etc/datalake/minio/certs", 60
ROOT_ACCOUNT = "/etc/datalake/minio/minio.env"
BESIDE = RESTORED + "%s"
# Who loads dumps, in both kinds of servers: an account that is there for just that time.
LOADER = "lakehouse_restore"

Settings = dict[str, Any]


# --- Snapshots ---


def moment(text: str) -> datetime.datetime:
    """A time as restic or a person writes it; without a zone it is the host's own."""
    whole, dot, rest = text.replace("Z", "+00:00").partition(".")
    zone = rest.lstrip("0123456789")  # restic tells nanoseconds, which Python does not know
    try:
        found = datetime.datetime.fromisoformat(whole + zone)
    except ValueError as error:
        raise Failed("%r is no time; write it as 2026-12-01 10:00, in the host's zone, or with one: 2026-12-01T10:00:00-03:00" % text) from error
    return found if found.tzinfo else found.astimezone()


def choose(snapshots: list[Settings], at: Optional[str] = None, number: Optional[str] = None) -> Settings:
    """The newest snapshot, or the newest that is not later than a time, or the one with this number."""
    if number:
        found = [each for each in snapshots if each["id"].startswith(number)]
    else:
        found = [each for each in snapshots if at is None or moment(each["time"]) <= moment(at)]
    if not found:
        had = sorted(each["time"][:19] for each in snapshots)
        which = " " + number if number else " from before " + at if at else ""
        raise Failed("no good backup%s; there are %s" % (which, "those of " + ", ".join(had[-10:]) if had else "none at all"))
    return max(found, key=lambda each: moment(each["time"]))


def spool_of(settings: Settings, *names: str) -> str:
    """Where a set's own files are in a snapshot."""
    return os.path.join(settings["state"], "spool", *names)


def tag(snapshot: Settings, name: str) -> Optional[str]:
    """The value of a tag NAME=VALUE."""
    return next((text.partition("=")[2] for text in snapshot.get("tags") or [] if text.startswith(name + "=")), None)


class Store(Restic):
    """This host's repository, for root: with a cache of its own, since that of the account `backup` stays that account's."""

    def __init__(self, settings: Settings) -> None:
        super().__init__({**settings, "state": CACHE})

    def run(self, *arguments: str) -> str:
        """While the store removes what is old, it is waited for."""
        return super().run("--retry-lock", "1h", *arguments)

    def restore(self, snapshot: str, folder: str, into: str, spare: Iterable[str] = ()) -> Settings:
        """Make a place what a folder was, but for what is spared below it."""
        os.makedirs(into, exist_ok=True)
        spared = [argument for path in spare for argument in ("--exclude", path)]
        told = self.run("restore", "%s:%s" % (snapshot, folder), "--target", into, "--delete", "--overwrite", "always", *spared)
        return json.loads(told.strip().splitlines()[-1])


# --- Databases ---


def ran(argv: list[str], **how: Any) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True, errors="surrogateescape", **how)
    if done.returncode:
        raise Failed("%s: %s" % (os.path.basename(argv[0]), (done.stderr or "ended with %d" % done.returncode).strip()[-500:]))
    return done.stdout


class MariaDB:
    """The server on this host, by its own client."""

    ending = ".sql"

    # What a dump of tables asks for. None of it lets the dump leave something that would run with another's rights later: no view, trigger or function.
    RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, LOCK TABLES"

    def __init__(self, chosen: Settings) -> None:
        self.client = ["mariadb", "--batch", "--raw", "--skip-column-names", *(["--socket=" + chosen["socket"]] if chosen.get("socket") else [])]

    def rows(self, query: str, database: str = "") -> list[list[str]]:
        return [line.split("\t") for line in ran([*self.client, *([database] if database else []), "--execute", query]).splitlines()]

    def tables(self, database: str) -> list[str]:
        """Names of a database's tables; none where there is no such database."""
        return [name for name, in self.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = '%s'" % database)]

    def make(self, database: str) -> None:
        # As the role db_hive makes it: the scripts of the metastore's schema want it so.
        self.rows("DROP DATABASE IF EXISTS `%s`; CREATE DATABASE `%s` CHARACTER SET latin1 COLLATE latin1_bin" % (database, database))

    def beside(self, dump: str, database: str) -> str:
        """Load a dump beside the database; tells its name there."""
        there = BESIDE % database
        self.make(there)
        with self.account(there) as (user, password), open(dump, "rb") as file:
            # A dump may have words for the client, too: in the sandbox it runs no command and reads no file.
            ran([*self.client, "--sandbox", "--user=" + user, there], stdin=file, env={**os.environ, "MYSQL_PWD": password})
        return there

    @contextlib.contextmanager
    def account(self, database: str) -> Iterator[tuple[str, str]]:
        """An account with the rights to one database's tables, while a dump is loaded: the dump may have words of somebody's who wrote to the bucket."""
        password, user = secrets.token_hex(32), "'%s'@localhost" % LOADER
        gone = "DROP USER IF EXISTS %s" % user
        self.script("%s; CREATE USER %s IDENTIFIED BY '%s'; GRANT %s ON `%s`.* TO %s" % (gone, user, password, self.RIGHTS, database, user))
        try:
            yield LOADER, password
        finally:
            self.rows(gone)

    def script(self, text: str) -> None:
        """What is not to be seen on a command line."""
        ran(self.client, input=text)

    def in_place(self, dump: str, database: str) -> None:
        there = self.beside(dump, database)
        names = self.tables(there)
        self.make(database)
        self.rows("RENAME TABLE %s" % ", ".join("`%s`.`%s` TO `%s`.`%s`" % (there, name, database, name) for name in names))
        self.drop(database)

    def drop(self, database: str) -> None:
        """What was loaded beside it."""
        self.rows("DROP DATABASE IF EXISTS `%s`" % (BESIDE % database))


class PostgreSQL:
    """A cluster on this host, by its own clients.

    What is in a database may be what its owner, or who wrote the dump, put there: functions, and what calls them when a row is written or read. None of
    it is called with the administrator's rights, who makes and renames databases alone."""

    ending = ".dump"
    # Without rights of anybody's, as it is when nothing is loaded.
    IDLE = """DO $$ DECLARE name text; BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN
    CREATE ROLE {0};
  END IF;
  FOR name IN SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = '{0}'::regrole LOOP
    EXECUTE format('REVOKE %I FROM {0}', name);
  END LOOP;
END $$;
ALTER ROLE {0} NOLOGIN PASSWORD NULL;
""".format(LOADER)
    SWAP = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('{0}', '{1}');
BEGIN;
ALTER DATABASE "{0}" RENAME TO "{2}";
ALTER DATABASE "{1}" RENAME TO "{0}";
ALTER DATABASE "{2}" RENAME TO "{1}";
COMMIT;
"""

    def __init__(self, chosen: Settings) -> None:
        self.server = ["--port", str(chosen["port"]), *(["--host=" + chosen["socket"]] if chosen.get("socket") else [])]
        self.client = ["psql", "--quiet", "--no-psqlrc", *self.server, "--no-align", "--tuples-only", "--field-separator=\t", "--set=ON_ERROR_STOP=1"]

    def administer(self, statements: str, database: str = "postgres") -> list[list[str]]:
        """As the administrator, who takes every name for the server's own."""
        told = ran(["runuser", "-u", "postgres", "--", *self.client, "--dbname", database], input=statements, cwd="/",
                   env={**os.environ, "PGOPTIONS": "-c search_path=pg_catalog"})
        return [line.split("\t") for line in told.splitlines()]

    @contextlib.contextmanager
    def account(self, owner: Optional[str]) -> Iterator[Settings]:
        """How a command signs in as an account that has an owner's rights, and can sign in for this time alone."""
        password = secrets.token_hex(32)
        os.makedirs(CACHE, exist_ok=True)
        with held(os.path.join(CACHE, "postgresql.lock")):
            self.administer(self.IDLE + "ALTER ROLE %s LOGIN PASSWORD '%s';" % (LOADER, password) + ('GRANT "%s" TO %s;' % (owner, LOADER) if owner else ""))
            try:
                yield {"cwd": "/", "env": {**os.environ, "PGUSER": LOADER, "PGPASSWORD": password}}
            finally:
                self.administer(self.IDLE)

    def rows(self, query: str, database: str) -> list[list[str]]:
        with self.account(self.owner(database)) as how:
            told = ran(["runuser", "-u", "nobody", "--", *self.client, "--dbname", database, "--command", query], **how)
        return [line.split("\t") for line in told.splitlines()]

    def owner(self, database: str) -> Optional[str]:
        """Whose a database is, if that is an account without an administrator's rights."""
        found = self.administer("SELECT rolname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE datname = '%s' AND NOT rolsuper" % database)
        return next((name for name, in found if name != LOADER), None)

    def is_there(self, database: str) -> bool:
        return bool(self.administer("SELECT 1 FROM pg_database WHERE datname = '%s'" % database))

    def tables(self, database: str) -> list[str]:
        """Names of a database's tables; none where there is no such database."""
        asked = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        return [name for name, in self.administer(asked, database)] if self.is_there(database) else []

    def beside(self, dump: str, database: str) -> str:
        """Load a dump beside the database, as its owner's; tells its name there. Others have the rights in it that they had, if it has such an owner."""
        there, owner = BESIDE % database, self.owner(database)
        self.drop(database)
        with self.account(owner) as how, open(dump, "rb") as file:
            self.administer("CREATE DATABASE \"%s\" OWNER \"%s\" TEMPLATE template0 ENCODING UTF8 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
                            % (there, owner or LOADER))
            ran(["runuser", "-u", "nobody", "--", "pg_restore", *self.server, "--dbname", there, "--exit-on-error", "--single-transaction", "--no-owner",
                 *([] if owner else ["--no-acl"])], stdin=file, **how)
        if owner:
            self.administer('REASSIGN OWNED BY {0} TO "{1}"; DROP OWNED BY {0};'.format(LOADER, owner), there)
        return there

    def in_place(self, dump: str, database: str) -> None:
        if not self.is_there(database):
            raise Failed("there is no database %s: run site.yml first, which makes it and its account" % database)
        if self.owner(database) is None:
            raise Failed("the database %s belongs to the cluster's administrator: give it to the account that uses it (ALTER DATABASE ... OWNER TO)" % database)
        self.administer(self.SWAP.format(database, self.beside(dump, database), RESTORED))
        self.drop(database)

    def drop(self, database: str) -> None:
        """What was loaded beside it."""
        self.administer('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % (BESIDE % database))


KINDS: dict[str, Any] = {"mariadb": MariaDB, "postgresql": PostgreSQL}


# Such a name is read as nothing else by a server.
DATABASE = re.compile(r"\w[\w$.-]*", re.ASCII)


def dumped(server: Any, folder: str) -> list[str]:
    """The databases that a folder has dumps of."""
    found = sorted(name.removesuffix(server.ending) for name in os.listdir(folder) if name.endswith(server.ending) and name != "globals.sql")
    odd = [name for name in found if not DATABASE.fullmatch(name)]
    if odd:
        raise Failed("the backup has a dump of a database %r, which is no database's name here" % odd[0])
    return found


def restore_databases(chosen: Settings, folder: str, names: Sequence[str], beside: bool) -> Settings:
    """Load the dumps of databases that are in a folder; tells how many tables each has."""
    server, told = KINDS[chosen["kind"]](chosen), {}
    for name in names or dumped(server, folder):
        dump = os.path.join(folder, name + server.ending)
        if not os.path.exists(dump):
            raise Failed("the backup has no database %s; it has %s" % (name, ", ".join(sorted(os.listdir(folder)))))
        if beside:
            name = server.beside(dump, name)
        else:
            server.in_place(dump, name)
        told[name] = len(server.tables(name))
        # A lock of somebody who is no more would be waited for.
        if chosen.get("tables"):
            server.rows(LOCKS[chosen["kind"]], name)
    return {"databases": told}


LOCKS = {"mariadb": "DELETE FROM HIVE_LOCKS", "postgresql": 'DELETE FROM "HIVE_LOCKS"'}
# Tables and views with the file that each one's newest state is in.
POINTERS = {
    "mariadb": "SELECT t.TBL_ID, d.NAME, t.TBL_NAME, p.PARAM_VALUE FROM TBLS t JOIN DBS d ON t.DB_ID = d.DB_ID "
               "JOIN TABLE_PARAMS p ON p.TBL_ID = t.TBL_ID AND p.PARAM_KEY = 'metadata_location' ORDER BY 2, 3",
    "postgresql": 'SELECT t."TBL_ID", d."NAME", t."TBL_NAME", p."PARAM_VALUE" FROM "TBLS" t JOIN "DBS" d ON t."DB_ID" = d."DB_ID" '
                  'JOIN "TABLE_PARAMS" p ON p."TBL_ID" = t."TBL_ID" AND p."PARAM_KEY" = \'metadata_location\' ORDER BY 2, 3',
}
POINT = {
    "mariadb": "UPDATE TABLE_PARAMS SET PARAM_VALUE = '%s' WHERE TBL_ID = %d AND PARAM_KEY = 'metadata_location'",
    "postgresql": 'UPDATE "TABLE_PARAMS" SET "PARAM_VALUE" = \'%s\' WHERE "TBL_ID" = %d AND "PARAM_KEY" = \'metadata_location\'',
}


# --- Tables and their files ---

# Where an engine writes a table's metadata. Anybody who may write to the bucket can call a file what he likes.
PLAIN = re.compile(r"s3a?://[A-Za-z0-9/_.=:-]+")


def metastore_of(settings: Settings) -> tuple[Any, str, str]:
    """The server, its kind and its database, of the set that has the metastore's tables."""
    chosen = next((each for each in settings["sets"] if each.get("tables")), None)
    if chosen is None:
        raise Failed("this host has no metastore")
    return KINDS[chosen["kind"]](chosen), chosen["kind"], chosen["databases"][0]


def tables_of(settings: Settings) -> list[Settings]:
    server, kind, database = metastore_of(settings)
    return [{"id": int(number), "database": space, "table": name, "location": location}
            for number, space, name, location in server.rows(POINTERS[kind], database)]


def folder_of(key: str) -> str:
    """That of a table: warehouse/DATABASE.db/TABLE/."""
    return "".join(part + "/" for part in key.split("/")[:-1][:3])


def hold(check: Check, s3: S3) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Of the files that tables want those that are deleted, with what deletes them, and those that are lost, each with its table's name."""
    deleted: dict[str, list[str]] = {}
    wanted = check.database
    for folder in sorted({folder_of(key) for key, in wanted.execute("SELECT key FROM wanted")}):
        for key, group in itertools.groupby(s3.versions(folder), key=lambda version: version.key):
            versions = list(group)
            found = wanted.execute("SELECT size FROM wanted WHERE key = ?", (key,)).fetchone()
            markers, content = split(versions)
            if found and content and found[0] in (None, content.size):
                wanted.execute("DELETE FROM wanted WHERE key = ?", (key,))
                if markers:
                    deleted[key] = markers
    return deleted, list(wanted.execute("SELECT of, key FROM wanted ORDER BY of, key"))


def split(versions: list[Version]) -> tuple[list[str], Optional[Version]]:
    """The markers that delete a file, and the newest version of its content."""
    markers = list(itertools.takewhile(lambda version: version.is_marker, versions))
    return [marker.id for marker in markers], versions[len(markers)] if len(markers) < len(versions) else None


def complete(s3: S3, tables: list[Settings]) -> Settings:
    """Whether the bucket has all files of the tables; those that are deleted come back."""
    check = Check(":memory:", s3, s3.settings["bucket"])
    faults = check.tables(tables)
    deleted, lost = hold(check, s3)
    for key, markers in deleted.items():
        for marker in markers:
            s3.request("DELETE", key, {"versionId": marker})
    return {**check.told, "rows": {"%s.%s" % (each["database"], each["table"]): each.get("records") for each in tables},
            "undeleted": sorted(deleted), "faults": faults + ["%s: %s is gone" % each for each in lost]}


def number_of(location: str) -> int:
    """That of a file of metadata, which grows by one with each commit: 00012-UUID.metadata.json."""
    digits = re.match(r"\d+", location.rpartition("/")[2])
    return int(digits[0]) if digits else -1


def newer(location: str, files: Iterable[str]) -> list[str]:
    """Of a folder's files of metadata those of the last commit, where that is later than the one at a location."""
    later = [file for file in files if file.endswith(".metadata.json") and number_of(file) > number_of(location)]
    last = max(map(number_of, later), default=-1)
    return [file for file in later if number_of(file) == last]


def forward(settings: Settings) -> Settings:
    """Let each table be at the newest state that the bucket has of it, where that is one state, of this table, and whole."""
    server, kind, database = metastore_of(settings)
    s3, told = S3(settings["s3"]), {"tables": 0, "forwarded": [], "doubtful": []}
    for table in tables_of(settings):
        told["tables"] += 1
        name, key = "%s.%s" % (table["database"], table["table"]), place_of(table["location"])[1]
        later = newer(key, (version.key for version in s3.versions(key.rpartition("/")[0] + "/") if version.is_latest and not version.is_marker))
        if not later:
            continue
        to = table["location"][:-len(key)] + later[0]
        doubt = why_not(s3, name, key, later, to)
        if doubt:
            told["doubtful"].append("%s: %s" % (name, doubt))
        else:
            server.rows(POINT[kind] % (to, table["id"]), database)
            told["forwarded"].append(name)
    return told


def why_not(s3: S3, name: str, key: str, later: list[str], to: str) -> str:
    """Why a table cannot go forward to a later file of metadata, or nothing."""
    if not PLAIN.fullmatch(to):
        return "%r has a name that no engine gives" % to
    if len(later) > 1:
        return "several states come after the one of the backup: %s" % ", ".join(later)
    try:
        if len({metadata_of(s3.get_any(each), each).get("table-uuid") for each in (key, later[0])}) > 1:
            return "%s is of another table" % later[0]
    except (Missing, Unreadable) as error:
        return str(error)
    check = Check(":memory:", s3, s3.settings["bucket"])
    faults = check.tables([{"database": name, "table": "", "location": to}])
    deleted, lost = hold(check, s3)
    gone = [*faults, *deleted, *(key for dummy, key in lost)]
    return "%s needs what is not there, such as %s" % (later[0], gone[0]) if gone else ""


# --- Folders ---


def paths_of(chosen: Settings) -> list[str]:
    return chosen["drives"] if chosen["kind"] == "bucket" else chosen["paths"]


def restore_folders(store: Store, chosen: Settings, snapshot: str, only: Optional[str], into: str) -> Settings:
    """The folders of a set, so that each is as it was; what a set leaves out stays as it is. What comes back elsewhere is nobody else's yet."""
    told = {"files": 0, "bytes": 0}
    for path in [only] if only else paths_of(chosen):
        place = pathlib.Path(into + path)
        # A folder above it may be another account's, and this program is root.
        if os.path.realpath(place) != str(place):
            raise Failed("%s is not restored: a link on the way leads to %s. Put a folder in the link's place" % (place, os.path.realpath(place)))
        owner = next(folder for folder in (place, *place.parents) if folder.exists()).stat()
        spared = [exclude[len(path):] for exclude in chosen.get("exclude", []) if exclude.startswith(path + "/")]
        done = store.restore(snapshot, path, str(place), spared)
        told["files"] += done.get("files_restored", 0)
        told["bytes"] += done.get("bytes_restored", 0)
        if not into:
            hand_over(str(place), owner)
    return told


def hand_over(folder: str, owner: os.stat_result) -> None:
    """Give a folder and all below it to an account, which may have another number on this host than in the backup. The folder itself is the last:
    where the account could not come in before, it cannot turn this elsewhere meanwhile."""
    for dummy, folders, files, handle in os.fwalk(folder, topdown=False):
        for name in folders + files:
            if os.stat(name, dir_fd=handle, follow_symlinks=False).st_uid != owner.st_uid:
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=handle, follow_symlinks=False)
    if os.lstat(folder).st_uid != owner.st_uid:
        os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)


def as_owner(owner: os.stat_result) -> list[str]:
    """What begins a command that is to have an account's rights, for this program's time, and no way to more."""
    return ["setpriv", "--reuid=%d" % owner.st_uid, "--regid=%d" % owner.st_gid, "--clear-groups", "--no-new-privs", "--pdeathsig=KILL"]


# --- Beside the bucket ---


@contextlib.contextmanager
def served(settings: Settings, drives: Sequence[str], owner: os.stat_result) -> Iterator[S3]:
    """An object store over drives that came back, for this host alone. It ends with this program, however that ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % probe.getsockname()[1]
    account = root_account()
    environment = {"MINIO_ROOT_USER": account["account"], "MINIO_ROOT_PASSWORD": account["secret"], "MINIO_REGION": settings["s3"]["region"],
                   "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "GOMEMLIMIT": "128MiB", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    command = [*as_owner(owner), MINIO, "server", "--quiet", "--address", address, "--certs-dir", CERTIFICATES, *drives]
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process:
        try:
            s3 = S3({**settings["s3"], **account, "url": "https://" + address})
            for dummy in range(STARTS):
                if process.poll() is not None:
                    log.seek(0)
                    raise Failed("an object store over what came back does not start: %s" % log.read()[-500:].decode(errors="replace"))
                with contextlib.suppress(Refused, OSError):
                    next(s3.versions("backup/"), None)
                    break
                time.sleep(1)
            yield s3
        finally:
            process.kill()


@contextlib.contextmanager
def scratch(path: str, need: int) -> Iterator[str]:
    """A folder beside a path, with room for so many bytes. It is root's alone until `hand_over`: nobody can lead elsewhere what is written there."""
    into, room, disk, above = path + "-restored", need * 11 // 10, shutil.disk_usage(path), os.stat(os.path.dirname(path))
    if above.st_uid != os.geteuid() or above.st_mode & 0o022:
        raise Failed("%s is not root's alone, so that others could turn elsewhere what is restored there" % os.path.dirname(path))
    # What is in use goes on meanwhile, and stops where its disk is full.
    if room + disk.total // 10 > disk.free:
        raise Failed("the backup needs %d MiB beside what is there, and a tenth of the disk is to stay free: %s has %d of %d MiB free"
                     % (room >> 20, path, disk.free >> 20, disk.total >> 20))
    if os.path.lexists(into):  # of a run that was killed
        shutil.rmtree(into)
    os.mkdir(into, mode=0o700)
    try:
        yield into
    finally:
        shutil.rmtree(into)


@contextlib.contextmanager
def beside(settings: Settings, store: Store, snapshot: Settings, prefixes: Sequence[str] = ()) -> Iterator[S3]:
    """A bucket's backup, or what it has below some prefixes, in an object store of its own."""
    chosen, = [each for each in settings["sets"] if each["kind"] == "bucket"]
    paths = [path for drive in chosen["drives"] for path in (
        drive + "/.minio.sys", *("/".join([drive, settings["s3"]["bucket"], prefix]).rstrip("/") for prefix in prefixes or [""]))]
    need = sum(size for dummy, size in store.ls(snapshot["id"], paths)) if prefixes else snapshot["summary"]["total_bytes_processed"]
    owner = os.stat(chosen["drives"][0])
    with scratch(chosen["drives"][0], need) as into:
        for path in paths:
            restore_folders(store, chosen, snapshot["id"], path, into)
        hand_over(into, owner)
        with served(settings, [into + drive for drive in chosen["drives"]], owner) as s3:
            yield s3


def drill_bucket(settings: Settings, store: Store, chosen: Settings, snapshot: Settings) -> Settings:
    """Every file of every table of the backup's list, read to its end."""
    listed = json.loads(store.run("dump", snapshot["id"], spool_of(settings, chosen["name"], "tables.json")))
    faults, read, began = [], 0, time.monotonic()
    with beside(settings, store, snapshot) as s3:
        restored = time.monotonic()
        check = Check(":memory:", s3, s3.settings["bucket"])
        faults += check.tables(listed["tables"])
        wanted = check.database.execute("SELECT key, size, of FROM wanted ORDER BY key").fetchall()
        faults += ["%s: %s is gone" % each for each in hold(check, s3)[1]]
        for key, size, of in wanted:
            try:
                got = length_of(s3, key)
            except (Refused, OSError, http.client.HTTPException) as error:
                faults.append("%s: %s" % (of, error))
                continue
            read += got
            if size is not None and got != size:
                faults.append("%s: %s has %d bytes of %d" % (of, key, got, size))
    return {"faults": faults, "tables": len(listed["tables"]), "files": len(wanted), "bytes": read, "seconds_to_restore": round(restored - began),
            "rows": {"%(database)s.%(table)s" % each: each.get("records") for each in listed["tables"]}}


def drill_databases(settings: Settings, store: Store, chosen: Settings, snapshot: Settings) -> Settings:
    """Each database, loaded beside the one that there is; a metastore's tables are those of the backup's list."""
    server, faults, began = KINDS[chosen["kind"]](chosen), [], time.monotonic()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        store.restore(snapshot["id"], spool_of(settings, chosen["name"]), folder)
        try:
            tables = restore_databases(chosen, folder, [], beside=True)["databases"]
            if chosen.get("tables"):
                with open(os.path.join(folder, "tables.json"), encoding="utf-8") as file:
                    had = sorted((each["database"], each["table"], each["location"]) for each in json.load(file)["tables"])
                has = sorted(tuple(row[1:]) for row in server.rows(POINTERS[chosen["kind"]], BESIDE % chosen["databases"][0]))
                faults += [] if has == had else ["the metastore came back with %d tables, and its list has %d, or other states of them" % (len(has), len(had))]
        finally:
            for name in dumped(server, folder):
                try:
                    server.drop(name)
                except Failed as error:
                    faults.append(str(error))
    return {"faults": faults, "databases": tables, "seconds_to_restore": round(time.monotonic() - began)}


def drill_folders(settings: Settings, store: Store, chosen: Settings, snapshot: Settings) -> Settings:
    """Folders beside those that there are, and each repository of git in them whole. What its config has git run has its account's rights."""
    began, faults, owner = time.monotonic(), [], os.stat(chosen["paths"][0])
    with scratch(chosen["paths"][0], snapshot["summary"]["total_bytes_processed"]) as into:
        told = restore_folders(store, chosen, snapshot["id"], None, into)
        repositories = sorted(path for path in pathlib.Path(into).rglob("*.git") if path.is_dir() and not path.is_symlink())
        hand_over(into, owner)
        restored = time.monotonic()
        for path in repositories:
            done = subprocess.run([*as_owner(owner), "git", "-C", str(path), "fsck", "--connectivity-only"], cwd="/", stdin=subprocess.DEVNULL,
                                  env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode:
                faults.append("%s: %s" % (path.name, (done.stderr or done.stdout).strip()[-200:]))
    return {**told, "faults": faults, "repositories": len(repositories), "seconds_to_restore": round(restored - began)}


DRILLS = {"bucket": drill_bucket, "files": drill_folders, "mariadb": drill_databases, "postgresql": drill_databases}


def drill(settings: Settings, store: Store, chosen: Settings) -> Settings:
    """Restore the newest backup of a set beside the set, and leave what came of it where the backups' results are."""
    began = datetime.datetime.now(datetime.timezone.utc)
    told: Settings = {"set": "drill-" + chosen["name"], "kind": "drill", "state": "failed", "began": stamp(began), "store": settings["repository"]}
    try:
        snapshot = choose(store.good(chosen["name"]))
        told.update(snapshot=snapshot["id"], minutes_old=age_of(tag(snapshot, "since") or snapshot["time"])["minutes"],
                    bytes=snapshot["summary"]["total_bytes_processed"])
        told.update(DRILLS[chosen["kind"]](settings, store, chosen, snapshot))
        told.update({"reason": "; ".join(told["faults"][:5])} if told["faults"] else {"state": "good"})
    except (Failed, Refused, Unreadable, OSError) as error:
        told["reason"] = str(error)
    told["ended"] = stamp(datetime.datetime.now(datetime.timezone.utc))
    for ending in [".json"] + [".good.json"] * (told["state"] == "good"):
        write(os.path.join(settings["state"], "results", told["set"] + ending), told)
    return told


def length_of(s3: S3, key: str) -> int:
    """How many bytes of an object can be read, all of which the store holds against its checksums on the way."""
    version = next((each.id for each in s3.versions(key) if each.key == key and not each.is_marker), "null")
    path, query = urllib.parse.quote("/%s/%s" % (s3.settings["bucket"], key), safe="/~"), "versionId=" + version
    connection = http.client.HTTPSConnection(s3.host, context=s3.context, timeout=60)
    try:
        connection.request("GET", path + "?" + query, headers=s3.headers("GET", path, query))
        answer = connection.getresponse()
        if answer.status != 200:
            raise Refused("%s: HTTP %d" % (key, answer.status))
        return sum(len(piece) for piece in iter(lambda: answer.read(1 << 20), b""))
    finally:
        connection.close()


def put_back(settings: Settings, store: Store, number: str, name: str) -> Settings:
    """Give the bucket the files again that a table was made of as of a backup, and that it has no more; says which, and where its state is."""
    snapshot = choose(store.good("bucket"), number=number)
    listed = json.loads(store.run("dump", snapshot["id"], spool_of(settings, "bucket", "tables.json")))
    table = next((each for each in listed["tables"] if "%(database)s.%(table)s" % each == name), None)
    if table is None:
        raise Failed("the backup has no table %s" % name)
    if not PLAIN.fullmatch(table["location"]):
        raise Failed("the backup's %s is at %r, a name that no engine gives: it is not brought back" % (name, table["location"]))
    live, told = S3({**settings["s3"], **root_account()}), {"location": table["location"], "put": [], "bytes": 0}
    with beside(settings, store, snapshot, [folder_of(place_of(table["location"])[1])]) as s3:
        check = Check(":memory:", s3, s3.settings["bucket"])
        faults = check.tables([table])
        wanted = check.database.execute("SELECT key FROM wanted ORDER BY key").fetchall()
        faults += ["%s is gone" % key for dummy, key in hold(check, s3)[1]]
        if faults:
            raise Failed("the backup of %s is not whole: %s" % (name, "; ".join(faults[:5])))
        there = {version.key for version in live.versions(folder_of(place_of(table["location"])[1])) if version.is_latest and not version.is_marker}
        # Those of metadata last: whoever sees one finds what it speaks of.
        for key, in sorted(wanted, key=lambda each: each[0].endswith(".metadata.json")):
            if key not in there:
                content = s3.get_any(key)
                live.put(key, content)
                told["put"].append(key)
                told["bytes"] += len(content)
    return told


# --- What it would be ---


def plan(settings: Settings, store: Store, chosen: Settings, asked: argparse.Namespace) -> Settings:
    snapshot = choose(store.good(chosen["name"]), asked.at)
    told = {"set": chosen["name"], "snapshot": snapshot["id"], **age_of(snapshot["time"]), "files": snapshot["summary"]["total_files_processed"],
            "bytes": snapshot["summary"]["total_bytes_processed"], "since": tag(snapshot, "since") or snapshot["time"]}
    if chosen["kind"] == "bucket":
        told["metastore"] = json.loads(store.run("dump", snapshot["id"], spool_of(settings, chosen["name"], "tables.json")))
        if not DUMP_NAME.fullmatch(told["metastore"]["dump"]):
            raise Failed("the backup's list of tables names the dump %r, which is no dump's name" % told["metastore"]["dump"])
    if chosen.get("tables"):
        listed = json.loads(store.run("dump", snapshot["id"], spool_of(settings, chosen["name"], "tables.json")))
        return {**told, "newer": newer_tables(settings, chosen, listed["tables"])}
    if chosen["kind"] in KINDS:
        server = KINDS[chosen["kind"]](chosen)
        there = [name for name in asked.name if server.tables(name)]
        return {**told, "newer": ["the database %s is there, and in use since the backup" % name for name in there]}
    return {**told, "newer": newer_files(chosen, moment(snapshot["time"]), asked.only)}


def plan_of(settings: Settings, chosen: Settings, listed: Settings) -> Settings:
    """What it would be to restore the metastore that belongs to a bucket's backup, which has its dump."""
    return {"set": chosen["name"], "snapshot": None, **age_of(listed["time"]), "files": None, "bytes": None, "since": listed["time"],
            "newer": newer_tables(settings, chosen, listed["tables"])}


def age_of(time: str) -> Settings:
    at = moment(time)
    return {"time": at.isoformat(timespec="seconds"), "minutes": int((datetime.datetime.now(datetime.timezone.utc) - at).total_seconds() // 60)}


def newer_files(chosen: Settings, at: datetime.datetime, only: Optional[str]) -> list[str]:
    """What is in the place of folders and newer than a time, in sentences."""
    # Neither what the store notes for itself nor what backups leave in it is anybody's work.
    notes = [folder for drive in chosen.get("drives", []) for folder in (drive + "/.minio.sys", drive + "/*/backup")]
    left_out = [part for path in [*chosen.get("exclude", []), *notes] for part in ("-path", path, "-prune", "-o")]
    found = ((path, ran(["find", path, *left_out, "-type", "f", "-newermt", "@%d" % (at.timestamp() + 1), "-print", "-quit"]).strip())
             for path in ([only] if only else paths_of(chosen)) if os.path.exists(path))
    return ["%s has newer files, such as %s" % each for each in found if each[1]]


def newer_tables(settings: Settings, chosen: Settings, listed: list[Settings]) -> list[str]:
    """What the metastore knows and the backup does not, in sentences."""
    if not KINDS[chosen["kind"]](chosen).tables(chosen["databases"][0]):
        return []
    had = {(each["database"], each["table"]): each["location"] for each in listed}
    changed = sorted("%(database)s.%(table)s" % each for each in tables_of(settings) if had.get((each["database"], each["table"])) != each["location"])
    return ["the metastore knows newer states of %d tables, such as %s" % (len(changed), changed[0])] if changed else []


def answer(settings: Settings, asked: argparse.Namespace) -> Any:
    if asked.verb == "tables":
        return tables_of(settings)
    if asked.verb == "forward":
        return forward(settings)
    if asked.verb == "complete":
        return complete(S3({**settings["s3"], **root_account()}), json.load(sys.stdin))
    if asked.verb == "take-back":
        return take_back(S3({**settings["s3"], **root_account()}), json.load(sys.stdin))
    store = Store(settings)
    if asked.verb == "table":
        return put_back(settings, store, asked.set, asked.snapshot)
    chosen = next((each for each in settings["sets"] if each["name"] == asked.set), None)
    if chosen is None:
        raise Failed("this host has no set %s; it has: %s" % (asked.set, ", ".join(each["name"] for each in settings["sets"])))
    if asked.verb == "plan":
        return plan(settings, store, chosen, asked)
    if asked.verb == "plan-of":
        return plan_of(settings, chosen, json.load(sys.stdin))
    if asked.verb == "drill":
        # Databases are not dumped while they are there twice. A bucket's day is not lost for its drill, which is beside what is saved.
        with held(lock_of(settings, chosen)) if chosen["kind"] in KINDS else contextlib.nullcontext():
            return drill(settings, store, chosen)
    # What comes back half way is not backed up.
    with held(lock_of(settings, chosen)):
        return bring_back(settings, store, chosen, asked)


def bring_back(settings: Settings, store: Store, chosen: Settings, asked: argparse.Namespace) -> Settings:
    """A set or a part of it. A host that has all of a set again may go on with that set's backups."""
    if asked.verb == "folders":
        told, whole = restore_folders(store, chosen, asked.snapshot, asked.only, asked.into), not asked.only and not asked.into
    elif asked.source:
        told, whole = restore_databases(chosen, asked.source, asked.name, asked.beside), not asked.name and not asked.beside
    else:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            store.restore(asked.snapshot, spool_of(settings, chosen["name"]), folder)
            told = restore_databases(chosen, folder, asked.name, asked.beside)
            whole = not asked.beside and (not asked.name or set(asked.name) >= set(dumped(KINDS[chosen["kind"]], folder)))
    if whole:
        begun(settings, chosen["name"])
    return told


def take_back(s3: S3, keys: list[str]) -> Settings:
    for key in keys:
        s3.request("DELETE", key)
    return {"deleted": len(keys)}


def root_account() -> Settings:
    """The object store's own, which alone may take back what deletes a file."""
    with open(ROOT_ACCOUNT, encoding="utf-8") as file:
        values = {name: re.sub(r"\\(.)", r"\1", value) for name, value in re.findall(r'^(\w+)="(.*)"$', file.read(), re.MULTILINE)}
    return {"account": values["MINIO_ROOT_USER"], "secret": values["MINIO_ROOT_PASSWORD"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["plan", "plan-of", "databases", "folders", "tables", "forward", "drill", "table", "take-back", "complete"])
    parser.add_argument("set", nargs="?")
    parser.add_argument("snapshot", nargs="?")
    parser.add_argument("--at")
    parser.add_argument("--only")
    parser.add_argument("--into", default="")
    parser.add_argument("--from", dest="source")
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--beside", action="store_true")
    asked = parser.parse_args()
    with open(SETTINGS, encoding="utf-8") as file:
        settings = json.load(file)
    try:
        print(json.dumps(answer(settings, asked)))
    except (Failed, Refused, Unreadable, OSError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
