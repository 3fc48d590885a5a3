# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage is seen by everyone whom it concerns, at the same time, and by nobody else."""

from __future__ import annotations

import pytest
from lakehouse_datagen import times
from lakehouse_datagen.generators import cpe_status, olt_metrics, radius_logs
from lakehouse_datagen.isp import PORTS


def find(isp, noon, whole):
    """An outage of a whole OLT, or of one port, in the months to come."""
    for day in range(200):
        for outage in isp.outages(times.day_of(noon) + day):
            if (outage.port is None) == whole:
                return outage
    raise AssertionError("no such outage within 200 days")


@pytest.fixture(params=[True, False], ids=["whole OLT", "one port"])
def outage(request, isp, noon):
    return find(isp, noon, request.param)


def slots_within(outage, span):
    """Slots that lie wholly inside it."""
    return range((outage.start // span + 1) * span, outage.end - span, span)


def concerns(isp, outage, record):
    return record["olt_id"] == isp.olts[outage.olt].id and outage.port in (None, record["pon_port"])


def test_its_ports_are_down_and_the_others_up(isp, outage):
    for slot in slots_within(outage, olt_metrics.SPAN):
        down = [record for record in olt_metrics.batch(isp, slot) if record["status"] == "down"]
        assert len(down) == (PORTS if outage.port is None else 1)
        for record in down:
            assert concerns(isp, outage, record) and record["incident_id"] == outage.id
            assert record["onus_online"] == 0 == record["traffic_down_mbps"] and record["alarm"]


def test_its_routers_are_offline(isp, outage):
    seen = 0
    for slot in slots_within(outage, cpe_status.SPAN):
        for record in cpe_status.batch(isp, slot):
            if concerns(isp, outage, record):
                seen += 1
                assert record["status"] == "offline" and record["rx_power_dbm"] is None and record["down_cause"]
            else:
                assert record["status"] == "online" or record["down_cause"] in ("loss_of_power", None)
    assert seen


def events(isp, outage, kind, start, end):
    first = start // radius_logs.SPAN * radius_logs.SPAN
    found = [record for slot in range(first, end, radius_logs.SPAN) for record in radius_logs.batch(isp, slot)]
    return [record for record in found if record["event"] == kind and start <= times.parse(record["event_time"]) < end and concerns(isp, outage, record)]


def test_its_sessions_are_lost_and_come_back(isp, outage):
    members = {index for port in range(PORTS) if outage.port in (None, port) for index in isp.of_port[outage.olt, port]}
    online = {isp.subscribers[index].id for index in members if isp.online_since(index, outage.start - 1) is not None}
    lost = [record for record in events(isp, outage, "stop", outage.start, outage.start + 60) if record["terminate_cause"] == "lost_carrier"]
    assert {record["subscriber_id"] for record in lost} == online and len(lost) == len(online)
    # While it lasts, nobody reports, and nobody starts.
    for kind in ("interim", "start"):
        assert events(isp, outage, kind, outage.start + 60, outage.end) == []
    back = events(isp, outage, "start", outage.end, outage.end + 300)
    assert {record["subscriber_id"] for record in back} == {isp.subscribers[index].id for index in members}
    # Not all at the same moment.
    assert len({record["event_time"] for record in back}) > len(back) // 4


def test_one_at_a_time_and_none_past_its_day(isp, noon):
    kinds = set()
    for day in range(400):
        outages = isp.outages(times.day_of(noon) + day)
        for outage in outages:
            kinds.add((outage.port is None, outage.cause))
            assert times.day_of(outage.start) == times.day_of(outage.end + 300) == times.day_of(noon) + day
            # Longer than a slot: a batch never holds both ends of one.
            assert outage.end - outage.start > radius_logs.SPAN
        for earlier, later in zip(outages, outages[1:]):
            assert later.start - earlier.end > radius_logs.SPAN
    assert {(True, "power"), (False, "fiber_cut")} <= kinds


def test_the_curve_and_its_area_agree(isp, noon):
    for start in (noon, noon + 5000, noon + 20 * 3600):
        steps = sum(isp.load(start + second) for second in range(0, 7200, 10)) * 10
        weekday = isp.load_seconds(start, start + 7200)
        assert steps == pytest.approx(weekday, rel=0.01)
    assert isp.load_seconds(noon, noon + 7 * times.DAY) == pytest.approx(7 * isp.load_seconds(noon, noon + times.DAY))
