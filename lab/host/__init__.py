# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's side of the trial: template, bridge, API, and the commands of lab/.

Only Debian's own Python 3.11 and its standard library are used here, so that
the first command on a bare machine needs nothing else.
"""
