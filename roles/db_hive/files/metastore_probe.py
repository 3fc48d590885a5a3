# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the metastore in a page of Python, so that proving it needs no engine.

Speaks Thrift's binary protocol: lists the databases and, when given a name, makes a database of that name, which makes
the metastore write to the object store, and removes it again.

Usage: metastore_probe.py HOST PORT CA_FILE|plain [NAME]
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys

CALL, REPLY = 1, 2
STOP, BOOL, I32, I64, STRING, STRUCT, MAP, LIST = 0, 2, 8, 10, 11, 12, 13, 15
FIXED = {BOOL: "?", 3: "b", 6: "!h", I32: "!i", I64: "!q", 4: "!d"}


class Metastore:
    def __init__(self, host, port, ca_file):
        self.socket = socket.create_connection((host, port), timeout=60)
        if ca_file != "plain":
            self.socket = ssl.create_default_context(cafile=ca_file).wrap_socket(self.socket, server_hostname=host)
        self.stream = self.socket.makefile("rb")

    def call(self, method, *fields):
        """Call a method; each field is (number, type, value)."""
        self.socket.sendall(struct.pack("!I", 0x80010000 | CALL) + text(method) + struct.pack("!i", 0) + structure(fields))
        kind = self.number("!I") & 0xFF
        self.value(STRING)
        self.number("!i")
        result = self.value(STRUCT)
        # Field 0 is the answer; any other is an exception that the method declares.
        if kind != REPLY or any(result.keys() - {0}):
            raise SystemExit("%s: %s" % (method, result))
        return result.get(0)

    def number(self, form):
        data = self.stream.read(struct.calcsize(form))
        if len(data) < struct.calcsize(form):
            raise SystemExit("the metastore closed the connection")
        return struct.unpack(form, data)[0]

    def value(self, kind):
        if kind in FIXED:
            return self.number(FIXED[kind])
        if kind == STRING:
            return self.stream.read(self.number("!i")).decode("utf-8", "replace")
        if kind == LIST:
            element = self.number("b")
            return [self.value(element) for dummy in range(self.number("!i"))]
        if kind == MAP:
            key, element = self.number("b"), self.number("b")
            return {self.value(key): self.value(element) for dummy in range(self.number("!i"))}
        fields = {}
        while True:
            kind = self.number("b")
            if kind == STOP:
                return fields
            number = self.number("!h")
            fields[number] = self.value(kind)


def text(value):
    data = value.encode("utf-8")
    return struct.pack("!i", len(data)) + data


def structure(fields):
    pack = {STRING: text, BOOL: lambda value: struct.pack("?", value), STRUCT: structure}
    return b"".join(struct.pack("!bh", kind, number) + pack[kind](value) for number, kind, value in fields) + b"\0"


def main(host, port, ca_file, name=None):
    metastore = Metastore(host, int(port), ca_file)
    answer = {"databases": metastore.call("get_all_databases")}
    if name:
        if name in answer["databases"]:
            # Left by a run that was cut short.
            metastore.call("drop_database", (1, STRING, name), (2, BOOL, True), (3, BOOL, True))
        metastore.call("create_database", (1, STRUCT, [(1, STRING, name), (2, STRING, "made by verify")]))
        try:
            answer["location"] = metastore.call("get_database", (1, STRING, name))[3]
        finally:
            metastore.call("drop_database", (1, STRING, name), (2, BOOL, True), (3, BOOL, True))
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
