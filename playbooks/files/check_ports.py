# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects to each port of the site and says which one is not as it should be.

Takes a JSON list of {"address", "port", "open", "leaves", "what"}. "open" is of the other side: a port that should be closed must not
let a connection in; one that should be open must not be filtered (refused by the host is a service that is down or not started now, such
as the page of a Spark application, and is not the firewall's business). It is asked with the mark that passes this host's own rules. "leaves" is
of this side, asked without the mark: what should not leave must be refused at once and be in this host's own list of what it refused, what
should leave must not. Where either is none, nobody is asked. Of the list, what this has added is removed again.
"""
from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import sys

TIMEOUT = 1.5
MARK = 0x6c68  # as roles/common has it
NFT = "/usr/sbin/nft"
REFUSED = ["inet", "lakehouse", "refused"]


def connect(port, mark=0):
    with socket.socket() as client:
        client.settimeout(TIMEOUT)
        if mark:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        try:
            client.connect((port["address"], port["port"]))
            return "open"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "filtered"


def refused():
    """Where this host's own firewall has kept it from connecting to, as texts of nft."""
    said = subprocess.run([NFT, "--json", "--numeric", "list", "set", *REFUSED], check=False, capture_output=True, text=True)
    if said.returncode:
        sys.exit("this host's own firewall does not restrict outbound connections: run playbooks/common.yml")
    (found,) = (entry["set"] for entry in json.loads(said.stdout)["nftables"] if "set" in entry)
    return {" . ".join(str(part) for part in element["elem"]["val"]["concat"]) for element in found.get("elem", [])}


def problems(ports, comes_in, goes_out, kept):
    """Say what is wrong with what was found, a sentence each; `kept` is what this host refused."""
    for port, other, own in zip(ports, comes_in, goes_out):
        if other is not None and (other == "filtered") == port["open"]:
            yield "%(what)s at %(address)s:%(port)s should be %(wanted)s and is %(answer)s" % dict(
                port, wanted="reachable" if port["open"] else "closed", answer=other)
        if own is not None and port["leaves"] == (name(port) in kept):
            yield "to %(what)s at %(address)s:%(port)s this host's own firewall should %(wanted)s it" % dict(port, wanted="let" if port["leaves"] else "refuse")
        elif own is not None and not port["leaves"] and own != "refused":
            yield "%(what)s at %(address)s:%(port)s should be refused at once and is %(answer)s" % dict(port, answer=own)


def name(port):
    return "%s . 6 . %s" % (port["address"], port["port"])


def main():
    ports = json.loads(sys.argv[1])
    fenced = any(port["leaves"] is not None for port in ports)
    before = refused() if fenced else set()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        comes_in = list(pool.map(lambda port: None if port["open"] is None else connect(port, MARK), ports))
        goes_out = list(pool.map(lambda port: None if port["leaves"] is None else connect(port), ports))
    kept = refused() if fenced else set()
    if kept - before:
        subprocess.run([NFT, "delete", "element", *REFUSED, "{ %s }" % ", ".join(sorted(kept - before))], check=True)
    wrong = list(problems(ports, comes_in, goes_out, kept))
    for sentence in wrong:
        print(sentence)
    print("%d ports, %d wrong" % (len(ports), len(wrong)))
    return 1 if wrong or not ports else 0


if __name__ == "__main__":
    sys.exit(main())
