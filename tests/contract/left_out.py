# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded calls that the lab does not offer, on purpose, each with the reason. Everything else must agree."""

from __future__ import annotations

import re

NO_HA = "high availability: the lab has one node and no HA manager"
NO_GRAPHS = "graphs: the lab keeps no history of its counters"

LEFT_OUT = {
    r"ha-\d+": NO_HA,
    r"misc-023": NO_GRAPHS,
}


def reason(identifier):
    return next((text for pattern, text in LEFT_OUT.items() if re.fullmatch(pattern, identifier)), None)


# Single values of calls that the lab does offer: (ids, text of the difference, reason).
DIFFERENT = [
    (r"cluster-.*|resources-.*", r"data(\[\d\])?\.(status: 'online'|maxcpu|maxmem|mem|cpu|level|uptime).*",
     "the recording's node had no cluster engine and no status of itself"),
    (r"cluster-013|resources-002", r"data\[\d\]\.status: 'available', not 'unknown'",
     "the lab knows its storages from the start"),
    (r"tasks-01[23]|misc-00[37]", r"data: log ends .*", "lines of the tools of the recording's storages"),
    (r"misc-011", r"data\.template: 1, not recorded", "the lab's task has ended by then"),
]


def expected(identifier, text):
    """The entry that tolerates this difference, or None."""
    return next((entry for entry in DIFFERENT if re.fullmatch(entry[0], identifier) and re.fullmatch(entry[1], text)),
                None)
