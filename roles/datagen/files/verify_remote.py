# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove on the controller that the account for programs takes its three words, and nothing else.

Reads the ssh command, as a list up to the host's name, and the types as JSON on standard input; writes what held and what did
not as JSON, and ends with 1 if anything did not.
"""

from __future__ import annotations

import json
import subprocess
import sys

REFUSAL = "it takes status, health, or run"
# What somebody tries who wants more than that.
TRIES = (
    [], ["id"], ["sh"], ["run"], ["run sales"], ["run olt_metrics; id"], ["run olt_metrics\nid"], ["run", "olt_metrics", "--at", "2001-01-01"],
    ["run ../../etc"], ["health; id"], ["$(id)"], ["status", "--all"], ["systemctl", "stop", "ssh"], ["scp", "-f", "/etc/passwd"],
    ["/usr/lib/openssh/sftp-server"],
)  # fmt: skip


class Verification:
    def __init__(self, ssh):
        self.ssh, self.held, self.broken = ssh, [], []

    def call(self, *options, command=()):
        found = subprocess.run(
            [*self.ssh[:1], *options, *self.ssh[1:], *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        return found.returncode, found.stdout, found.stderr

    def check(self, what, holds, otherwise=""):
        (self.held if holds else self.broken).append(what if holds else f"{what}: {otherwise}")

    def allowed(self):
        code, out, err = self.call(command=["status"])
        self.check("status is told", code == 0 and "Id=datagen@" in out, err or out)
        code, out, err = self.call(command=["health"])
        self.check("health is told", code in (0, 1, 2) and "buffer" in out, err or out)

    def refused(self):
        for words in TRIES:
            code, out, err = self.call(command=words)
            self.check(f"{' '.join(words) or 'a shell'} is refused", code == 2 and REFUSAL in err and not out, f"{code} {out} {err}")
        dummy, out, err = self.call("-tt", command=["status"])
        self.check("a terminal is refused", "PTY allocation request failed" in err, err or out)
        code, out, err = self.call("-W", "127.0.0.1:22")
        self.check("going on from there is refused", code != 0 and "SSH-2.0" not in out and "prohibited" in err, err or out)
        code, out, err = self.call("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22", command=["status"])
        self.check("opening a port there is refused", code == 255 and "forwarding failed" in err, err or out)
        code, out, err = self.call("-s", command=["sftp"])
        self.check("copying files is refused", code == 2 and not out, f"{code} {out} {err}")


def main():
    verification = Verification(json.load(sys.stdin)["ssh"])
    verification.allowed()
    verification.refused()
    json.dump({"held": verification.held, "broken": verification.broken}, sys.stdout, indent=1)
    return 1 if verification.broken else 0


if __name__ == "__main__":
    sys.exit(main())
