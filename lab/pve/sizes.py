# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of volumes: bytes to the server's text and back."""

from .formats import DISK_SIZE

UNITS = {None: 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse(text):
    """Bytes of 8G, 0.5G, 1T or plain bytes; None when it is no size."""
    match = DISK_SIZE.fullmatch(text)
    return int(float(match[1]) * UNITS[match[2]]) if match else None


def show(size):
    """The largest unit that divides exactly: 1024G is 1T, half a GiB is 512M, 0 is 0T."""
    for unit in "TGMK":
        if size % UNITS[unit] == 0:
            return "%d%s" % (size // UNITS[unit], unit)
    return str(size)
