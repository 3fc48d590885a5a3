# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replay is done once; where the reference data is absent, the terminal says so."""

from __future__ import annotations

import pytest

from tests.contract import reference


@pytest.fixture(scope="session")
def replayed():
    """The finished replay of all recorded calls."""
    from tests.contract.replay import Replay
    return Replay(reference.recordings()).run()


def pytest_terminal_summary(terminalreporter):
    for path in reference.missing():
        terminalreporter.write_line(
            "WARNING: %s is not there: the contract of the lab's API was NOT checked against it "
            "(LAKEHOUSE_PVE_DATA names its folder)." % path, red=True, bold=True)
