# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knock at a Kafka node's own ports: strangers.py CA_FILE PORT[:certificate] ...

No port may speak without TLS, and one marked so must ask for a certificate. Ends with 1 and says so where one does not.
"""

from __future__ import annotations

import socket
import ssl
import sys

# A question that any Kafka answers to anybody it speaks to: which versions of requests it knows.
QUESTION = bytes.fromhex("0000001a 0012 0000 00000001 0010".replace(" ", "")) + b"verify-strangers"


def answers(port, context=None):
    """Whether a broker answers on this port, with TLS if a context is given."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            connection = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
            connection.settimeout(10)
            connection.sendall(QUESTION)
            # A TLS alert is no answer; to one who speaks plainly it comes as bytes of its own.
            answer = connection.recv(8)
            return len(answer) == 8 and answer[4:] == QUESTION[8:12]
    except OSError:
        return False


def main():
    context = ssl.create_default_context(cafile=sys.argv[1])
    faults = []
    for listener in sys.argv[2:]:
        port, _unused, wants_certificate = listener.partition(":")
        if answers(int(port)):
            faults.append(f"port {port} speaks without TLS")
        if answers(int(port), context) == bool(wants_certificate):
            faults.append(f"port {port} speaks to one without a certificate" if wants_certificate else f"port {port} does not speak TLS")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
