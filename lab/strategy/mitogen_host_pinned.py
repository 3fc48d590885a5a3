# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mitogen's strategy of this name, without its hold on processors; lab/host/ansible.py says why."""
import ansible_mitogen.affinity
import ansible_mitogen.plugins.strategy.mitogen_host_pinned

ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
StrategyModule = ansible_mitogen.plugins.strategy.mitogen_host_pinned.StrategyModule
