# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

# Membership in an action group, whose modules share the options of their connection
GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/gti.lakehouse.%(name)s) in C(module_defaults) to set the connection once for all modules of the group.
    support: full
    membership:
      - gti.lakehouse.%(name)s
"""


class ModuleDocFragment:
    # What a module that changes something can do
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
"""

    # What a module that only reads can do
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details: It never changes anything.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details: It never changes anything.
"""


# Set here, since sanity tests want to read each string of the class as it stands.
for group in ("proxmox", "minio", "kafka", "gitea", "superset"):
    setattr(ModuleDocFragment, "ACTIONGROUP_" + group.upper(), GROUP % {"name": group})
