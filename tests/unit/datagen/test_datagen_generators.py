# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made: as much as was promised, spread over the day as people live, and the same each time."""

from __future__ import annotations

import collections
import ipaddress
import statistics

import pytest
from lakehouse_datagen import times
from lakehouse_datagen.generators import LIVE, TYPES, cpe_status, olt_metrics, radius_logs, records
from lakehouse_datagen.isp import Isp, check_digits
from lakehouse_datagen.validator import validator

SMALL = {"sales": {"rows": 400}}


def batch(isp, name, at, **options):
    slot = TYPES[name].slots(None, at)[-1]
    return slot, list(records(isp, name, slot, **{**SMALL.get(name, {}), **options}))


def day_of_slots(module, noon):
    midnight = times.day_of(noon) * times.DAY
    return range(midnight, midnight + times.DAY, module.SPAN)


@pytest.mark.parametrize("name", TYPES)
def test_each_record_is_as_its_schema_says(isp, noon, name):
    for moment in (noon, noon + 11 * 3600):
        for record in batch(isp, name, moment)[1]:
            validator(name).encode(record)


@pytest.mark.parametrize("name", TYPES)
def test_a_slot_is_the_same_each_time(isp, noon, name):
    first = batch(isp, name, noon)
    # Whatever was asked for in between, and in another process.
    batch(isp, name, noon + 40 * times.DAY)
    assert batch(isp, name, noon) == first == batch(Isp(42), name, noon)


@pytest.mark.parametrize("name", TYPES)
def test_another_seed_and_another_slot_are_something_else(isp, noon, name):
    first = batch(isp, name, noon)[1]
    ids = {record["event_id"] for record in first}
    assert len(ids) == len(first)
    others = batch(Isp(43), name, noon)[1] + batch(isp, name, noon + 31 * times.DAY)[1]
    assert ids.isdisjoint(record["event_id"] for record in others)
    assert first[0] not in others


@pytest.mark.parametrize("module", [radius_logs, olt_metrics, cpe_status], ids=lambda module: module.NAME)
def test_events_are_of_their_slot(isp, noon, module):
    slot, found = batch(isp, module.NAME, noon)
    assert all(slot <= times.parse(record["event_time"]) < slot + module.SPAN for record in found)


