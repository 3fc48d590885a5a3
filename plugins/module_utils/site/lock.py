# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time may change a site, whichever controller it starts from.

The lock is a name of a socket on one host of the site (Linux's abstract namespace): the kernel frees it with the process that holds it.
That process ends when it hears nothing from the controller for a minute; there, a keeper speaks to it for as long as Ansible runs.

    python3 site_lock.py keep PID COMMAND...   the keeper: of the process PID, by a command that runs the program HOLDER on the host
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

PATIENCE = 60
HELD = "held"

# Runs on the host that has the lock: python3 -c HOLDER NAME WHO PATIENCE. Says "held", or who holds it.
HOLDER = """
import select, socket, sys, time
name, who, patience = sys.argv[1:4]
place = "\\0gti.lakehouse/" + name
for attempt in range(20):  # the run before this one may be about to let go
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(place)
        break
    except OSError:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(place)
                other = client.makefile().read()
        except OSError:
            other = "somebody who does not answer"
        time.sleep(0.25)
else:
    sys.exit(print(other) or 1)
server.listen()
print("held", flush=True)
while True:
    ready = select.select([server, sys.stdin], [], [], float(patience))[0]
    if server in ready:
        client = server.accept()[0]
        with client:
            client.sendall(who.encode())
    if not ready or (sys.stdin in ready and not sys.stdin.buffer.raw.read(4096)):
        break
"""


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def keep(pid, argv):
    """Hold the lock for as long as the process lives."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as holder:
        try:
            while lives(pid) and holder.poll() is None:
                for dummy in range(20):
                    if not lives(pid) or holder.poll() is not None:
                        break
                    time.sleep(0.5)
                else:
                    holder.stdin.write(b"\n")
                    holder.stdin.flush()
        except OSError:
            pass
    return holder.returncode


def take(pid, name, who, reach, errors):
    """Start a keeper of the lock for the process pid; what the holder says, or nothing when its host could not be reached.

    :param reach: the command that runs another command on the host that has the lock; empty for this one.
    :param errors: an open file for what the command complains of.
    """
    words = ["python3", "-c", HOLDER, name, who, str(PATIENCE)]
    if reach:  # the shell of that host reads it
        words = reach + [" ".join("'%s'" % word.replace("'", "'\\''") for word in words)]
    keeper = subprocess.Popen([sys.executable, os.path.abspath(__file__), "keep", str(pid)] + words, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=errors, start_new_session=True, text=True)
    return keeper.stdout.readline().strip()


if __name__ == "__main__":
    raise SystemExit(keep(int(sys.argv[2]), sys.argv[3:]))
