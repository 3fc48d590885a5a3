# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knocks once at each door of the site and says which one is not as it should be.

Takes a JSON list of {"address", "port", "open", "what"}. A door that should be closed must not let a
connection in; one that should be open must not be filtered (refused by the host is a service that is
down or not started now, such as the page of a Spark application, and is not the firewall's business).
"""
from __future__ import annotations

import concurrent.futures
import json
import socket
import sys

TIMEOUT = 1.5


def knock(door):
    try:
        with socket.create_connection((door["address"], door["port"]), timeout=TIMEOUT):
            return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "filtered"


def main():
    doors = json.loads(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(knock, doors))
    wrong = 0
    for door, answer in zip(doors, answers):
        if (answer == "filtered") == door["open"]:
            wrong += 1
            print("%(what)s at %(address)s:%(port)s should be %(wanted)s and is %(answer)s" % dict(
                door, wanted="reachable" if door["open"] else "closed", answer=answer))
    print("%d doors, %d wrong" % (len(doors), wrong))
    return 1 if wrong or not doors else 0


if __name__ == "__main__":
    sys.exit(main())
