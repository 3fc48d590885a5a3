# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from typing import NamedTuple

from ansible_collections.gti.lakehouse.plugins.module_utils.minio.undelete import plan

NOON = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.timezone.utc)


class Version(NamedTuple):
    object_name: str
    version_id: str
    is_delete_marker: bool
    last_modified: datetime.datetime


def at(key, version, minute, deleted=False):
    return Version(key, version, deleted, NOON + datetime.timedelta(minutes=minute))


def test_what_went_long_before_the_last_one_is_of_another_deletion():
    listed = [
        at("dropped", "1", -200), at("dropped", "2", 0, deleted=True),
        at("dropped before it", "1", -200), at("dropped before it", "2", -60, deleted=True),
        at("expired", "1", -200), at("expired", "2", -61, deleted=True),
    ]  # fmt: skip
    assert plan(listed, 60).markers == {"dropped": ["2"], "dropped before it": ["2"]}


def test_what_is_there_stays_and_what_is_gone_is_counted():
    listed = [at("there", "1", 0), at("there", "2", -5, deleted=True), at("gone", "1", 0, deleted=True)]
    assert plan(listed, 60) == ({}, ["there"], 1)
    assert plan([], 60) == ({}, [], 0)


def test_all_markers_above_the_newest_version_go():
    listed = [at("a", "1", -9), at("a", "2", -8, deleted=True), at("a", "3", -7), at("a", "4", -2, deleted=True), at("a", "5", -1, deleted=True)]
    assert plan(listed, 60).markers == {"a": ["5", "4"]}
