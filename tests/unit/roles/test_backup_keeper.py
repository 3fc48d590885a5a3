# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's limits give the longest run its time: neither is it called a liar, nor is its copy taken before it could be proven."""

from __future__ import annotations

import datetime
import importlib.util
import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[3]
spec = importlib.util.spec_from_file_location("backup_keeper", ROOT / "roles/backup_store/files/backup_keeper.py")
keeper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(keeper)

NOW = datetime.datetime(2026, 12, 10, tzinfo=datetime.timezone.utc)
HOURS = {number: datetime.timedelta(hours=number) for number in (1, 3, 95, 96, 97, 130)}


def snapshot(number, began, host="minio"):
    return {"id": number, "short_id": number, "time": began.isoformat(), "hostname": host, "tags": ["set=bucket"]}


def test_a_run_may_take_as_long_as_its_unit_lets_it():
    written = {"long": NOW, "false": NOW, "ahead": NOW}
    snapshots = [snapshot("long", NOW - HOURS[96]), snapshot("false", NOW - HOURS[130]), snapshot("ahead", NOW + HOURS[3])]
    assert keeper.liars(snapshots, written, HOURS[96]) == ["false", "ahead"]


def test_a_backup_is_not_put_before_one_that_came_earlier():
    """The policy keeps the last one of each day: a false one of yesterday's last minute would take the place of yesterday's."""
    days = [NOW - datetime.timedelta(days=number) for number in (3, 2, 1)]
    snapshots = [snapshot(str(day.day), day) for day in days] + [snapshot("false", days[1] + HOURS[3]), snapshot("clock", NOW - HOURS[1])]
    snapshots += [snapshot("true", NOW), snapshot("unproven", days[0], "minio.unchecked"), dict(snapshot("hand", days[0]), tags=[])]
    written = {**{str(day.day): day for day in days}, "false": NOW, "clock": NOW, "true": NOW, "unproven": NOW, "hand": NOW}
    assert keeper.liars(snapshots, written, HOURS[96]) == ["false"]


def test_the_time_in_which_a_copy_is_proven_begins_when_it_has_come():
    began = NOW - HOURS[130]
    snapshots = [snapshot("good", began), snapshot("young", began, "minio.unchecked"), snapshot("old", began, "minio.unchecked")]
    written = {"good": NOW, "young": NOW - HOURS[95], "old": NOW - HOURS[97]}
    assert keeper.unproven(snapshots, written, NOW - HOURS[96]) == ["old"]


def test_by_default_a_copy_stays_as_long_as_a_run_may_take():
    defaults = {role: yaml.safe_load((ROOT / "roles" / role / "defaults/main.yml").read_text()) for role in ("backup", "backup_store")}
    assert defaults["backup_store"]["backup_store_timeout_hours"] == defaults["backup"]["backup_timeout_hours"]
    assert defaults["backup_store"]["backup_store_unproven_days"] * 24 >= defaults["backup"]["backup_timeout_hours"]
