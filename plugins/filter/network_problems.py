# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.gti.lakehouse.plugins.module_utils.site import checks as site_checks


class FilterModule:
    """Looks at the networks of a site's administrators."""

    def filters(self):
        return {"network_problems": site_checks.network_problems}
