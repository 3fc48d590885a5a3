# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of every module that locks out the users whom nobody names
    DOCUMENTATION = r"""
options:
  keep:
    description:
      - Names of the users that are left as they are.
    type: list
    elements: str
    required: true
  keep_prefixes:
    description:
      - Beginnings of the names of further users that are left as they are, such as those that a test makes for a while.
    type: list
    elements: str
    default: []
"""
