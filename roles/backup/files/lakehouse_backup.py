# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backs up one set of this host, by restic, and leaves what came of it in a file.

    lakehouse_backup.py SETTINGS.json SET         backs it up
    lakehouse_backup.py SETTINGS.json --report    prints how each set is, and the last drill of each that had one, as JSON

SETTINGS.json: restic (path), repository, host, password_file, ca, environment (the store's account), state (folder), s3, sets.
A set has a name, a kind and what its kind asks for; see the role's README.

A snapshot that carries this host's name is good. One that has to be checked first is made under another name (HOST.unchecked) and gets
this host's name when the check has found all that it looked for. So whatever ends half way counts as nothing, and what was good stays.

The first run on a host leaves STATE/SET.begun. Where that is missing and the store has good backups of the set, this is a new host in the
place of one that was lost, and its backups would be the newest ones: it is refused until the restore, or a person, leaves that file.

STATE/results/SET.json is the last run, SET.good.json the last one that was good. Ends with 1 where the set is not backed up.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
import traceback
from typing import Any, Callable

import backup_check
import backup_dumps
from backup_restic import Failed, Restic
from iceberg_files import Unreadable
from lakehouse_s3 import S3, Missing, Refused

# Where the metastore's set leaves its tables and its dump, and the bucket's finds them: a copy of the bucket has its metastore beside it.
TABLES, DUMP = "backup/metastore/tables.json", "backup/metastore/dump.gz"
# What the metastore's dump is called, whoever wrote the list: nothing goes out of its folder.
DUMP_NAME = re.compile(r"\w[\w-]*\.(sql|dump)", re.ASCII)
OLDEST_LIST_SECONDS, LIST_TRIES, LIST_PAUSE_SECONDS = 15 * 60, 5, 3

Settings = dict[str, Any]


def stamp(at: datetime.datetime) -> str:
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(path: str, told: dict[str, Any]) -> None:
    """A file that is there whole, or as it was. Root writes so into the account's folder too, and follows no link of it: the folder is none, and stays
    the one that was opened."""
    folder, name = os.path.split(path)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name + ".new", dir_fd=handle)  # of a run that was killed
        with open(os.open(name + ".new", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=handle), "w", encoding="utf-8") as file:
            json.dump(told, file, indent=2)
            file.write("\n")
            os.fchmod(file.fileno(), 0o644)
        os.replace(name + ".new", name, src_dir_fd=handle, dst_dir_fd=handle)
    finally:
        os.close(handle)


def spool(settings: Settings, wanted: dict[str, Any]) -> str:
    """An empty folder for what a set is made of."""
    folder = os.path.join(settings["state"], "spool", wanted["name"])
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    os.makedirs(folder, mode=0o700)
    return folder


# --- Sets, by their kinds. Each returns what restic and the check say of the snapshot ---


def dumps(settings: Settings, wanted: dict[str, Any], restic: Restic) -> dict[str, Any]:
    """Databases, and of the metastore's the list of its tables, which is left in the bucket too."""
    folder, s3 = spool(settings, wanted), S3(settings["s3"]) if wanted.get("tables") else None
    # The bucket's own time, and before the dump: what is deleted later is seen to be deleted later.
    began = s3.now() if s3 else datetime.datetime.now(datetime.timezone.utc)
    about, tables = backup_dumps.KINDS[wanted["kind"]](wanted, folder)
    about.update(time=stamp(began), kind=wanted["kind"])
    write(os.path.join(folder, "about.json"), about)
    if s3 is not None:
        write(os.path.join(folder, "tables.json"), {"time": stamp(began), "tables": tables})
    told = restic.backup([folder], tags=["set=" + wanted["name"]])
    if s3 is not None:
        name = next(name for name in sorted(os.listdir(folder)) if name.startswith(wanted["databases"][0] + "."))
        with open(os.path.join(folder, name), "rb") as file:
            packed = gzip.compress(file.read(), 1, mtime=0)
        s3.put(DUMP, packed)
        s3.put(TABLES, json.dumps({"time": stamp(began), "snapshot": told["snapshot"], "dump": name, "sha256": hashlib.sha256(packed).hexdigest(),
                                   "about": about, "tables": tables}).encode())
        told["tables"] = len(tables)
    shutil.rmtree(folder)
    return told


def files(settings: Settings, wanted: dict[str, Any], restic: Restic) -> dict[str, Any]:
    """Folders as they are."""
    return restic.backup(wanted["paths"], tags=["set=" + wanted["name"]], exclude=wanted.get("exclude", []))


