# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor time that this machine or container has used until now, and the moment, as JSON.

Sums what every process has used, and what its children that have ended had used, so the difference of two readings
misses none that came and went between them. Works in a container, whose cgroup may not be seen from inside.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time


def ticks(stat: str) -> int:
    """utime + stime + cutime + cstime of a line of /proc/PID/stat; the process's own name may hold spaces and brackets."""
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))


def used(proc: pathlib.Path = pathlib.Path("/proc")) -> int:
    total = 0
    for path in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            total += ticks(path.read_text())
    return total


if __name__ == "__main__":
    print(json.dumps({"cpu_seconds": used() / os.sysconf("SC_CLK_TCK"), "at": time.time()}))
