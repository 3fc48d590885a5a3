# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is merged in Gitea comes to this host, checked, at once or not at all. Needs nothing beyond Python's own library."""

__version__ = "1.0.0"