def test_sessions_follow_the_day(isp, noon):
    counts = {slot: sum(1 for dummy in radius_logs.batch(isp, slot)) for slot in day_of_slots(radius_logs, noon)}
    assert min(counts.values()) >= 100 and max(counts.values()) <= 500
    quiet, busy = (statistics.mean(counts[slot] for slot in counts if (slot // 3600 - 3) % 24 in hours) for hours in ((3, 4), (20, 21)))
    assert busy > 2 * quiet


def test_volumes_hold_for_many_days(isp, noon):
    for day in range(60):
        for hour in (1, 7, 15, 23):
            at = noon + day * times.DAY + hour * 3600
            assert 100 <= len(batch(isp, "radius_logs", at)[1]) <= 500
            assert 200 <= len(batch(isp, "cpe_status", at)[1]) <= 500


def test_every_port_is_measured_once(isp, noon):
    found = batch(isp, "olt_metrics", noon)[1]
    assert len(found) == len({(record["olt_id"], record["pon_port"]) for record in found}) == 48


def test_routers_are_drawn_without_repetition(isp, noon):
    found = batch(isp, "cpe_status", noon)[1]
    assert len({record["subscriber_id"] for record in found}) == len(found)


def test_a_session_only_grows_and_does_not_begin_twice(isp, noon):
    sessions = collections.defaultdict(list)
    for slot in day_of_slots(radius_logs, noon):
        for record in radius_logs.batch(isp, slot):
            if record["session_id"]:
                sessions[record["session_id"]].append(record)
    assert sum(len(events) > 3 for events in sessions.values()) > 1000
    for events in sessions.values():
        kinds = [event["event"] for event in events]
        assert kinds.count("start") <= 1 and kinds.count("stop") <= 1
        assert "start" not in kinds[1:] and "stop" not in kinds[:-1]
        for field in ("session_seconds", "output_octets", "input_octets"):
            values = [event[field] for event in events]
            assert values == sorted(values), field


def test_traffic_follows_the_day(isp, noon):
    def traffic(moment):
        return sum(record["traffic_down_mbps"] for record in batch(isp, "olt_metrics", moment)[1])

    quiet_day = next(day for day in range(90) if not isp.outages(times.day_of(noon) + day))
    at_noon = noon + quiet_day * times.DAY
    assert traffic(at_noon + 8.9 * 3600) > 3 * traffic(at_noon - 8 * 3600)
    for record in batch(isp, "olt_metrics", at_noon)[1]:
        assert record["status"] == "up" and 30 <= record["onus_online"] <= record["onus_registered"] == 40


def test_bills_of_a_month(isp, noon):
    slot, bills = batch(isp, "billing", noon)
    assert times.iso(slot) == "2026-11-01T00:00:00.000Z"
    assert len({bill["subscriber_id"] for bill in bills}) == len(bills) == len(isp.subscribers)
    for bill in bills:
        assert bill["cycle"] == "2026-11" and bill["due_date"].startswith("2026-11")
        assert bill["total_cents"] == bill["amount_cents"] - bill["credit_cents"] > 0
        # Whoever was cut off in the month before gets something back.
        assert (bill["credit_cents"] > 0) == (bill["outage_minutes"] > 0)
    assert any(bill["credit_cents"] for bill in bills) and not all(bill["credit_cents"] for bill in bills)
    plans = collections.Counter(bill["plan"] for bill in bills)
    assert set(plans) == {plan.name for plan in isp.plans} and all(name.startswith("Fibra ") for name in plans)
    assert max(plans.values()) < len(bills) / 2


def test_sales_of_a_year(isp, noon):
    assert TYPES["sales"].ROWS == 50_000
    slot, found = batch(isp, "sales", noon, rows=5000)
    assert len(found) == 5000 and [sale["sale_id"] for sale in found] == list(range(1, 5001))
    moments = [times.parse(sale["event_time"]) for sale in found]
    assert moments == sorted(moments) and slot - 366 * times.DAY < moments[0] < moments[-1] < slot
    for sale in found:
        assert sale["total_cents"] == sale["unit_price_cents"] * sale["quantity"] * (100 - sale["discount_percent"]) // 100
    channels = collections.Counter(sale["channel"] for sale in found)
    assert [name for name, dummy in channels.most_common()] == ["app", "site", "call_center", "store", "reseller"]


# --- nobody's data ---


def test_tax_ids_are_nobodys(isp, noon):
    bills = batch(isp, "billing", noon)[1]
    assert len({bill["tax_id"] for bill in bills}) == len(bills)
    for bill in bills:
        digits = [int(digit) for digit in bill["tax_id"]]
        right = check_digits(digits[:9])
        assert digits[9] != right[0] and digits[10] != right[1]


def test_check_digits_are_those_of_the_form():
    assert check_digits([1, 1, 1, 4, 4, 4, 7, 7, 7]) == [3, 5]
    assert check_digits([1, 2, 3, 4, 5, 6, 7, 8, 9]) == [0, 9]


def test_addresses_are_of_no_one_outside(isp, noon):
    carriers = ipaddress.ip_network("100.64.0.0/10")
    assert len({subscriber.address for subscriber in isp.subscribers}) == len(isp.subscribers)
    for subscriber in isp.subscribers:
        assert ipaddress.ip_address(subscriber.address) in carriers
        assert int(subscriber.mac[:2], 16) & 0b11 == 0b10, "locally administered, for one station"
    assert all(ipaddress.ip_address(olt.address).is_private for olt in isp.olts)
    assert all(bill["email"].endswith(".example") for bill in batch(isp, "billing", noon)[1])


# --- streams ---


@pytest.mark.parametrize("name", LIVE)
def test_single_records_are_as_the_schema_says_too(isp, noon, name):
    chance, made = isp.random("live"), 0
    for second in range(300):
        record = TYPES[name].live(isp, chance, noon + second)
        if record:
            validator(name).encode({"event_id": f"run-{second:010}", **record})
            made += 1
    assert made > 250
