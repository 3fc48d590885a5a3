# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real store of backups on loopback, over TLS: rest-server as the role runs it, restic as a host's client, and the store's own keeper."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import subprocess

from certificates import NAME, make_authority, make_certificate, make_key, pem, pem_key
from loopback import free_port, wait_until_open

KEEPER = pathlib.Path(__file__).resolve().parents[2] / "roles/backup_store/files/backup_keeper.py"
KEEP = ["--keep-within=2d", "--keep-daily=7", "--keep-weekly=4", "--keep-monthly=6"]


class Store:
    """`accounts` are {name: password}; each one's key is its name and a word."""

    def __init__(self, server, restic, folder, accounts):
        self.server, self.program, self.folder, self.accounts = server, restic, folder, accounts
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.data.mkdir()
        authority_key, authority = make_authority()
        key = make_key()
        self.ca_path = folder / "ca.crt"
        self.ca_path.write_bytes(pem(authority))
        (folder / "server.crt").write_bytes(pem(make_certificate("backup", key, NAME, authority_key)))
        (folder / "server.key").write_bytes(pem_key(key))
        # The test's Python has no bcrypt.
        (folder / "htpasswd").write_text("".join("%s:{SHA}%s\n" % (name, base64.b64encode(hashlib.sha1(password.encode()).digest()).decode())
                                                 for name, password in accounts.items()))
        self.start()

    def start(self, lax=False, more=()):
        """As the role does it; `lax` where hosts may do more than they should."""
        self.log = open(self.folder / "log", "a+b")
        self.process = subprocess.Popen(
            [self.server, "--listen", f"127.0.0.1:{self.port}", "--path", self.data, *([] if lax else ["--append-only", "--private-repos"]),
             "--group-accessible-repos", "--htpasswd-file", self.folder / "htpasswd", "--tls",
             "--tls-cert", self.folder / "server.crt", "--tls-key", self.folder / "server.key", *more],
            stdout=self.log, stderr=self.log,
        )
        wait_until_open(self.process, self.port, self.folder / "log")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def environment(self, name):
        """What restic on that host is told."""
        return {"PATH": "/usr/bin:/bin", "RESTIC_REPOSITORY": f"rest:{self.url}/{name}/", "RESTIC_PASSWORD": self.key(name), "RESTIC_REST_USERNAME": name,
                "RESTIC_REST_PASSWORD": self.accounts[name], "RESTIC_CACERT": str(self.ca_path), "RESTIC_CACHE_DIR": str(self.folder / "cache")}

    def key(self, name):
        return f"key of {name}"

    def restic(self, name, *arguments, check=True):
        done = subprocess.run([self.program, *map(str, arguments)], env=self.environment(name), check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    def back_up(self, name, path, *options):
        """The id of the backup."""
        done = self.restic(name, "backup", "--json", *options, path)
        return json.loads(done.stdout.splitlines()[-1])["snapshot_id"]

    def snapshots(self, name):
        return {snapshot["id"] for snapshot in json.loads(self.restic(name, "snapshots", "--json").stdout)}

    def keeper(self, verb, *more, sealed=(), parts=1):
        """What the store's own run leaves behind as its result, and how it ended."""
        settings = {"path": str(self.data), "restic": str(self.program), "results": str(self.folder / "results"), "keep": KEEP,
                    "unproven_days": 4, "timeout_hours": 96, "parts": parts, "sealed": list(sealed),
                    "keys": {name: self.key(name) for name in self.accounts if name not in sealed}}
        (self.folder / "settings.json").write_text(json.dumps(settings))
        (self.folder / "results").mkdir(exist_ok=True)
        done = subprocess.run(["/usr/bin/python3", KEEPER, self.folder / "settings.json", verb, *more], env={"PATH": os.defpath}, check=False,
                              capture_output=True, text=True, timeout=300)
        result = json.loads((self.folder / "results" / f"{verb}.json").read_text()) if not more else done.stdout
        return result, done.returncode
