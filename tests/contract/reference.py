# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the official schema and the recorded answers lie: outside this repository, as their licence differs."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

FOLDER = Path(os.environ.get("LAKEHOUSE_PVE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SCHEMA = FOLDER / "pve-api.json"
RECORDINGS = FOLDER / "pve-recordings.json"


def missing():
    return [path for path in (SCHEMA, RECORDINGS) if not path.is_file()]


@functools.cache
def schema():
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@functools.cache
def recordings():
    return json.loads(RECORDINGS.read_text(encoding="utf-8"))["interactions"]
