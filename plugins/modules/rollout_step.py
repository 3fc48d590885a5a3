#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_step
short_description: Order the steps of a rollout across the hosts of one play
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - In a play whose hosts go on without one another (strategy P(ansible.builtin.host_pinned#strategy)), begins a component on a host when all
    that it needs has ended well on the other hosts of the play, and tells the others how it ended.
  - What is no part of the play, as with C(--limit), is not waited for, nor is a host that was lost meanwhile, where the callback
    P(gti.lakehouse.rollout#callback) is enabled.
extends_documentation_fragment:
  - gti.lakehouse.attributes.info_module
options:
  state:
    description:
      - V(begun) waits until the component may begin, and fails when something that it needs did not end well.
      - V(done) and V(failed) tell how it ended. What was never begun stays so.
      - V(report) tells how all of them ended.
    type: str
    choices: [begun, done, failed, report]
    required: true
  name:
    description: The component.
    type: str
  components:
    description:
      - All components by name. Of each, C(groups) names the groups whose hosts it runs on, by default that of its own name, and C(only_with)
        groups without which the site has no use for it.
    type: dict
    default: {}
  needs:
    description: Components that must have ended well on all of their hosts.
    type: list
    elements: str
    default: []
  beside:
    description: Components that must have ended well on this host, where they run on it.
    type: list
    elements: str
    default: []
  after:
    description: Components that must have ended, well or not.
    type: list
    elements: str
    default: []
  rolling:
    description: Whether the component's hosts go one after the other, and no further when one failed.
    type: bool
    default: false
  reason:
    description: What failed.
    type: str
    default: ""
  timeout:
    description: For how many seconds to wait at most. What has not ended by then counts as failed.
    type: int
    default: 3600
attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Wait until Trino may be deployed
  gti.lakehouse.rollout_step:
    state: begun
    name: trino
    components: "{{ lakehouse_components }}"
    needs: [minio, db_hive]

- name: Tell that Trino runs
  gti.lakehouse.rollout_step:
    state: done
    name: trino
"""

RETURN = r"""
steps:
  description: How each component ended on each host.
  type: list
  elements: dict
  returned: when O(state=report)
  sample:
    - component: minio
      host: minio.gti.local
      state: failed
      reason: Wait for MinIO
    - component: trino
      host: trino.gti.local
      state: stopped
      reason: for want of minio on minio.gti.local
"""
