# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument: the file for what is wrong with the tests, a JSON list. Runs those of the working folder."""

from __future__ import annotations

import json
import pathlib
import sys

# Debian's pytest, behind what the interpreter has itself.
DEBIAN = "/usr/lib/python3/dist-packages"
PROBLEMS = 10


class Listener:
    """Notes what fails, as pytest tells it."""

    def __init__(self):
        self.problems = []

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.note(report)

    def pytest_collectreport(self, report):
        if report.failed:
            self.note(report)

    def note(self, report):
        crash = getattr(report.longrepr, "reprcrash", None)
        said = [line[1:] for line in str(report.longrepr).splitlines() if line.startswith("E ")] or [str(report.longrepr)]
        words = crash.message if crash else said[-1]
        self.problems.append(f"{report.nodeid}: {' '.join(words.split())[:500]}")


def main() -> None:
    answer = pathlib.Path(sys.argv[1])
    sys.path.append(DEBIAN)
    import pytest

    listener = Listener()
    code = pytest.main(["-q", "--tb=short", "-p", "no:cacheprovider", "tests"], plugins=[listener])
    problems = listener.problems[:PROBLEMS]
    if code not in (0, 5) and not problems:  # 5: there are none
        problems = [f"pytest ended with {int(code)}"]
    answer.write_text(json.dumps(problems))


if __name__ == "__main__":
    main()
