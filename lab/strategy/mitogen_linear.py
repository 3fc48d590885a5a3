# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mitogen's strategy of this file's name, with less work for each task; lab/host/ansible.py says why.

mitogen_host_pinned.py is this same file.
"""
import gc
import importlib

import ansible.collections.list
import ansible_mitogen.affinity

# No hold on processors.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()

# Asked once and not by each task: which collections there are.
found = list(ansible.collections.list.list_collection_dirs())
ansible.collections.list.list_collection_dirs = lambda: iter(found)

# Python looks for garbage seldom: each task is a process of its own, which would copy all that it looks through, and soon ends.
gc.freeze()
gc.set_threshold(100_000)

StrategyModule = importlib.import_module('ansible_mitogen.plugins.strategy.' + __name__.rpartition('.')[2]).StrategyModule
