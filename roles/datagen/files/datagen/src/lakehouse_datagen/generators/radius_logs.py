# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RADIUS accounting: sessions that start, report, and stop; sign-ins that are refused. Every 15 minutes, 100 to 500."""

from __future__ import annotations

from ..times import DAY, day_of, every, iso

NAME = "radius_logs"
KEY = "subscriber_id"
SPAN = 900
slots = every(SPAN)
LEAST, MOST = 100, 500
REJECTS = ("bad_password", "suspended", "unknown_user")


def batch(isp, slot):
    chance, end = isp.random(NAME, slot), slot + SPAN
    found = [record for subscriber in range(len(isp.subscribers)) for record in _changes(isp, subscriber, slot, end)]
    found += [_reject(isp, chance, slot + chance.random() * SPAN) for dummy in range(chance.randrange(2, 9))]
    wanted = LEAST + (MOST - LEAST) * isp.load(slot + SPAN / 2) * chance.uniform(0.92, 1.0)
    # Where the whole network is dark there is nobody who could report; the loop must end even then.
    for dummy in range(10 * MOST):
        if len(found) >= wanted:
            break
        record = live(isp, chance, slot + chance.random() * SPAN)
        found += [record] if record else []
    return sorted(found, key=lambda record: record["event_time"])


def live(isp, chance, moment):
    subscriber = chance.randrange(len(isp.subscribers))
    began = isp.online_since(subscriber, moment)
    return None if began is None else _record(isp, subscriber, moment, "interim", began)


def _changes(isp, subscriber, start, end):
    """The session's starts and stops that fall into a slot, from the daily renewal and from outages."""
    renewal = isp.subscribers[subscriber].renewal
    at = start + (renewal - start) % DAY
    if at < end:
        began = isp.online_since(subscriber, at - 1)
        if began is not None:
            yield _record(isp, subscriber, at + 0.1, "stop", began, terminate_cause="session_timeout")
        if isp.online_since(subscriber, at) == at:
            yield _record(isp, subscriber, at + 0.6, "start", at)
    for day in (day_of(start) - 1, day_of(start)):
        for outage in isp.cut_off(day).get(subscriber, ()):
            lost, back = outage.start + subscriber * 31 % 30, isp.back_online(subscriber, outage)
            if start <= lost < end:
                began = isp.online_since(subscriber, outage.start - 1)
                if began is not None:
                    yield _record(isp, subscriber, lost + 0.3, "stop", began, terminate_cause="lost_carrier")
            if start <= back < end and isp.online_since(subscriber, back) == back:
                yield _record(isp, subscriber, back + 0.5, "start", back)


def _reject(isp, chance, moment):
    record = _record(isp, chance.randrange(len(isp.subscribers)), moment, "reject", None)
    record["reject_reason"] = chance.choice(REJECTS)
    return record


def _record(isp, index, moment, event, began, terminate_cause=None):
    subscriber = isp.subscribers[index]
    olt = isp.olts[subscriber.olt]
    lasted = 0 if began is None else max(int(moment) - began, 0)
    octets = 0
    if lasted:
        # Differs from session to session, and within one only grows.
        usage = subscriber.activity * (0.6 + (index * 2654435761 + began) % 800 / 1000)
        octets = int(usage * subscriber.plan.down_mbps * 125000 * isp.load_seconds(began, moment))
    return {
        "event_time": iso(moment),
        "event": event,
        "session_id": None if began is None else f"{subscriber.id}-{began:x}",
        "subscriber_id": subscriber.id,
        "username": f"{subscriber.id.lower()}@provedor.example",
        "plan": subscriber.plan.name,
        "nas_address": olt.address,
        "nas_port_id": f"{olt.name}/0/{subscriber.port}",
        "calling_station_id": subscriber.mac,
        "framed_address": None if began is None else subscriber.address,
        "olt_id": olt.id,
        "pon_port": subscriber.port,
        "city": olt.city,
        "state": olt.state,
        "session_seconds": lasted,
        "input_octets": octets // 9,
        "output_octets": octets,
        "terminate_cause": terminate_cause,
        "reject_reason": None,
    }
