# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of data, each a module with these names.

slots(since, at): starts of the slots that are due at a moment, after the one that was made last.
KEY: the field that says what a record is about; Kafka keeps the order of records with the same key.
batch(isp, slot): the records of a slot, always the same for the same seed and slot.
live(isp, chance, moment): one record as of a moment, for streams of any rate (where the type has one).
"""

from __future__ import annotations

import hashlib

from . import billing, cpe_status, olt_metrics, radius_logs, sales

TYPES = {module.NAME: module for module in (radius_logs, olt_metrics, cpe_status, billing, sales)}
LIVE = [name for name, module in TYPES.items() if hasattr(module, "live")]


def records(isp, name, slot, **options):
    """The records of a slot, each with an id of its own by which a second copy of it is known."""
    for number, record in enumerate(TYPES[name].batch(isp, slot, **options)):
        identity = f"{isp.seed}:{name}:{slot}:{number}".encode()
        yield {"event_id": hashlib.blake2b(identity, digest_size=16).hexdigest(), **record}
