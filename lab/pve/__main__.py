# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 -m lab.pve: serve the lab's containers. Started by lab/up; runs until it gets SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from . import recovery, server
from .access import split_token
from .backends.lxc import LxcBackend
from .node import Node
from .testing import PROVISIONER

TOKEN = "lakehouse@pve!ansible"
ROLE = "Lakehouse"
WATCH = 0.5      # seconds between looks for containers that rebooted


def arguments():
    parser = argparse.ArgumentParser(prog="python3 -m lab.pve", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--listen", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8006)
    parser.add_argument("--cert", type=Path, required=True, help="certificate chain, PEM")
    parser.add_argument("--key", type=Path, required=True, help="its private key, PEM")
    parser.add_argument("--token-file", type=Path, required=True,
                        help="holds the secret (a UUID) of %s, bare or after '%s='" % (TOKEN, TOKEN))
    return parser.parse_args()


def storages(state):
    """Templates on `local`; volumes on `lab`, which behaves as ZFS does: sizes, snapshots, no image files."""
    return {
        "local": {"type": "dir", "path": str(state / "storage/local"), "content": "backup,iso,snippets,vztmpl"},
        "lab": {"type": "zfspool", "pool": "lab", "content": "images,rootdir"},
    }


def grant(access, secret):
    """The token with the rights that a provisioner needs, on a user of its own."""
    user, name = split_token(TOKEN)
    if user not in access.users:
        access.add_user(user, comment="provisions the lab")
    for path, privileges in PROVISIONER.items():
        role = ROLE + path.title().replace("/", "")
        access.roles[role] = frozenset(privileges.split())
        access.grant(path, user, role)
    access.add_token(user, name, privsep=False, secret=secret)


def main():
    options = arguments()
    secret = options.token_file.read_text().strip().rpartition("=")[2]
    node = Node(LxcBackend(options.state_dir), options.state_dir, storages(options.state_dir))
    grant(node.access, secret)
    recovery.clean(node, log)
    front = server.Server((options.listen, options.port), node, server.tls_context(options.cert, options.key), log)
    finished = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: finished.set())
    front.start()
    log("serving %s on https://%s:%d" % (options.state_dir, options.listen, options.port))
    recovery.start_on_boot(node, log)
    while not finished.wait(WATCH):
        recovery.restart_rebooted(node, log)
    front.shutdown()
    node.close()


def log(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
