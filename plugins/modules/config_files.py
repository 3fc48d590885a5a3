#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write the files of a folder in one go
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Writes several text files below one folder, all with one owner, group and mode, and makes the folders that they need.
  - One call stands for a loop over M(ansible.builtin.copy) or M(ansible.builtin.template), each turn of which costs several calls. On a
    component with a dozen files that is most of the time of a run that changes nothing.
  - Each file is replaced at once or not at all.
options:
  path:
    description: The folder that the names of the files start from.
    type: path
    required: true
  files:
    description: Text of each file, by its name below O(path). A name may hold folders, and must not lead out of O(path).
    type: dict
    required: true
  directory_mode:
    description: Mode of a folder that has to be made. One that exists is left alone.
    type: raw
    default: "0755"
  purge:
    description:
      - Patterns of file names below O(path), as in V(catalog/*.properties). A file that matches one and is not in O(files) is removed.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.files
attributes:
  check_mode:
    description: Can run in check mode and say what it would do without doing it, also where neither the folder nor its owner exists yet.
    support: full
  diff_mode:
    description: Shows each file before and after. A task with secrets is to set C(diff) to false, or C(no_log) to true.
    support: full
"""

EXAMPLES = r"""
- name: Write the settings and the catalogs, and remove catalogs that are no more
  gti.lakehouse.config_files:
    path: /etc/datalake/trino
    files:
      node.properties: "{{ node | gti.lakehouse.to_properties }}"
      catalog/tpch.properties: |
        connector.name=tpch
    purge: [catalog/*.properties]
    owner: root
    group: trino
    mode: "0640"
    directory_mode: "0750"
  notify: Restart trino
"""

RETURN = r"""
written:
  description: Names of the files whose text or attributes are new.
  type: list
  elements: str
  returned: success
  sample: [catalog/tpch.properties]
removed:
  description: Names of the files that were removed.
  type: list
  elements: str
  returned: success
  sample: [catalog/memory.properties]
"""

import glob
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_text


def missing_folders(folder):
    """Return the folders that have to be made for this one to be, outermost first."""
    missing = []
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


class Folder:
    """The files below one folder, as they are and as they are to be."""

    def __init__(self, module):
        self.module = module
        self.path = os.path.abspath(module.params["path"])
        self.diff = []

    def place(self, name):
        place = os.path.abspath(os.path.join(self.path, name))
        if not place.startswith(self.path.rstrip("/") + "/"):
            self.module.fail_json(msg="files: %s leads out of %s" % (name, self.path))
        if os.path.isdir(place):
            self.module.fail_json(msg="files: %s is a folder" % place)
        return place

    def attributes(self, place, **other):
        return self.module.load_file_common_arguments(dict(self.module.params, **other), path=place)

    def make_folders(self, folder):
        for new in missing_folders(folder):
            os.mkdir(new)
            self.module.set_fs_attributes_if_different(self.attributes(new, mode=self.module.params["directory_mode"]), True)

    def write(self, name, text):
        """Bring one file to its text and attributes; return whether anything of it was different."""
        place, wanted = self.place(name), text.encode()
        found = None
        if os.path.exists(place):
            with open(place, "rb") as file:
                found = file.read()
        if found == wanted:
            return self.module.set_fs_attributes_if_different(self.attributes(place), False)
        self.note(place, found, text)
        if not self.module.check_mode:
            self.make_folders(os.path.dirname(place))
            handle, made = tempfile.mkstemp(dir=self.module.tmpdir)
            with os.fdopen(handle, "wb") as file:
                file.write(wanted)
            # The attributes come first, so that nobody reads the new text in the moment before.
            self.module.set_fs_attributes_if_different(self.attributes(made), True)
            self.module.atomic_move(made, place, keep_dest_attrs=False)
            self.module.set_fs_attributes_if_different(self.attributes(place), True)
        return True

    def surplus(self, patterns, names):
        """Return the names of the files that match a pattern and are not wanted."""
        wanted = {self.place(name) for name in names}
        found = {place for pattern in patterns for place in glob.glob(os.path.join(glob.escape(self.path), pattern)) if os.path.isfile(place)}
        return sorted(os.path.relpath(place, self.path) for place in found - wanted)

    def remove(self, name):
        place = self.place(name)
        with open(place, "rb") as file:
            self.note(place, file.read(), "")
        if not self.module.check_mode:
            os.unlink(place)

    def note(self, place, before, after):
        if self.module._diff:
            self.diff.append(
                {
                    "before_header": place,
                    "after_header": place,
                    "before": to_text(before or b"", errors="surrogate_or_replace"),
                    "after": after,
                }
            )


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "directory_mode": {"type": "raw", "default": "0755"},
            "purge": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
        add_file_common_args=True,
    )
    files = {name: to_text(text) for name, text in module.params["files"].items()}
    folder = Folder(module)
    removed = folder.surplus(module.params["purge"], files)
    try:
        written = [name for name in sorted(files) if folder.write(name, files[name])]
        for name in removed:
            folder.remove(name)
    except OSError as error:
        module.fail_json(msg="%s: %s" % (error.filename or folder.path, error.strerror))
    module.exit_json(changed=bool(written or removed), written=written, removed=removed, diff=folder.diff)


if __name__ == "__main__":
    main()
