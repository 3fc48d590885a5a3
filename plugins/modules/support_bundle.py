#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The action plugin of this name does the work; this is its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: support_bundle
short_description: Write what was collected of a site into one archive, without its secrets
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Writes what M(gti.lakehouse.support_collect) collected in the same run, and O(files), into an archive on the controller, which its owner alone
    may read.
  - All of it is searched for O(secrets) and for the keys below O(keys_dir). Each is redacted, and named in the archive's C(README.txt),
    never with its value; where something would remain, no archive is written.
options:
  path:
    description: The archive, a tar with gzip. One of that name is replaced. Its folder is made for its owner alone where it is missing.
    type: path
    required: true
  files:
    description: More for the archive, the text of each file by its name.
    type: dict
    default: {}
  missing:
    description: Why nothing was collected of a host, by its name.
    type: dict
    default: {}
  secrets:
    description: Values to look for, by their names. Lists and tables in it are gone through.
    type: dict
    default: {}
  keys_dir:
    description: Folder of which each private key is looked for.
    type: path
  keep:
    description: Archives beside O(path) that stay, of those whose names differ from it in what comes after the last hyphen. V(0) keeps all.
    type: int
    default: 0
attributes:
  action:
    description: Has a plugin of its own on the controller.
    support: full
  check_mode:
    description: Can run in check mode, where it writes nothing.
    support: full
  diff_mode:
    description: Shows what would be different.
    support: none
seealso:
  - module: gti.lakehouse.support_collect
"""

EXAMPLES = r"""
- name: Write the archive
  gti.lakehouse.support_bundle:
    path: /root/support-gti-20261201T0900Z.tar.gz
    files: {verify.json: "{{ lookup('ansible.builtin.file', 'verify.json') }}"}
    missing: {trino.gti.local: no answer}
    secrets: {vault_trino_reader_password: "{{ vault_trino_reader_password }}"}
  no_log: true
"""

RETURN = r"""
path:
  description: The archive.
  returned: success
  type: str
  sample: /root/support-gti-20261201T0900Z.tar.gz
summary:
  description: What is in it, what could not be collected, and which secrets were redacted. Empty in check mode.
  returned: success
  type: list
  elements: str
  sample: ["trino.gti.local: 31 files, 512 KiB", "No secret was found in it."]
"""
