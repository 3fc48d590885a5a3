# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which delete markers of a versioned bucket are to be removed. Pure: what the server lists in, a plan out."""

from __future__ import annotations

import datetime
from typing import NamedTuple


class Plan(NamedTuple):
    markers: dict  # by key, the versions that are delete markers above the newest version with content
    present: list  # keys that are there
    lost: int  # keys of which nothing but delete markers is left


def plan(listed, minutes):
    """What to remove so that the last deletion is undone, with all that went in so many minutes before its end.

    :param listed: versions as the SDK lists them, with object_name, version_id, is_delete_marker and last_modified.
    """
    versions = {}
    for version in listed:
        versions.setdefault(version.object_name, []).append(version)
    present, deleted, lost = [], {}, 0
    for key, of_key in versions.items():
        of_key.sort(key=lambda version: version.last_modified, reverse=True)
        markers = _leading_markers(of_key)
        if not markers:
            present.append(key)
        elif len(markers) == len(of_key):
            lost += 1
        else:
            deleted[key] = markers
    last = max((markers[0].last_modified for markers in deleted.values()), default=None)
    since = last - datetime.timedelta(minutes=minutes) if last else None
    return Plan({key: [marker.version_id for marker in markers] for key, markers in deleted.items() if markers[0].last_modified >= since}, present, lost)


def _leading_markers(versions):
    found = []
    for version in versions:
        if not version.is_delete_marker:
            break
        found.append(version)
    return found
