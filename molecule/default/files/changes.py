# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of ansible-playbook's output, which tasks changed something, or would in check mode: prints a sorted JSON list of "HOST: TASK", without handlers."""

from __future__ import annotations

import json
import re
import sys

HEADING = re.compile(r"(TASK|RUNNING HANDLER|PLAY) \[(?:gti\.lakehouse\.\w+ : )?(.*)\] \**$")
CHANGED = re.compile(r"changed: \[([^\s\]]+)")


def changes(lines):
    found, task = set(), None
    for line in lines:
        heading = HEADING.match(line)
        if heading:
            task = heading[2] if heading[1] == "TASK" else None
        changed = CHANGED.match(line)
        if changed and task:
            found.add("%s: %s" % (changed[1], task))
    return sorted(found)


if __name__ == "__main__":
    json.dump(changes(sys.stdin.read().splitlines()), sys.stdout)
