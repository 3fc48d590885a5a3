# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the store of backups: forgets what is old, and reads again what is there.

    backup_keeper.py SETTINGS.json forget
    backup_keeper.py SETTINGS.json check
    backup_keeper.py SETTINGS.json --report
    backup_keeper.py SETTINGS.json restic REPOSITORY ARGUMENT...

Hosts only add to the store; what goes, goes here, on the store itself, by an account that no other host knows.

forget: of each set of backups (tag `set=NAME`) those stay by the policy that are proven, those that are not (by their host, NAME.unchecked) for
`unproven_days`; where none is proven, the policy is for all of them. Then what no backup refers to any more is deleted. A host that was taken over
can add backups with false times, so that the policy would take the true ones: a repository in which a backup's time is not that of its file is left
as it is, and named.

check: each repository is held against its own index, and one of `parts` of its files is read, another one each week. A repository without a key
here (the controller's) has each of its files held against its name, which is its checksum.

--report: what the last runs found, as playbooks/status.yml shows it beside the hosts' backups.

restic: restic itself, with the key of that repository, for who looks or repairs by hand.

SETTINGS.json: path (folder of the repositories), restic (program), results (folder), keep (restic's options), unproven_days,
timeout_hours (the longest that a backup may take), parts, keys ({repository: key}), sealed (repositories without a key here). Leaves
RESULTS/forget.json or check.json, and ends with 1 where it says `failed`.
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any, Callable

# How far a backup's time may be from its file's: before it by no more than a clock is wrong, after it by a run (timeout_hours) and some more, since
# one that has to be checked is written once more then, with the time that it had.
AHEAD, LATE = datetime.timedelta(hours=2), datetime.timedelta(days=1)
UNCHECKED = ".unchecked"
# How old the last good run may be: some more than the timers have.
OLDEST = {"forget": datetime.timedelta(days=2), "check": datetime.timedelta(days=9)}
LOCKED = "--retry-lock=1h"  # a backup that runs is waited for
NAMED = re.compile("[0-9a-f]{64}")

Settings = dict[str, Any]
Restic = Callable[..., str]


class Trouble(Exception):
    """What is wrong with one repository; the others go on."""


# --- What goes ---


def moment(text: str) -> datetime.datetime:
    """Of restic's 2026-12-01T11:53:27.220470197Z; older Pythons know no nanoseconds."""
    return datetime.datetime.fromisoformat(re.sub(r"\.(\d{6})\d*", r".\1", text).replace("Z", "+00:00"))


def liars(snapshots: list[dict[str, Any]], written: dict[str, datetime.datetime], longest: datetime.timedelta) -> list[str]:
    """The backups whose own time is not that of a run at whose end their file came here, or is before that of one that came earlier.

    The runs of a set follow one another. So who has taken over a host cannot add a last backup to days that have one, which would go instead.
    """
    false: list[str] = []
    newest: dict[tuple[str, str], datetime.datetime] = {}
    for snapshot in sorted((each for each in snapshots if each["id"] in written), key=lambda each: written[each["id"]]):
        time, came, one = moment(snapshot["time"]), written[snapshot["id"]], (set_of(snapshot), snapshot["hostname"])
        earliest = came - longest - LATE
        if set_of(snapshot):  # what somebody made by hand takes no other's place
            earliest = max(earliest, newest.get(one, earliest + AHEAD) - AHEAD)
        if earliest <= time <= came + AHEAD:
            newest[one] = max(time, newest.get(one, time))
        else:
            false.append(snapshot["short_id"])
    return false


def set_of(snapshot: dict[str, Any]) -> str:
    """Its tag `set=NAME`; empty where somebody made it by hand, who takes it away by hand too."""
    return next((tag for tag in snapshot.get("tags") or [] if tag.startswith("set=")), "")


def is_good(snapshot: dict[str, Any]) -> bool:
    return not snapshot["hostname"].endswith(UNCHECKED)


def unproven(snapshots: list[dict[str, Any]], written: dict[str, datetime.datetime], before: datetime.datetime) -> list[str]:
    """Those that were not proven in time, which begins when they have come, of sets that have proven ones."""
    proven = {set_of(snapshot) for snapshot in snapshots if is_good(snapshot)} - {""}
    return [snapshot["id"] for snapshot in snapshots
            if set_of(snapshot) in proven and not is_good(snapshot) and snapshot["id"] in written and written[snapshot["id"]] < before]


def forget(folder: pathlib.Path, restic: Restic, settings: Settings) -> dict[str, Any]:
    snapshots = json.loads(restic("snapshots", "--json"))
    files = {path.name: datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc) for path in (folder / "snapshots").iterdir()}
    if false := liars(snapshots, files, datetime.timedelta(hours=settings["timeout_hours"])):
        raise Trouble("retention was not run: the time of %s is not that at which it was written; who made it? See docs/backup.md"
                      % ", ".join(false[:5]))
    old = unproven(snapshots, files, datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=settings["unproven_days"]))
    if old:
        restic("forget", LOCKED, *old)
    for name in sorted({set_of(snapshot) for snapshot in snapshots} - {""}):
        proven = {snapshot["hostname"] for snapshot in snapshots if set_of(snapshot) == name and is_good(snapshot)}
        restic("forget", LOCKED, "--group-by=", "--tag=" + name, *["--host=" + host for host in sorted(proven)], *settings["keep"])
    restic("prune", LOCKED)
    return {"snapshots": len(json.loads(restic("snapshots", "--json")))}


