# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package as it lies in the role, without being installed."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/datagen/files/datagen/src"))

from lakehouse_datagen import times
from lakehouse_datagen.isp import Isp


@pytest.fixture(scope="session")
def isp():
    return Isp(42)


@pytest.fixture(scope="session")
def noon():
    """A Tuesday, at noon in São Paulo."""
    return int(times.parse("2026-11-24T15:00:00"))
