# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of every PON port of every OLT: 48 records every 5 minutes."""

from __future__ import annotations

from ..isp import OLTS, PORTS
from ..times import every, iso

NAME = "olt_metrics"
KEY = "olt_id"
SPAN = 300
slots = every(SPAN)


def batch(isp, slot):
    chance = isp.random(NAME, slot)
    for olt in range(OLTS):
        # An OLT is asked once, for all its ports.
        moment = slot + SPAN - 20 + olt * 2 + chance.random()
        for port in range(PORTS):
            yield _record(isp, chance, olt, port, moment)


def live(isp, chance, moment):
    return _record(isp, chance, chance.randrange(OLTS), chance.randrange(PORTS), moment)


def _record(isp, chance, number, port, moment):
    olt, members, load = isp.olts[number], isp.of_port[number, port], isp.load(moment)
    outage = isp.outage(number, port, moment)
    online = [] if outage else [index for index in members if isp.online_since(index, moment) is not None]
    down = sum(isp.subscribers[index].activity * isp.subscribers[index].plan.down_mbps for index in online) * load * chance.uniform(0.9, 1.1)
    # Without power the OLT cannot be asked how it is.
    dark = outage is not None and outage.port is None and outage.cause == "power"
    light = [isp.subscribers[index].rx_dbm for index in online]
    return {
        "event_time": iso(moment),
        "olt_id": olt.id,
        "olt_name": olt.name,
        "city": olt.city,
        "state": olt.state,
        "pon_port": port,
        "status": "down" if outage else "up",
        "alarm": None if outage is None else "unreachable" if dark else "loss_of_signal",
        "incident_id": outage.id if outage else None,
        "onus_registered": len(members),
        "onus_online": len(online),
        "rx_power_dbm": round(sum(light) / len(light) + chance.gauss(0, 0.15), 2) if light else None,
        "tx_power_dbm": None if dark else round(3.2 + number * 0.1 + chance.gauss(0, 0.05), 2),
        "traffic_down_mbps": round(down, 3),
        "traffic_up_mbps": round(down / 9 * chance.uniform(0.9, 1.1), 3),
        "fec_errors": int(chance.expovariate(1 / 40)) if online else 0,
        "temperature_celsius": None if dark else round(olt.base_celsius + 9 * load + chance.gauss(0, 0.4), 1),
        "cpu_percent": None if dark else round(min(12 + 45 * load + abs(chance.gauss(0, 3)), 100), 1),
        "memory_percent": None if dark else round(41 + 12 * load + chance.gauss(0, 0.8), 1),
    }
