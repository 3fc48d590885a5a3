# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sales of a year, for benchmarks of queries: as many rows as are asked for, made once a day at most."""

from __future__ import annotations

from ..times import DAY, daily, iso

NAME = "sales"
KEY = "customer_id"
slots = daily
ROWS = 50_000
PRODUCTS = (
    # name, category, price in cents, how often
    ("Instalação de fibra", "service", 9900, 14), ("Roteador Wi-Fi 6", "equipment", 39900, 12), ("Repetidor mesh", "equipment", 24900, 11),
    ("ONU de reposição", "equipment", 17900, 6), ("Visita técnica", "service", 8900, 10), ("IP fixo", "add_on", 2990, 7),
    ("Telefone fixo", "add_on", 2490, 8), ("Streaming", "add_on", 3990, 18), ("Antivírus", "add_on", 1290, 9), ("Câmera de segurança", "equipment", 21900, 5),
)  # fmt: skip
CHANNELS = (("app", 38), ("site", 27), ("call_center", 20), ("store", 10), ("reseller", 5))
PAYMENTS = (("pix", 46), ("credit_card", 34), ("boleto", 15), ("cash", 5))


def batch(isp, slot, rows=ROWS):
    chance = isp.random(NAME, slot)
    weights = [product[3] for product in PRODUCTS]
    step = 365 * DAY / rows
    for number in range(rows):
        name, category, price, dummy = chance.choices(PRODUCTS, weights)[0]
        subscriber = isp.subscribers[int(len(isp.subscribers) * chance.random() ** 1.6)]
        olt = isp.olts[subscriber.olt]
        quantity = 1 if category != "equipment" else 1 + int(chance.expovariate(1.6))
        discount = chance.choice((0, 0, 0, 5, 10, 15))
        yield {
            "event_time": iso(slot - 365 * DAY + (number + chance.random()) * step),
            "sale_id": number + 1,
            "customer_id": subscriber.id,
            "city": olt.city,
            "state": olt.state,
            "product": name,
            "category": category,
            "channel": _pick(chance, CHANNELS),
            "payment_method": _pick(chance, PAYMENTS),
            "quantity": quantity,
            "unit_price_cents": price,
            "discount_percent": discount,
            "total_cents": price * quantity * (100 - discount) // 100,
        }


def _pick(chance, weighted):
    return chance.choices([name for name, dummy in weighted], [weight for dummy, weight in weighted])[0]
