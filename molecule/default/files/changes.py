# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of ansible-playbook's output by ansible.posix.jsonl, which tasks changed something, or would in check mode.

Prints a sorted JSON list of "HOST: TASK", the task without its role. Where hosts go on side by side, no other output tells whose task a change is.
"""

from __future__ import annotations

import json
import sys


def changes(lines):
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return sorted({"%s: %s" % (host, event["task"]["name"].split(" : ", 1)[-1])
                   for event in events if event["_event"] == "v2_runner_on_ok" for host, result in event["hosts"].items() if result.get("changed")})


if __name__ == "__main__":
    json.dump(changes(sys.stdin), sys.stdout)
