# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What subscribers' routers say about themselves: every 10 minutes a sample of 200 to 500 of them."""

from __future__ import annotations

from ..times import every, iso

NAME = "cpe_status"
KEY = "subscriber_id"
SPAN = 600
slots = every(SPAN)
LEAST, MOST = 200, 500
LAST_CAUSES = {"power": "loss_of_power", "customer_power": "loss_of_power", "maintenance": "reboot"}


def batch(isp, slot):
    chance = isp.random(NAME, slot)
    wanted = round(LEAST + (MOST - LEAST) * isp.load(slot) * chance.uniform(0.92, 1.0))
    for index in sorted(chance.sample(range(len(isp.subscribers)), wanted)):
        yield _record(isp, chance, index, slot + chance.random() * SPAN)


def live(isp, chance, moment):
    return _record(isp, chance, chance.randrange(len(isp.subscribers)), moment)


def _record(isp, chance, index, moment):
    subscriber, load = isp.subscribers[index], isp.load(moment)
    olt = isp.olts[subscriber.olt]
    outage, began = isp.cut(index, moment), isp.online_since(index, moment)
    online = began is not None
    return {
        "event_time": iso(moment),
        "subscriber_id": subscriber.id,
        "cpe_serial": subscriber.cpe_serial,
        "cpe_model": subscriber.cpe_model,
        "firmware": subscriber.cpe_firmware,
        "olt_id": olt.id,
        "pon_port": subscriber.port,
        "city": olt.city,
        "state": olt.state,
        "district": subscriber.district,
        "status": "online" if online else "offline",
        "down_cause": LAST_CAUSES.get(outage.cause, "loss_of_signal") if outage else None,
        "rx_power_dbm": round(subscriber.rx_dbm + chance.gauss(0, 0.3), 2) if online else None,
        "uptime_seconds": int(moment) - began if online else 0,
        "latency_ms": round(3 + 9 * load**3 + chance.expovariate(0.7), 2) if online else None,
        "packet_loss_percent": round(min(chance.expovariate(4) * load, 100), 3) if online else None,
        "wifi_clients": int(min(chance.expovariate(1 / (1 + 6 * load)), 32)) if online else 0,
        "wifi_channel": chance.choice((1, 6, 11, 36, 44, 149)) if online else None,
    }
