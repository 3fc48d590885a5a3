# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of one run, from what was read before, during and after it: JSON in, JSON out.

A rate is sustained when the load was sent at it and its last row came soon after: a backlog that grows shows there first.
"""

from __future__ import annotations

import json
import sys


def figures(run: dict) -> dict:
    sent, took, cpu = run["sent"], run["took"], cores(run["cpu_before"], run["cpu_after"])
    return {
        "run": sent["run"],
        "type": sent["type"],
        "hurt": run["hurt"],
        "events_per_second": run["rate"],
        "sent_per_second": sent["events_per_second"],
        "seconds": sent["seconds"],
        "sent": sent["sent"],
        "rows": took["rows"],
        "commits": took["commits"],
        "lost": sent["sent"] - took["events"],
        "doubled": took["rows"] - took["events"],
        "latency_seconds": {name: took[name] for name in ("p50", "p95", "p99", "max")},
        "behind_seconds": took["behind"],
        "sustained": bool(
            took["events"] >= sent["sent"] >= run["rate"] * run["seconds"] * 0.98 and took["behind"] <= run["behind_seconds"]
        ),
        "cores": cpu,
        "cores_in_all": round(sum(cpu.values()), 2),
    }


def cores(before: dict, after: dict) -> dict:
    """By host, the processor time between two readings for each second between them. One that restarted began anew."""
    return {
        host.partition(".")[0]: round(
            max(0.0, after[host]["cpu_seconds"] - before[host]["cpu_seconds"]) / (after[host]["at"] - before[host]["at"]), 2
        )
        for host in before
    }


if __name__ == "__main__":
    json.dump(figures(json.load(sys.stdin)), sys.stdout)
