# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shakes hands with each TLS port of this host as a client does, and says whose certificate it shows.

Takes JSON {"name": full name of the host, "address": its address, "listeners": [{"port", "what", "tls"}]}; "tls" is "postgres" where
TLS is asked for first. The chain and the name are held against the authorities that this host trusts. Prints
[{"port", "what", "days" of life left, "version" of TLS, "problem" or null}] as JSON.
"""
from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import time

TIMEOUT = 10
# The length of the message and the number by which PostgreSQL's clients ask for TLS.
POSTGRES_WANTS_TLS = struct.pack("!ii", 8, 80877103)


def shake_hands(context, name, address, listener):
    with socket.create_connection((address, listener["port"]), timeout=TIMEOUT) as plain:
        if listener["tls"] == "postgres":
            plain.sendall(POSTGRES_WANTS_TLS)
            if plain.recv(1) != b"S":
                raise ssl.SSLError("offers no TLS")
        with context.wrap_socket(plain, server_hostname=name) as secure:
            return secure.getpeercert()["notAfter"], secure.version()


def look(context, name, address, listener, now):
    found = {"port": listener["port"], "what": listener["what"], "days": None, "version": None, "problem": None}
    try:
        ends, found["version"] = shake_hands(context, name, address, listener)
        found["days"] = int((ssl.cert_time_to_seconds(ends) - now) // 86400)
    except OSError as error:  # a failed handshake is one, too
        found["problem"] = getattr(error, "verify_message", None) or str(error)
    return found


def main():
    told = json.loads(sys.argv[1])
    context = ssl.create_default_context()
    now = time.time()
    json.dump([look(context, told["name"], told["address"], listener, now) for listener in told["listeners"]], sys.stdout)


if __name__ == "__main__":
    main()
