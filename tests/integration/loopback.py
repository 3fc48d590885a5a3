# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real servers on loopback have in common: a port that is free, and the wait until they answer."""

from __future__ import annotations

import socket
import time

import pytest
import urllib3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_well(process, url, ca_path, log):
    """Ask for a page, for half a minute at most; a process that ended is asked no more."""
    http = urllib3.PoolManager(ca_certs=str(ca_path), retries=False, timeout=2)

    def well():
        try:
            return http.request("GET", url).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait_until(well, process, url, log)


def wait_until_open(process, port, log):
    """The same for a port that lets nobody in who says nothing."""

    def well():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(well, process, f"port {port}", log)


def wait_until(well, process, what, log):
    for attempt in range(150):
        if well():
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    process.kill()
    pytest.fail(f"{what} does not answer: {log.read_text()[-2000:]}")
