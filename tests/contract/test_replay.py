# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded call gets the answer that the real API gave: status, reason, errors, values."""

from __future__ import annotations

import re

import pytest

from tests.contract import left_out, reference

pytestmark = pytest.mark.skipif(not reference.RECORDINGS.is_file(), reason="the recordings are not there")

GROUPS = sorted({recorded["group"] for recorded in reference.recordings()}) if reference.RECORDINGS.is_file() else []


@pytest.mark.parametrize("group", GROUPS)
def test_group_agrees(replayed, group):
    wrong = {name: texts for name, texts in replayed.differences.items() if re.fullmatch(group + r"-\d+", name)}
    assert not wrong, "\n".join("%s: %s" % (name, text) for name, texts in wrong.items() for text in texts)


def test_answers_fit_the_official_description(replayed):
    if not reference.SCHEMA.is_file():
        pytest.skip("the schema is not there")
    wrong = dict(replayed.against_schema)
    assert wrong.pop("power-001") == ["data is null, not array"]    # the real one answers so for a stopped container
    assert not wrong


def test_nothing_is_left_out_without_need(replayed):
    """Each pattern and each tolerated difference still has something to do."""
    names = [recorded["id"] for recorded in reference.recordings()]
    assert all(any(re.fullmatch(pattern, name) for name in names) for pattern in left_out.LEFT_OUT)
    assert len(replayed.skipped) < 20
    unused = [entry for entry in left_out.DIFFERENT if entry not in replayed.tolerated]
    assert not unused


def test_a_wrong_answer_is_noticed():
    """The comparison itself can fail: a checker that cannot would be worth nothing."""
    from tests.contract.compare import Comparison
    right = {"data": {"ostype": "debian", "memory": 512, "net0": "name=eth0,hwaddr=BC:24:11:00:00:01"}}
    for wrong in (
        {"data": {"ostype": "debian", "memory": 513, "net0": "name=eth0,hwaddr=BC:24:11:00:00:01"}},
        {"data": {"ostype": "debian", "memory": "512", "net0": "name=eth0,hwaddr=BC:24:11:00:00:01"}},
        {"data": {"ostype": "debian", "net0": "name=eth0,hwaddr=BC:24:11:00:00:01"}},
        {"data": {"ostype": "debian", "memory": 512, "net0": "name=eth1,hwaddr=BC:24:11:00:00:01"}},
        {"data": {**right["data"], "cores": 1}},
        {"data": None, "errors": {"memory": "x"}, "message": "x\n"},
        None,
    ):
        assert Comparison().differences(right, wrong)
    assert not Comparison().differences(right, right)
