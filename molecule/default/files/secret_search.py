# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where none may be: whole, in parts, and as JSON, a shell, a URL, XML, Python or base64 write them.

    secret_search.py files PATH...   in these files
    secret_search.py host            on this host, as root: in the journal, in the arguments of processes, in the environment of those that a
                                     person or a stranger may look into, and in files that others than the owner can read

Reads {name: value} as JSON from standard input; a value of fewer than 8 characters is passed over, a list counts as its parts.
Prints {"secrets": how many, "looked_at": how many files and processes, "found": [{"secret": name, "place": where}]} as JSON, never a value,
and ends with 1 when something was found, with 2 when it could not look. GNU grep looks, which gets what it looks for by a file without a name.
It shares nothing with the collection's own secret_forms on purpose: a test that had the faults of what it tests would not find them.
"""

from __future__ import annotations

import base64
import html
import json
import os
import pwd
import shlex
import stat
import subprocess
import sys
import urllib.parse

SHORTEST = 8
PART = 12  # as long as no two texts have in common by chance
LARGEST = 1 << 20  # what is larger is no file of settings
ROOTS = ("/etc", "/opt", "/home", "/root", "/srv", "/tmp", "/usr/local", "/var/lib", "/var/log", "/var/tmp", "/dev/shm", "/run")
# Releases and packages, the same on every site, and what the kernel shows.
PUBLIC = ("/opt/datalake", "/var/lib/dpkg", "/var/lib/apt", "/run/systemd/journal")
# Where a service's own group may read its secrets: settings and state of each service.
HOLDERS = ("/etc/datalake/", "/var/lib/datalake/", "/etc/redis/")


def lines_of(value):
    """The lines that are secret; of a private key, what follows the head that all keys of its kind share."""
    lines = value.splitlines()
    return [value] if len(lines) < 2 else [line for line in lines[2:] if len(line) >= 40 and not line.startswith("-----")]


def base64_forms(raw):
    """As base64 has it within a longer text, which begins one, two or three bytes before a border of three."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode()
        inner = coded[-(-before * 8 // 6):len(coded.rstrip("=")) - (1 if (before + len(raw)) % 3 else 0)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def forms(text):
    """A text as it is and as other languages write it."""
    yield text
    for ascii_alone in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_alone)[1:-1]
        yield from (once, json.dumps(once)[1:-1])
    yield from (repr(text)[1:-1], shlex.quote(text).strip("'"))
    yield from (html.escape(text), html.escape(text, quote=False), html.escape(text).replace("&#x27;", "&apos;"))
    yield from (urllib.parse.quote(text), urllib.parse.quote(text, safe=""), urllib.parse.quote_plus(text))
    yield from base64_forms(text.encode())


def needles(secrets):
    """What to look for: {bytes: name of the secret}."""
    table = {}
    for name, value in secrets.items():
        for part in value if isinstance(value, list) else [value]:
            lines = lines_of(part) if isinstance(part, str) and len(part) >= SHORTEST else []
            for line in lines:
                for form in {form.encode() for form in forms(line)}:
                    length = min(len(form), PART) if line == part else len(form)
                    for start in range(len(form) - length + 1):
                        table.setdefault(form[start:start + length], name)
    return table


class Search:
    """Looks for a table of needles, and keeps what it finds."""

    def __init__(self, table):
        self.table, self.found, self.looked_at = table, set(), 0
        self.patterns = os.memfd_create("patterns")
        os.write(self.patterns, b"\n".join(table) + b"\n")

    def grep(self, *arguments, **how):
        os.lseek(self.patterns, 0, os.SEEK_SET)
        command = ["grep", "-aosF", "-f", f"/proc/self/fd/{self.patterns}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, pass_fds=[self.patterns], check=False, env={"LC_ALL": "C"}, **how)
        return done.stdout

    def files(self, paths):
        """Look into files, which may have gone meanwhile; ones too many for one command line are taken in turns."""
        self.looked_at += len(paths)
        for start in range(0, len(paths), 1000):
            for line in self.grep("-HZ", "--", *paths[start:start + 1000]).split(b"\n")[:-1]:
                path, dummy, match = line.partition(b"\0")
                self.found.add((self.table[match], os.fsdecode(path)))

    def journal(self):
        """Look into the journal: what was said, and the arguments of who said it."""
        command = ["journalctl", "--quiet", "--no-pager", "--all", "--output=cat", "--output-fields=MESSAGE,_CMDLINE"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as journal:
            matches = set(self.grep("-h", "-", stdin=journal.stdout).split(b"\n")[:-1])
        for match in matches:
            self.found.add((self.table[match], f"the journal, lines of {', '.join(self.speakers(match))}"))

    @staticmethod
    def speakers(match):
        command = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json", "--output-fields=MESSAGE,_CMDLINE,SYSLOG_IDENTIFIER,_COMM"]
        said = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
        lines = [json.loads(line) for line in said.splitlines() if match in line]
        return sorted({line.get("SYSLOG_IDENTIFIER") or line.get("_COMM") or "somebody" for line in lines})

    def processes(self):
        """Look into the arguments of each process, and the environment of those whose account is a person's or everybody's."""
        people = {entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid and entry.pw_shell.endswith("sh")} | {65534}
        looked = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                owner = os.stat(f"/proc/{pid}").st_uid
            except FileNotFoundError:
                continue
            looked += [f"/proc/{pid}/cmdline"] + ([f"/proc/{pid}/environ"] if owner in people else [])
        before, self.found = self.found, set()
        self.files(looked)
        for name, place in self.found:
            pid, what = place.split("/")[2:4]
            before.add((name, f"the {'arguments' if what == 'cmdline' else 'environment'} of a process, {called(pid)}"))
        self.found = before


def called(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "which has ended"


def readable_files(roots, public=PUBLIC, holders=HOLDERS):
    """Files that everybody can read, or a group where no group may."""
    paths = []
    for root in roots:
        for path, reached, state in walk(root, public, holders):
            by_group = state.st_mode & stat.S_IRGRP and state.st_gid != 0 and not path.startswith(holders)
            if 0 < state.st_size <= LARGEST and (by_group or (reached and state.st_mode & stat.S_IROTH)):
                paths.append(path)
    return paths


def walk(folder, public, holders, reached=True):
    """Each regular file below a folder, as (path, whether everybody gets to its folder, status); not what only a service gets to, and may hold."""
    try:
        reached = reached and bool(os.lstat(folder).st_mode & stat.S_IXOTH)
        if folder in public or (not reached and f"{folder}/".startswith(holders)):
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from walk(entry.path, public, holders, reached)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, reached, entry.stat(follow_symlinks=False)
    except OSError:
        return  # gone meanwhile


def refuse(why):
    print(f"secret_search: {why}", file=sys.stderr)
    sys.exit(2)


def main(argv):
    secrets = json.load(sys.stdin)
    table = needles(secrets)
    if not table:
        refuse("no value of 8 characters or more; there is nothing to look for")
    search = Search(table)
    if argv[:1] == ["files"] and argv[1:]:
        unread = [path for path in argv[1:] if not os.access(path, os.R_OK)]
        if unread:
            refuse(f"cannot read {', '.join(unread)}")
        search.files(argv[1:])
    elif argv == ["host"]:
        search.journal()
        search.processes()
        search.files(readable_files(ROOTS))
    else:
        refuse(__doc__)
    found = [{"secret": name, "place": place} for name, place in sorted(search.found)]
    print(json.dumps({"secrets": len(set(table.values())), "looked_at": search.looked_at, "found": found}))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
