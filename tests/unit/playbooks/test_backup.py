# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/backup.yml copies objects only when every host has done what they are held against."""

from __future__ import annotations

import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[3]


def test_the_list_of_tables_is_a_task_of_its_own_before_the_rest():
    """In a loop each host goes on by itself, and the objects' host has none of the former to wait for."""
    (play,) = [play for play in yaml.safe_load((ROOT / "playbooks/backup.yml").read_text()) if play["name"] == "Back up the hosts"]
    runs = [task for task in play["tasks"] if task.get("ansible.builtin.include_tasks") == "tasks/backup_sets.yml"]
    assert [("leading" in task["vars"]["names"], "reject('in', leading)" in task["vars"]["names"], "loop" in task) for task in runs] == [
        (True, False, False), (True, True, False)]
    assert "strategy" not in play


def test_the_sets_that_lead_are_those_with_tables():
    sets = yaml.safe_load((ROOT / "group_vars/all/backup_sets.yml").read_text())["lakehouse_backup_sets"]
    assert [each["name"] for group in sets.values() if isinstance(group, list) for each in group if each.get("tables")] == ["metastore"]
