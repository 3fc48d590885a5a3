# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves the store of backups by restic and by plain requests: what a host may do there, and what it must be refused.

Reads JSON from standard input: url, restic (program), name and password (of the account for proofs), folder (of its repository, which is
removed at the end), accounts ({name: password} of the hosts). Prints JSON: held, a list of what holds, and broken, of what does not.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request


class Straight(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


def ask(url, method, path, name=None, password=None, body=None):
    """The status of the answer; none where there is no such connection."""
    request = urllib.request.Request(url + path, data=body, method=method)
    if name:
        request.add_header("Authorization", "Basic " + base64.b64encode(("%s:%s" % (name, password)).encode()).decode())
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight, trust)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


class Proofs:
    def __init__(self, expected):
        self.url, self.name, self.password = expected["url"], expected["name"], expected["password"]
        self.folder, self.accounts, self.program = expected["folder"], expected["accounts"], expected["restic"]
        self.held, self.broken = [], []

    def clear(self):
        """Take away the repository that proofs made."""
        if os.path.lexists(self.folder):
            shutil.rmtree(self.folder)

    def hold(self, what, holds, but=""):
        (self.held if holds else self.broken).append(what if holds else "%s: %s" % (what, but))

    def answers(self, what, expected, *request, **more):
        found = ask(self.url, *request, **more)
        self.hold(what, found in expected, "the answer is %s" % found)

    def restic(self, *arguments):
        environment = dict(os.environ, RESTIC_REPOSITORY="rest:%s/%s/" % (self.url, self.name), RESTIC_PASSWORD="of a proof",
                           RESTIC_REST_USERNAME=self.name, RESTIC_REST_PASSWORD=self.password)
        return subprocess.run([self.program, "--no-cache", *arguments], env=environment, check=False, capture_output=True, text=True, timeout=120)

    def files(self):
        """Of the repository, without locks, which come and go."""
        found = {}
        for folder, dummy, names in os.walk(self.folder):
            if os.path.basename(folder) != "locks":
                found.update({os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_mtime_ns for name in names})
        return found

    def of_a_host(self):
        """A repository of its own, as a host has it."""
        with tempfile.TemporaryDirectory() as folder:
            for number in range(2):
                with open(os.path.join(folder, "file"), "w", encoding="utf-8") as stream:
                    stream.write("of a proof %d\n" % number)
                for verb in (("init",), ("backup", folder)) if number == 0 else (("backup", folder),):
                    done = self.restic(*verb)
                    self.hold("restic %s is taken in" % verb[0], done.returncode == 0, done.stderr[-500:])
        done = self.restic("dump", "latest", os.path.join(folder, "file"))
        self.hold("what was backed up is given back", done.stdout == "of a proof 1\n", done.stderr[-500:])
        before = self.files()
        # Restic itself ends well where it is refused.
        self.restic("forget", "latest", "--prune")
        self.restic("forget", "--keep-last=1", "--unsafe-allow-remove-all")
        for path in before:
            self.answers_refused("DELETE", os.path.relpath(path, self.folder))
        self.hold("neither restic nor a request deletes anything", self.files().keys() >= before.keys(), "files of the repository are gone")
        for path in before:
            name = os.path.relpath(path, self.folder).split("/")
            where = "/".join(["", self.name] + ([name[0], name[-1]] if len(name) > 1 else name))
            ask(self.url, "POST", where, self.name, self.password, b"other")
        after = self.files()
        self.hold("nothing is overwritten", all(after.get(path) == time for path, time in before.items()), "files of the repository are others")

    def answers_refused(self, method, path):
        parts = path.split("/")
        name = "/".join(["", self.name] + ([parts[0], parts[-1]] if len(parts) > 1 else parts))
        found = ask(self.url, method, name, self.name, self.password)
        if found not in (401, 403):
            self.broken.append("%s of %s is not refused: the answer is %s" % (method, name, found))

    def of_others(self):
        mine = "/%s/config" % self.name
        self.answers("its own repository is read", [200], "GET", mine, self.name, self.password)
        self.answers("nobody comes in without an account", [401], "GET", mine)
        self.answers("a wrong password is refused", [401], "GET", mine, self.name, "wrong-" + self.password[6:])
        self.answers("the list of all repositories is refused", [401, 403, 404, 405], "GET", "/", self.name, self.password)
        names = [self.name, *self.accounts]
        for name, password in {self.name: self.password, **self.accounts}.items():
            if name != self.name:
                self.answers("%s comes in" % name, [200, 404], "HEAD", "/%s/config" % name, name, password)
            for other in names:
                if other != name:
                    self.answers("%s does not read the repository of %s" % (name, other), [401, 403], "GET", "/%s/config" % other, name, password)
        for method in ("POST", "DELETE"):
            self.answers("%s of another's file is refused" % method, [401, 403], method, "/%s/config" % names[-1], self.name, self.password, body=b"x")
        plain = ask(self.url.replace("https:", "http:"), "GET", mine, self.name, self.password)
        self.hold("without TLS there is no answer", plain in (None, 400), "the answer is %s" % plain)


def main():
    proofs = Proofs(json.load(sys.stdin))
    proofs.clear()  # of a proof that was killed
    try:
        proofs.of_a_host()
        proofs.of_others()
    finally:
        proofs.clear()
    print(json.dumps({"held": proofs.held, "broken": proofs.broken}))
    return 1 if proofs.broken else 0


if __name__ == "__main__":
    sys.exit(main())
