# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what one host of the site is like, as JSON: services, releases, certificates, firewall, disks, memory,
streams' faults, backups. Reads only.

Memory and disks are in MiB, a certificate's life in whole days. Knows the platform's own units by the mark that Ansible
leaves at their top.
"""
from __future__ import annotations

import calendar
import datetime
import glob
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = "/"
MARK = "# Ansible managed"
# Debian's own services that the platform stands on. As patterns, so that only those are named which are there.
DEBIANS = ["mariad[b].service", "postgresql@*.service", "redis-serve[r].service"]
PROPERTIES = ("Id", "Type", "ActiveState", "Result", "NRestarts", "ExecMainStartTimestamp")
MIB = 2**20
# By the account whose settings they read: of the host's own backups, and of the store of all of them.
PROGRAMS = "/usr/local/lib/datalake"
BACKUPS = {"backup": "lakehouse_backup.py", "backup-keeper": "backup_keeper.py"}
# A stream writes its status every few seconds; it waits a minute or two for a broker that is away.
STALE_SECONDS = 180
# What fails is tried again within seconds; by the third time it is no passing fault.
FAILURES = 3


def managed_units(folder):
    """Names of the services of this platform; templates of instances are not services themselves."""
    names = []
    for path in sorted(glob.glob(os.path.join(folder, "*.service"))):
        if os.path.islink(path) or path.endswith("@.service"):
            continue
        with open(path, encoding="utf-8") as stream:
            if stream.readline().startswith(MARK):
                names.append(os.path.basename(path))
    return names


def services(shown):
    """Of the text of `systemctl show`. A service that only runs at times is well if its last run was."""
    found = []
    for block in shown.strip().split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if not values:
            continue
        well = values["ActiveState"] in ("active", "activating", "deactivating") if values["Type"] != "oneshot" else values["Result"] == "success"
        found.append({
            "name": values["Id"].removesuffix(".service"),
            "state": values["ActiveState"] if values["Type"] != "oneshot" else values["Result"],
            "restarts": int(values["NRestarts"] or 0),
            "since": values["ExecMainStartTimestamp"],
            "well": well,
        })
    return found


def releases(folder):
    """{name: version} of the releases that are in place, by their links."""
    found = {}
    for link in sorted(glob.glob(os.path.join(folder, "*"))):
        if os.path.islink(link):
            name = os.path.basename(link)
            found[name] = os.path.basename(os.readlink(link)).removeprefix(name + "-")
    return found


def days_left(not_after, now):
    """Of openssl's `notAfter=Mar  4 12:00:00 2027 GMT`, at a time in seconds."""
    ends = time.strptime(not_after.strip().removeprefix("notAfter="), "%b %d %H:%M:%S %Y GMT")
    return int((calendar.timegm(ends) - now) // 86400)


def output(argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def whole(certificate):
    """Whether the key is there and the certificate is its own."""
    key = os.path.join(os.path.dirname(certificate), "server.key")
    asked = [["openssl", "x509", "-noout", "-pubkey", "-in", certificate], ["openssl", "pkey", "-pubout", "-in", key]]
    said = [subprocess.run(argv, check=False, capture_output=True).stdout for argv in asked]
    return bool(said[0]) and said[0] == said[1]


def certificates(folder):
    return [
        {"path": path, "days": days_left(output(["openssl", "x509", "-noout", "-enddate", "-in", path]), time.time()), "whole": whole(path)}
        for path in sorted(glob.glob(os.path.join(folder, "*/tls/server.crt")))
    ]


def firewall():
    """Whether the kernel has the rules of the file, which a network namespace that ends at once tells as the kernel does."""
    shown = "nft --stateless --terse list table inet lakehouse"
    asked = [["unshare", "--net", "sh", "-c", "nft --file /etc/nftables.conf && " + shown], shown.split()]
    said = [subprocess.run(argv, check=False, capture_output=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).stdout for argv in asked]
    return bool(said[0]) and said[0] == said[1]


def percent_full(mount):
    """As df tells it, of what services may use, in bytes or in files, whichever is scarcer."""
    found = os.statvfs(mount)
    used, files = found.f_blocks - found.f_bfree, found.f_files - found.f_ffree
    return max(-(-100 * used // ((used + found.f_bavail) or 1)), -(-100 * files // (found.f_files or 1)))


def disks():
    found = []
    for mount in [ROOT] + (["/data"] if os.path.ismount("/data") else []):
        usage = shutil.disk_usage(mount)
        found.append({"mount": mount, "size": usage.total // MIB, "used": usage.used // MIB, "percent": percent_full(mount)})
    return found


def streams(folder, now):
    """What streams say is wrong with them, in sentences, at a time in seconds."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "spark-stream-*/status.json"))):
        try:
            with open(path, encoding="utf-8") as stream:
                told = json.load(stream)
        except FileNotFoundError:  # it stops
            continue
        age = now - datetime.datetime.fromisoformat(told["at"]).timestamp()
        if age > STALE_SECONDS:
            found.append("stream %s has not updated its status for %d s" % (told["stream"], age))
        # A table that is wrong stays wrong, and counts no failures.
        found += ["stream %s, %s: %s" % (told["stream"], name, topic["fault"]) for name, topic in sorted(told["topics"].items())
                  if topic["state"] == "failing" and (topic["failures"] >= FAILURES or not topic["failures"])]
    return found


def memory(meminfo):
    values = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in meminfo.splitlines() if ":" in line}
    return {"size": values["MemTotal"], "used": values["MemTotal"] - values["MemAvailable"]}


def backups(etc):
    """What the host's backups and the store say of themselves; none where it has none."""
    settings = {os.path.join(etc, account, "settings.json"): program for account, program in BACKUPS.items()}
    return [found for path, program in settings.items() if os.path.exists(path)
            for found in json.loads(output(["/usr/bin/python3", os.path.join(PROGRAMS, program), path, "--report"]))]


def main():
    units = managed_units("/etc/systemd/system")
    with open("/proc/meminfo", encoding="utf-8") as stream:
        meminfo = stream.read()
    json.dump({
        "services": services(output(["systemctl", "show", "--property=" + ",".join(PROPERTIES)] + units + DEBIANS)),
        "releases": releases("/opt/datalake"),
        "certificates": certificates("/etc/datalake"),
        "firewall": firewall(),
        "disks": disks(),
        "streams": streams("/run", time.time()),
        "backups": backups("/etc/datalake"),
        "memory": memory(meminfo),
    }, sys.stdout)


if __name__ == "__main__":
    main()
