# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


def over(own, defaults):
    """Lay what one thing says over what is true of all: ``combine`` with the operands as ``map`` needs them.

    :param own: what is particular; wins.
    :param defaults: what is common.
    :returns: a new dict with the keys of both.
    """
    return {**defaults, **own}


class FilterModule:
    """Filters that lay dictionaries over one another."""

    def filters(self):
        return {"over": over}
