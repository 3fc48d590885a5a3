# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects once to each port of the site and says which one is not as it should be.

Takes a JSON list of {"address", "port", "open", "what"}. A port that should be closed must not let a
connection in; one that should be open must not be filtered (refused by the host is a service that is
down or not started now, such as the page of a Spark application, and is not the firewall's business).
"""
from __future__ import annotations

import concurrent.futures
import json
import socket
import sys

TIMEOUT = 1.5


def connect(port):
    try:
        with socket.create_connection((port["address"], port["port"]), timeout=TIMEOUT):
            return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "filtered"


def main():
    ports = json.loads(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(connect, ports))
    wrong = 0
    for port, answer in zip(ports, answers):
        if (answer == "filtered") == port["open"]:
            wrong += 1
            print("%(what)s at %(address)s:%(port)s should be %(wanted)s and is %(answer)s" % dict(
                port, wanted="reachable" if port["open"] else "closed", answer=answer))
    print("%d ports, %d wrong" % (len(ports), wrong))
    return 1 if wrong or not ports else 0


if __name__ == "__main__":
    sys.exit(main())
