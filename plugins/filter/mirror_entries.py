# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.catalogue import CatalogueError, recipe_hash, release_id, select


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


def mirror_record(known, entries, checksums, built, toolchain=None):
    """What the controller knows of the mirror's releases; by what is in their entries here, since the mirror could tell anything."""
    record = dict(known)
    for entry in entries:
        identifier = release_id(entry)
        if identifier not in checksums:
            continue
        seen = {"recipe": recipe_hash(entry, toolchain), "sha256": checksums[identifier]}
        before = known.get(identifier, seen)
        if identifier not in built and before["recipe"] == seen["recipe"] and before["sha256"] != seen["sha256"]:
            raise AnsibleFilterError(
                "the mirror's %s has the checksum %s, but %s was recorded here when it was built. Find out what changed it. To have it built "
                "anew, delete its manifest on the mirror; to trust it as it is, remove it from mirror_record_file on the controller"
                % (identifier, seen["sha256"], before["sha256"]))
        record[identifier] = seen
    return record


class FilterModule:
    def filters(self):
        return {"mirror_entries": mirror_entries, "mirror_record": mirror_record}
