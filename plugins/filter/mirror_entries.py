# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror_catalogue import CatalogueError, select


def mirror_entries(catalogue, wanted):
    try:
        return select(catalogue, wanted)
    except CatalogueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"mirror_entries": mirror_entries}
