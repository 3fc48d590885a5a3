# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks once at all that makes a host hard, as root, and prints it as JSON: what is to be so, the tests know.

{"sshd": {setting: [value]}, "exposure": {unit: score}, "units": {unit: [line of its file]},
"listeners": [{"kind", "address", "port", "process"}],
"settings": [{"path", "kind", "user", "group", "mode"}] below /etc/datalake, "members": {group: [account]},
"accounts": {account: whether it is a service's}, "passwords": [account that has one],
"writable": [path that everybody may write to], "foreign": [setuid or setgid file that no package of Debian owns]}
"""

from __future__ import annotations

import glob
import grp
import json
import os
import pwd
import re
import stat
import subprocess

UNITS = "/etc/systemd/system"


def told(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def sshd():
    found = {}
    for line in told("/usr/sbin/sshd", "-T").splitlines():
        name, dummy, value = line.partition(" ")
        found.setdefault(name, []).append(value)
    return found


def units():
    """The lines of each unit that Ansible wrote."""
    found = {}
    for path in glob.glob(f"{UNITS}/*.service"):
        if not os.path.islink(path):
            with open(path, encoding="utf-8") as file:
                found[os.path.basename(path)] = file.read().splitlines()
    return {unit: lines for unit, lines in found.items() if lines[:1] == ["# Ansible managed"]}


def exposure():
    lines = [line.split() for line in told("systemd-analyze", "security", "--no-pager").splitlines()[1:]]
    return {line[0]: float(line[1]) for line in lines}


def listeners():
    found = []
    for line in told("ss", "-Hltunp").splitlines():
        columns = line.split()
        kind, local = columns[0], columns[4]
        address, dummy, port = local.rpartition(":")
        process = re.search(r'"([^"]+)"', line)
        found.append({"kind": kind, "address": address.strip("[]"), "port": int(port), "process": process.group(1) if process else ""})
    return found


def settings(root="/etc/datalake"):
    found = []
    for folder, dummy, names in os.walk(root):
        for path in [folder] + [os.path.join(folder, name) for name in names]:
            state = os.lstat(path)
            kind = "link" if stat.S_ISLNK(state.st_mode) else "folder" if stat.S_ISDIR(state.st_mode) else "file"
            found.append({"path": path, "kind": kind, "user": user(state.st_uid), "group": group(state.st_gid), "mode": f"{stat.S_IMODE(state.st_mode):04o}"})
    return found


def user(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group(gid):
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def passwords():
    with open("/etc/shadow", encoding="utf-8") as file:
        return [fields[0] for fields in (line.split(":") for line in file) if fields[1][:1] not in ("!", "*")]


def loose():
    """What everybody may write to, and what runs as another than who starts it, on the disks of this host."""
    writable = ["(", "-type", "f", "-o", "-type", "d", ")", "-perm", "-o=w", "-printf", "w%p\\0"]
    raised = ["-type", "f", "-perm", "/6000", "-printf", "s%p\\0"]
    looked = ["find", "/", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/dev", ")", "-prune", "-o", *writable, "-o", *raised]
    found = told(*looked).split("\0")[:-1]
    return [path[1:] for path in found if path[0] == "w"], [path[1:] for path in found if path[0] == "s"]


def owned(paths):
    """Those that a package brought; the same under the name that it has since /bin is a link to /usr/bin."""
    names = {path: path for path in paths} | {path.removeprefix("/usr"): path for path in paths}
    said = told("dpkg-query", "--search", *names) if names else ""
    return {names[place] for place in (line.partition(": ")[2] for line in said.splitlines()) if place in names}


def main():
    writable, raised = loose()
    print(json.dumps({
        "sshd": sshd(), "exposure": exposure(), "units": units(), "listeners": listeners(), "settings": settings(),
        "members": {entry.gr_name: entry.gr_mem for entry in grp.getgrall()},
        "accounts": {entry.pw_name: 0 < entry.pw_uid < 1000 for entry in pwd.getpwall()}, "passwords": passwords(),
        "writable": writable, "foreign": sorted(set(raised) - owned(raised)),
    }))


main()
