# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for names that mean another address here than the inventory says, and for addresses that are taken already.

Takes a JSON object: `names` (name to address of every host) and `free` (addresses that nobody may have yet). A name that
means nothing here is no fault: the containers are told one another's addresses. All are asked at once, for seconds at most.
"""
from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import sys

TIMEOUT = 3


def asked(*argv):
    """What a command prints; nothing when it fails or takes too long."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout
    except subprocess.SubprocessError:
        return ""


def meanings(name):
    """Addresses of a name, by whatever this machine asks."""
    return sorted({line.split()[0] for line in asked("getent", "ahostsv4", name).splitlines()})


def answers(address):
    """On this machine's own networks, whoever lets in or refuses is there; beyond a router, that may be the router."""
    if " via " in asked("ip", "-4", "route", "get", address):
        return False
    try:
        with socket.create_connection((address, 22), timeout=TIMEOUT / 2):
            return True
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def main():
    wanted = json.loads(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        found = dict(zip(wanted["names"], pool.map(meanings, wanted["names"])))
        taken = dict(zip(wanted["free"], pool.map(answers, wanted["free"])))
    print(json.dumps({
        "elsewhere": {name: found[name] for name, address in wanted["names"].items() if found[name] and address not in found[name]},
        "taken": [address for address, answer in taken.items() if answer],
    }))


if __name__ == "__main__":
    main()