def list_of_tables(s3: S3, folder: str) -> dict[str, Any]:
    """The metastore's tables as of its last backup. They are left in the folder, with the dump that they are of."""
    for dummy in range(LIST_TRIES):
        try:
            listed, packed = json.loads(s3.get(TABLES)), s3.get(DUMP)
        except Missing as error:
            raise Failed("there is no list of tables (%s): back up the metastore first" % error) from error
        if not DUMP_NAME.fullmatch(listed["dump"]):
            raise Failed("the list of tables names the dump %r, which is no dump's name" % listed["dump"])
        age = s3.now() - datetime.datetime.fromisoformat(listed["time"])
        if age.total_seconds() > OLDEST_LIST_SECONDS:
            raise Failed("the list of tables is of %s, %d minutes old: back up the metastore first" % (listed["time"], age.total_seconds() // 60))
        if hashlib.sha256(packed).hexdigest() == listed["sha256"]:
            break
        time.sleep(LIST_PAUSE_SECONDS)  # the next ones are being written
    else:
        raise Failed("the list of tables of %s and the dump of the metastore are not of one moment: back up the metastore first" % listed["time"])
    write(os.path.join(folder, "tables.json"), listed)
    with open(os.path.join(folder, listed["dump"]), "wb") as file:
        file.write(gzip.decompress(packed))
    return listed


def bucket(settings: Settings, wanted: dict[str, Any], restic: Restic) -> dict[str, Any]:
    """The drives of MinIO, which count once every file of every table was found in the copy."""
    s3 = S3(settings["s3"])
    with held(wanted["lock"]) if wanted.get("lock") else contextlib.nullcontext():
        folder = spool(settings, wanted)
        listed = list_of_tables(s3, folder)
        tags = ["set=" + wanted["name"], "metastore=" + listed["snapshot"], "since=" + listed["time"]]
        told = restic.backup([*wanted["drives"], folder], tags=tags, exclude=wanted.get("exclude", []), checked=False)
        check = backup_check.Check(os.path.join(settings["state"], "checked.db"), s3, settings["s3"]["bucket"])
        faults = check.tables(listed["tables"]) or check.files(restic.ls(told["snapshot"], check.folders(wanted["drives"])), wanted["drives"])
    told.update(check.told)
    if faults:
        raise Failed("%d files of tables are not in the copy as they should be, such as %s" % (len(faults), "; ".join(faults[:5])), told)
    told["snapshot"] = restic.promote(told["snapshot"])
    return told


KINDS: dict[str, Callable[[Settings, dict[str, Any], Restic], dict[str, Any]]] = {
    **{kind: dumps for kind in backup_dumps.KINDS}, "files": files, "bucket": bucket}


# --- One run ---


class held:
    """A lock that is held while something is done. Root takes it in the account's folder too, and follows no link of it."""

    def __init__(self, path: str, wait: bool = True) -> None:
        self.path, self.wait = path, wait

    def __enter__(self) -> None:
        try:
            self.handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)  # that of others may only be read, which is enough
        except FileNotFoundError:
            self.handle = os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | (0 if self.wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            os.close(self.handle)
            raise Failed("another run is in progress; see its own state") from error

    def __exit__(self, *dummy: Any) -> None:
        os.close(self.handle)


def begun(settings: Settings, name: str) -> None:
    """Note that this host has what its backups of a set go on with. Root does so too, in a folder of another account: it follows no link."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(os.path.join(settings["state"], name + ".begun"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))


def refuse_another_host(settings: Settings, wanted: Settings, restic: Restic) -> None:
    """A host that is new has nothing yet of what the store has of the one before it. Of what Kafka knows nothing is restored from a backup."""
    noted = (os.path.join(settings["state"], path) for path in (wanted["name"] + ".begun", "results/" + wanted["name"] + ".good.json"))
    if wanted["kind"] != "kafka" and not any(map(os.path.exists, noted)) and restic.good(wanted["name"]):
        raise Failed("the store has backups of an earlier host: restore them (playbooks/restore.yml), or start new backups (touch %s)"
                     % os.path.join(settings["state"], wanted["name"] + ".begun"))


def lock_of(settings: Settings, wanted: Settings) -> str:
    """That of a set: it is saved, restored or loaded beside itself, one at a time."""
    return os.path.join(settings["state"], wanted["name"] + ".lock")


def stopped(*dummy: Any) -> None:
    raise Failed("it was stopped")


def run(settings: Settings, wanted: dict[str, Any]) -> bool:
    """Back up a set, and leave what came of it; whether it is backed up."""
    results = os.path.join(settings["state"], "results")
    os.makedirs(results, exist_ok=True)
    path, good = (os.path.join(results, wanted["name"] + ending) for ending in (".json", ".good.json"))
    told: dict[str, Any] = {"set": wanted["name"], "kind": wanted["kind"], "state": "running", "store": settings["repository"],
                            "began": stamp(datetime.datetime.now(datetime.timezone.utc)), "pid": os.getpid()}
    write(path, told)
    restic = Restic(settings)
    try:
        if restic.begin() and os.path.exists(good):
            told["note"] = "the store has nothing of this host any more: its backups begin anew"
        refuse_another_host(settings, wanted, restic)
        begun(settings, wanted["name"])
        told.update(KINDS[wanted["kind"]](settings, wanted, restic), state="good")
    except (Failed, Refused, Unreadable, OSError) as error:
        told.update(getattr(error, "told", {}), state="failed", reason=str(error) or repr(error))
    except Exception as error:  # pylint: disable=broad-exception-caught # whatever it was: a run that ended does not look like one that goes on
        told.update(state="failed", reason="%r: %s" % (error, traceback.format_exc(limit=-1).replace("\n", " ")))
    del told["pid"]
    told["ended"] = stamp(datetime.datetime.now(datetime.timezone.utc))
    if told["state"] == "good":
        write(good, told)
    write(path, told)
    print(json.dumps(told))
    return told["state"] == "good"


def told_by(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def seconds_since(text: str, now: datetime.datetime) -> float:
    return (now - datetime.datetime.fromisoformat(text)).total_seconds()


def report_of(wanted: dict[str, Any], last: dict[str, Any], good: dict[str, Any], since: datetime.datetime, now: datetime.datetime) -> dict[str, Any]:
    """How a set is: its last run, the last good one, and what is wrong with it, if anything is.

    :param since: since when it is to be backed up.
    """
    age = seconds_since(good["ended"], now) / 60 if good else None
    problem = None
    if (age if good else (now - since).total_seconds() / 60) > wanted["max_age_minutes"]:
        problem = "the last good backup is %d minutes old" % age if good else "it was never backed up"
        problem += ": " + last["reason"] if "reason" in last else ""
    elif good and age < -5:
        problem = "the last good backup is of the future (%s): set the clock" % good["ended"]
    seconds = round(seconds_since(last["began"], datetime.datetime.fromisoformat(last["ended"]))) if "ended" in last else None
    return {"set": wanted["name"], "kind": wanted["kind"], "max_age_minutes": wanted["max_age_minutes"], "last": last, "good": good,
            "age_minutes": None if age is None else round(age), "seconds": seconds, "problem": problem}


def report(settings: Settings) -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.timezone.utc)
    since = datetime.datetime.fromtimestamp(os.stat(settings["password_file"]).st_mtime, datetime.timezone.utc)
    folder = os.path.join(settings["state"], "results")
    return [report_of(each, *(told_by(os.path.join(folder, each["name"] + ending)) for ending in (".json", ".good.json")), since, now)
            for each in settings["sets"]]


def drills(settings: Settings) -> list[dict[str, Any]]:
    """How the last drill of each set was that had one. One that failed is wrong at once: there may be no backup that can be restored."""
    now, folder, found = datetime.datetime.now(datetime.timezone.utc), os.path.join(settings["state"], "results"), []
    oldest = settings.get("drill_max_age_minutes", 0)
    for name in ("drill-" + each["name"] for each in settings["sets"]):
        last, good = (told_by(os.path.join(folder, name + ending)) for ending in (".json", ".good.json"))
        if last:
            told = report_of({"name": name, "kind": "drill", "max_age_minutes": oldest or float("inf")}, last, good, now, now)
            found.append({**told, "max_age_minutes": oldest,
                          "problem": "the last drill failed: " + last["reason"] if last["state"] == "failed" else told["problem"]})
    return found


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    if sys.argv[2] == "--report":
        print(json.dumps(report(settings) + drills(settings)))
        return
    wanted = next((each for each in settings["sets"] if each["name"] == sys.argv[2]), None)
    if wanted is None:
        raise SystemExit("there is no set %s; there are: %s" % (sys.argv[2], ", ".join(each["name"] for each in settings["sets"])))
    signal.signal(signal.SIGTERM, stopped)
    try:
        with held(lock_of(settings, wanted), wait=False):
            sys.exit(0 if run(settings, wanted) else 1)
    except (Failed, OSError) as error:
        raise SystemExit("%s: %s" % (wanted["name"], error)) from error


if __name__ == "__main__":
    main()
