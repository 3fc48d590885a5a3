# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for the scheduler's heartbeat among the metrics that Airflow sends. Arguments: address, port and seconds.

Ends well too where a collector of the site listens there already.
"""

from __future__ import annotations

import errno
import socket
import sys
import time

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    try:
        line.bind((sys.argv[1], int(sys.argv[2])))
    except OSError as error:
        sys.exit(0 if error.errno == errno.EADDRINUSE else str(error))
    line.settimeout(1)
    end = time.monotonic() + int(sys.argv[3])
    while time.monotonic() < end:
        try:
            if line.recv(65536).startswith(b"airflow.scheduler"):
                sys.exit(0)
        except TimeoutError:
            pass
sys.exit("no heartbeat of the scheduler came")
