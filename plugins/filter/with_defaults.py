# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


def with_defaults(own, defaults):
    """Merge a dictionary into its defaults: ``combine`` with the operands in the order that ``map`` needs.

    :param own: the specific values, which take precedence.
    :param defaults: the default values.
    :returns: a new dict with the keys of both.
    """
    return {**defaults, **own}


class FilterModule:
    """Filters for dictionaries with defaults."""

    def filters(self):
        return {"with_defaults": with_defaults}