# --- What is damaged ---


def check(folder: pathlib.Path, restic: Restic, settings: Settings) -> dict[str, Any]:
    part = datetime.date.today().isocalendar().week % settings["parts"] + 1
    restic("check", LOCKED, "--read-data-subset=%d/%d" % (part, settings["parts"]))
    return {"part": "%d/%d" % (part, settings["parts"])}


def check_sealed(folder: pathlib.Path) -> dict[str, Any]:
    """Each file's name is its checksum, so that also who has not the key sees damage, though not what is missing."""
    damaged = [str(path.relative_to(folder)) for path in sorted(folder.glob("*/**/*")) if NAMED.fullmatch(path.name) and path.parts[-2] != "locks"
               and hashlib.sha256(path.read_bytes()).hexdigest() != path.name]
    if damaged:
        raise Trouble("damaged: " + ", ".join(damaged))
    return {"part": "1/1"}


# --- The run ---


def runner(settings: Settings, name: str) -> Restic:
    def restic(*arguments: str) -> str:
        environment = dict(os.environ, RESTIC_REPOSITORY=os.path.join(settings["path"], name), RESTIC_PASSWORD=settings["keys"][name])
        done = subprocess.run([settings["restic"], "--no-cache", *arguments], env=environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise Trouble("restic %s: %s" % (arguments[0], " | ".join(lines[-12:])))
        return done.stdout
    return restic


def one(name: str, settings: Settings, verb: str) -> dict[str, Any]:
    """What became of one repository."""
    folder = pathlib.Path(settings["path"], name)
    try:
        if name in settings["sealed"]:
            found = check_sealed(folder) if verb == "check" else {}
        else:
            restic = runner(settings, name)
            restic("unlock")  # those of runs that ended without taking theirs away
            found = {"forget": forget, "check": check}[verb](folder, restic, settings)
        found["state"] = "good"
    except (Trouble, OSError) as error:
        found = {"state": "failed", "reason": str(error)}
    found["bytes"] = sum(path.stat().st_size for path in folder.glob("**/*") if path.is_file())
    return found


def repositories(settings: Settings, verb: str, before: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in sorted([*settings["keys"], *settings["sealed"]]):
        if os.path.exists(os.path.join(settings["path"], name, "config")):
            found[name] = one(name, settings, verb)
        elif before.get(name, {}).get("state", "none") != "none":
            found[name] = {"state": "failed", "reason": "its repository is gone; the next backup begins anew"}
        else:
            found[name] = {"state": "none"}
    return found


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def write(path: pathlib.Path, result: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    new.chmod(0o644)
    new.rename(path)


def run(settings: Settings, verb: str) -> int:
    path = pathlib.Path(settings["results"], verb + ".json")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # the folder itself: a file of a run by root would keep the next one out
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        result: dict[str, Any] = {"set": verb, "state": "running", "began": now(), "ended": None, "reason": "", "good": before.get("good"),
                                  "repositories": before.get("repositories", {})}
        write(path, result)
        found = repositories(settings, verb, result["repositories"])
        failed = {name: each["reason"] for name, each in found.items() if each["state"] == "failed"}
        disk = shutil.disk_usage(settings["path"])
        result.update(state="failed" if failed else "good", ended=now(), repositories=found, free=disk.free, size=disk.total,
                      reason="; ".join("%s: %s" % each for each in failed.items()), bytes=sum(each.get("bytes", 0) for each in found.values()))
        if not failed:
            result["good"] = {"ended": result["ended"], "bytes": result["bytes"]}
        write(path, result)
    finally:
        os.close(folder)
    print(json.dumps(result))
    return 1 if failed else 0


def report(settings: Settings, since: float) -> list[dict[str, Any]]:
    """One line for each kind of run; where there was none, its age counts from the settings."""
    found = []
    for verb, oldest in OLDEST.items():
        path = pathlib.Path(settings["results"], verb + ".json")
        last = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"state": "never", "good": None}
        good = last["good"]
        began = moment(good["ended"]) if good else datetime.datetime.fromtimestamp(since, datetime.timezone.utc)
        age = datetime.datetime.now(datetime.timezone.utc) - began
        old = "no good run for %d days" % age.days if age > oldest else None
        found.append({"set": verb, "last": {"state": last["state"]}, "good": good, "age_minutes": int(age.total_seconds() // 60),
                      "problem": last["reason"] if last["state"] == "failed" else old})
    return found


def main(arguments: list[str]) -> int:
    os.umask(0o007)  # the server, which is of the repositories' group, goes on from what is written here
    settings = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    if arguments[1] == "--report":
        print(json.dumps(report(settings, os.stat(arguments[0]).st_mtime)))
        return 0
    if arguments[1] == "restic":
        name = arguments[2]
        os.environ.update(RESTIC_REPOSITORY=os.path.join(settings["path"], name), RESTIC_PASSWORD=settings["keys"][name])
        os.chdir(settings["results"])  # where its repairs leave copies of what they replace
        os.execv(settings["restic"], ["restic", "--no-cache", *arguments[3:]])
    return run(settings, arguments[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
