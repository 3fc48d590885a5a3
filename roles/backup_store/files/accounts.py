# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the file of accounts, FILE [--check], of {name: password} on standard input. Prints `changed` where it differs, and shows nothing else."""

import json
import os
import shutil
import sys

import bcrypt

path, check = sys.argv[1], "--check" in sys.argv
passwords = json.load(sys.stdin)
before = open(path, encoding="ascii").read() if os.path.exists(path) else ""
hashes = dict(line.split(":", 1) for line in before.splitlines())
for name, password in passwords.items():
    if name not in hashes or not bcrypt.checkpw(password.encode(), hashes[name].encode()):
        hashes[name] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
after = "".join("%s:%s\n" % (name, hashes[name]) for name in sorted(passwords))
if after != before:
    print("changed")
    if not check:
        with open(path + ".new", "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o640)) as stream:
            stream.write(after)
        shutil.chown(path + ".new", "root", "rest-server")
        os.rename(path + ".new", path)
