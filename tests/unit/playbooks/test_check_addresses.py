# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight sees names that mean something else here, and addresses that somebody has."""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).parents[3] / "playbooks/files/check_addresses.py"


def look(names, free=()):
    wanted = json.dumps({"names": names, "free": list(free)})
    return json.loads(subprocess.run([sys.executable, str(SCRIPT), wanted], capture_output=True, check=True, text=True).stdout)


def test_a_name_that_means_another_address_is_told():
    assert look({"localhost": "127.0.0.9"})["elsewhere"] == {"localhost": ["127.0.0.1"]}


def test_a_name_that_means_its_address_or_nothing_is_right():
    assert look({"localhost": "127.0.0.1", "nobody.invalid": "198.51.100.1"}) == {"elsewhere": {}, "taken": []}


def test_whoever_answers_has_the_address():
    """Loopback answers, whether or not it lets in; beyond a router nothing is known."""
    assert look({}, ["127.0.0.1", "198.51.100.1"])["taken"] == ["127.0.0.1"]
