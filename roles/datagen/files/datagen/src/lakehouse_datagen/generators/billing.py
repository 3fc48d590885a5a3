# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bills: one for each subscriber on the first day of a month, with a credit for the outages of the month before."""

from __future__ import annotations

import datetime

from ..times import day_of, iso, monthly, utc

NAME = "billing"
KEY = "subscriber_id"
slots = monthly
PAYMENTS = (("pix", 45), ("boleto", 30), ("credit_card", 20), ("direct_debit", 5))


def batch(isp, slot):
    chance, cycle = isp.random(NAME, slot), utc(slot)
    dark = _dark_minutes(isp, slot)
    for subscriber in isp.subscribers:
        price = subscriber.plan.price_cents
        minutes = dark.get((subscriber.olt, subscriber.port), 0)
        credit = min(round(price * minutes / (30 * 1440)), price)
        name, tax_id = isp.person(subscriber)
        total = price - credit
        yield {
            "event_time": iso(slot + chance.random() * 3600),
            "bill_id": f"{cycle:%Y%m}-{subscriber.id}",
            "cycle": f"{cycle:%Y-%m}",
            "due_date": f"{cycle.date() + datetime.timedelta(days=chance.choice((4, 9, 14, 19))):%Y-%m-%d}",
            "subscriber_id": subscriber.id,
            "customer_name": name,
            "tax_id": tax_id,
            "email": f"{subscriber.id.lower()}@cliente.example",
            "city": isp.olts[subscriber.olt].city,
            "state": isp.olts[subscriber.olt].state,
            "plan": subscriber.plan.name,
            "amount_cents": price,
            "outage_minutes": minutes,
            "credit_cents": credit,
            "total_cents": total,
            "tax_cents": round(total * 0.18),
            "payment_method": chance.choices([name for name, dummy in PAYMENTS], [weight for dummy, weight in PAYMENTS])[0],
            "status": "paid" if total == 0 else "open",
        }


def _dark_minutes(isp, slot):
    """By OLT and port, the minutes of outage in the month before."""
    before = int((utc(slot) - datetime.timedelta(days=1)).replace(day=1).timestamp())
    minutes = {}
    for day in range(day_of(before), day_of(slot)):
        for outage in isp.outages(day):
            for place in isp.of_port:
                if place[0] == outage.olt and outage.port in (None, place[1]):
                    minutes[place] = minutes.get(place, 0) + (outage.end - outage.start) // 60
    return minutes
