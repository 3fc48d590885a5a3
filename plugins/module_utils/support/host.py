# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a support bundle takes from a host. All is read by commands that are given up after a while: a disk that dies lets a read wait for ever."""

from __future__ import annotations

import glob
import os
import re
import select
import shlex
import signal
import subprocess
import time

MIB = 2**20
FILE_BYTES = 256 * 1024
OUTPUT_BYTES = MIB
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "COLUMNS": "200"}
# Commands by the file that they fill. Those of the first table are of any host, those of the second of one that is the platform's alone.
OF_ANY = {
    "versions.txt": ["cat /etc/os-release", "uname --all", "ls -l /opt/datalake /opt/lakehouse", "python3 --version", "java -version"],
    "disk.txt": ["df --human-readable --print-type", "df --inodes", "findmnt --list"],
    "memory.txt": ["uptime", "free --mebi", "cat /proc/meminfo", "cat /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io",
                   "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory.max"],
    "time.txt": ["date --iso-8601=seconds", "timedatectl"],
}
OF_OWN = {
    "packages.txt": ["dpkg-query --show"],
    "units.txt": ["systemctl list-units --failed --no-pager --full", "systemctl list-units --all --no-pager --full",
                  "systemctl list-timers --all --no-pager --full", "journalctl --disk-usage"],
    "processes.txt": ["ps -e -o user:20,pid,ppid,rss,pcpu,etimes,stat,args --sort -rss --width 500"],
    "sockets.txt": ["ss --summary", "ss --tcp --udp --listening --numeric --processes", "ss --tcp --numeric --processes", "ip address", "ip route"],
    "firewall.txt": ["nft list ruleset"],
}
SETTINGS = ["/etc/datalake", "/etc/mysql", "/etc/postgresql", "/etc/redis", "/etc/systemd", "/etc/hosts", "/etc/resolv.conf", "/etc/nftables.conf"]
SETTINGS_FOLDER = "settings"  # of the archive
SETTINGS_NAMES = re.compile(r"\.(properties|xml|ya?ml|json|conf|cfg|cnf|ini|config|env|toml|py|service|timer|socket|path)$|^/etc/hosts$")
# Files of keys and passwords, whatever they end in.
NEVER = re.compile(r"/(tls|ssl|private)/|passw(?!ord-authenticator)|secret|token|credential|keystore|[/._-]key|\.acl$|/debian\.cnf$", re.IGNORECASE)
KEYS = ["/etc/datalake", "/etc/ssh", "/etc/ssl/private", "/etc/postgresql", "/etc/mysql", "/root/.ssh", "/home/*/.ssh"]


def is_settings(path):
    return bool(SETTINGS_NAMES.search(path)) and not NEVER.search(path)


class Host:
    """Collects once.

    :param command_seconds: how long one command may take.
    :param seconds: how long all may take until no further one is begun.
    """

    def __init__(self, command_seconds, seconds):
        self.command_seconds, self.end = command_seconds, time.monotonic() + seconds
        self.problems = []  # sentences

    def run(self, argv, limit=OUTPUT_BYTES, errors=subprocess.STDOUT):
        """The last `limit` bytes of what a command says, and with which code it ended if that was not 0. That it did not end in time is a line
        of `problems`.
        """
        kept, cut, code = bytearray(), False, None
        what, end = shlex.join(argv)[:200], min(time.monotonic() + self.command_seconds, self.end)
        if end <= time.monotonic():
            self.problems.append("%s was not begun: the time was up" % what)
            return b""
        try:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=ENVIRONMENT, start_new_session=True)
        except OSError as error:
            return b"[%s]\n" % error.strerror.encode()
        with process.stdout as said:
            while (left := end - time.monotonic()) > 0 and select.select([said], [], [], left)[0]:
                data = os.read(said.fileno(), 65536)
                if not data:
                    break
                kept += data
                if len(kept) > 2 * limit:
                    cut, kept = True, kept[-limit:]
            try:
                code = process.wait(max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.problems.append("%s did not end within %d s" % (what, self.command_seconds))
                os.killpg(process.pid, signal.SIGKILL)  # and is not waited for: what hangs in the kernel does not end by this either
        if cut or len(kept) > limit:
            kept = b"[only the end]\n" + kept[-limit:].partition(b"\n")[2]
        return bytes(kept) + (b"[ended with %d]\n" % code if code else b"")

    def _paths(self, argv):
        found = self.run(argv, errors=subprocess.DEVNULL).decode(errors="surrogateescape").split("\0")
        return sorted(path for path in found if path.startswith("/"))

    def _said(self, commands):
        return b"\n".join(b"$ " + shlex.join(argv).encode() + b"\n" + self.run(argv) for argv in commands)

    def keys(self):
        """{"key PATH": text} of the private keys that the host has."""
        paths = self._paths(["grep", "--recursive", "--files-with-matches", "--null", "--no-messages", "--devices=skip", "--",
                             "-----BEGIN .*PRIVATE KEY-----", *(path for pattern in KEYS for path in glob.glob(pattern))])
        return {"key " + path: self.run(["head", "--bytes", str(FILE_BYTES), "--", path]).decode(errors="replace") for path in paths}

    def settings(self):
        """{path: bytes} of the platform's settings, without files of keys and passwords."""
        paths = self._paths(["find", *filter(os.path.exists, SETTINGS), "-type", "f", "-size", "-%dk" % (FILE_BYTES // 1024), "-print0"])
        return {path: self.run(["head", "--bytes", str(FILE_BYTES), "--", path]) for path in filter(is_settings, paths)}

    def certificates(self):
        """What the platform's certificates say of themselves."""
        paths = self._paths(["find", *filter(os.path.exists, ["/etc/datalake"]), "-name", "server.crt", "-print0"])
        return self._said([["openssl", "x509", "-noout", "-subject", "-issuer", "-dates", "-ext", "subjectAltName", "-in", path] for path in paths])

    def collect(self, hours, journal_mib, units):
        """{name of a file: bytes}. With units, only what is of those and of the platform."""
        files = {name: self._said(map(shlex.split, commands)) for name, commands in {**OF_ANY, **({} if units else OF_OWN)}.items()}
        if units:
            files["units.txt"] = self._said([["systemctl", "status", "--no-pager", "--full", "--lines=0", "--", *units]])
        journal = ["journalctl", "--quiet", "--no-pager", "--output=short-iso", "--since=-%dh" % hours, "--lines=200000"]
        files["journal.txt"] = self.run(journal + ["--unit=" + unit for unit in units], journal_mib * MIB)
        if not units:
            files["certificates.txt"] = self.certificates()
            files.update((SETTINGS_FOLDER + path, text) for path, text in self.settings().items())
        return files
