#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_names
short_description: Refuse tags and variables that nothing reads, and values that YAML made something else of
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Holds the tags of the command line against those of the collection's playbooks and roles, and the variables of all hosts, those of the
    command line among them, against the collection's public interface. Fails with what there is not, and the nearest name that there is.
  - Fails, too, where a variable of the site is null, a text is a number, a switch or a date, or a list or table is none, and where a list is
    set whole and C(NAME_extra) adds to it.
  - A variable counts when its name begins with the name of one of the collection's roles, with C(lakehouse_) or with C(proxmox_).
  - Asks once a run.
extends_documentation_fragment:
  - gti.lakehouse.attributes.info_module
options:
  components:
    description: Names of the site's components, which are tags.
    type: list
    elements: str
    required: true
  own:
    description: Variables that are the site's own, though their names begin as the collection's do.
    type: list
    elements: str
    default: []
attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Check the names of tags and variables
  gti.lakehouse.check_names:
    components: "{{ lakehouse_components | list }}"
    own: [lakehouse_lab_state_dir]
"""

RETURN = r"""
msg:
  description: What there is not.
  type: str
  returned: when there is something that nothing reads
  sample: Nothing was changed. There is no tag trinoo (did you mean trino?).
"""
