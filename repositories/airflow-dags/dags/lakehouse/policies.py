# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of maintenance, as config/maintenance.yml has them; the job of Spark checks and follows them."""

from __future__ import annotations

import pathlib
from typing import Any

import yaml

from lakehouse import site

KNOWN = {"tables", "protected", "retention", "rewrite", "manifests", "statistics", "snapshots", "orphans"}


def load(path: pathlib.Path = site.CONFIG_FOLDER / "maintenance.yml") -> list[dict[str, Any]]:
    found = yaml.safe_load(path.read_text())["policies"]
    for policy in found:
        strange = sorted(set(policy) - KNOWN)
        if strange:
            raise ValueError(f"{path.name}: {policy.get('tables')} has {', '.join(strange)}; known are {', '.join(sorted(KNOWN))}")
    return found
