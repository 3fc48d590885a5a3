# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of containers."""

from ..guestview import mounts
from ..storage import mount_type, split_volid


def can_snapshot(node, conf):
    """All volumes on storages that can, and no bind mounts."""
    return all(mount_type(keys["volume"]) == "volume" and node.storage.can_snapshot(split_volid(keys["volume"])[0])
               for _name, keys in mounts(conf.current))
