# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror_catalogue import CatalogueError, select


PATCHES = os.path.join(os.path.dirname(__file__), "..", "..", "roles", "mirror", "files", "patches")


def read_patch(name):
    """Here on the controller, since the mirror may be another machine."""
    try:
        with open(os.path.join(PATCHES, name), encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise CatalogueError("the patch %s cannot be read: %s" % (name, error)) from error


def mirror_entries(catalogue, wanted):
    try:
        return select(catalogue, wanted, read_patch)
    except CatalogueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"mirror_entries": mirror_entries}
