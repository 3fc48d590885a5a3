#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: site_lock
short_description: Let one run at a time change a site
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Takes the lock of a site for as long as this run of C(ansible-playbook) lives, on a host that all controllers of the site share. Fails
    when another run has it, and says whose that is.
  - The lock goes with the run, however that ends. Where the run's machine is gone or cut off, it goes after a minute.
  - A host that cannot be reached is no reason to fail; a warning says so. Check mode changes nothing and takes no lock.
extends_documentation_fragment:
  - gti.lakehouse.attributes.info_module
options:
  name:
    description: The site.
    type: str
    required: true
  host:
    description: The host that has the lock.
    type: str
    required: true
  reach:
    description: The command that runs another command there, such as C(ssh) with its options. Empty for this machine.
    type: list
    elements: str
    default: []
attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Keep others from changing the site meanwhile
  gti.lakehouse.site_lock:
    name: gti.gti.local
    host: mirror.gti.local
    reach: [ssh, -o, BatchMode=yes, operator@192.0.2.10]
"""

RETURN = r"""
warnings:
  description: That the host could not be asked.
  type: list
  elements: str
  returned: when it could not be reached
  sample: ["mirror.gti.local could not be asked whether another run changes the site: Connection refused"]
"""
