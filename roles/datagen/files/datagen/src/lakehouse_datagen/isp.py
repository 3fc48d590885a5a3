# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider that the data is about: its network, subscribers, daily curve and outages, all drawn from one seed.

Nothing is remembered between runs: whatever is asked for a moment is computed from the seed and that moment, so all
generators see the same world, and any run can be repeated.
"""

from __future__ import annotations

import functools
import random
import unicodedata
import zoneinfo
from dataclasses import dataclass

from faker import Faker
from faker.providers import BaseProvider

from .times import DAY, day_of, utc

OLTS, PORTS, SUBSCRIBERS_PER_PORT = 6, 8, 40

# Load of the network by the hour of the local day, as a share of the evening's peak.
CURVE = (
    0.42, 0.30, 0.22, 0.18, 0.17, 0.19, 0.27, 0.36, 0.44, 0.50, 0.54, 0.57,
    0.60, 0.58, 0.57, 0.59, 0.63, 0.70, 0.80, 0.90, 0.97, 1.00, 0.88, 0.64,
)  # fmt: skip

CPE_MODELS = (("GT-ONU100", "2.4.1"), ("GT-ONU200", "3.1.7"), ("GT-ONU200", "3.2.0"), ("GT-WIFI6", "1.8.3"))


class Plans(BaseProvider):
    """Names of tariffs as Brazilian providers give them."""

    def plan(self, mbps):
        return f"Fibra {mbps} {self.random_element(('Essencial', 'Família', 'Conecta', 'Turbo', 'Premium', 'Mais'))}"


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    down_mbps: int
    up_mbps: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class Olt:
    id: str
    name: str
    city: str
    state: str
    address: str
    base_celsius: float


@dataclass(frozen=True, slots=True)
class Subscriber:
    id: str
    olt: int
    port: int
    plan: Plan
    district: str
    mac: str
    cpe_serial: str
    cpe_model: str
    cpe_firmware: str
    address: str
    activity: float  # how much of the plan is used at the peak
    rx_dbm: float
    renewal: int  # second of the UTC day at which the session is renewed


@dataclass(frozen=True, slots=True)
class Outage:
    """Of a whole OLT, of one of its ports (port), or of one subscriber (subscriber)."""

    id: str
    cause: str
    start: int
    end: int
    olt: int
    port: int | None = None
    subscriber: int | None = None


class Isp:
    def __init__(self, seed, timezone="America/Sao_Paulo"):
        self.seed = seed
        self.zone = zoneinfo.ZoneInfo(timezone)
        self.fake = Faker("pt_BR")
        self.fake.add_provider(Plans)
        self.fake.seed_instance(f"{seed}:network")
        self.plans = [
            Plan(self.fake.plan(down), down, down // 2, price)
            for down, price in ((100, 7990), (300, 9990), (500, 11990), (700, 14990), (1000, 19990))
        ]
        self.olts = self._make_olts()
        self.subscribers = self._make_subscribers()
        self.of_port = {}
        for index, subscriber in enumerate(self.subscribers):
            self.of_port.setdefault((subscriber.olt, subscriber.port), []).append(index)

    def random(self, *what):
        """A source of chance that gives the same for the same thing, whatever else was asked before."""
        return random.Random(":".join(map(str, (self.seed, *what))))

    def _make_olts(self):
        chance, olts, cities = self.random("olts"), [], set()
        while len(olts) < OLTS:
            city = self.fake.city()
            if city in cities:
                continue
            cities.add(city)
            number = len(olts) + 1
            olts.append(
                Olt(f"OLT-{number:02}", f"olt-{number:02}-{slug(city)}", city, self.fake.state_abbr(), f"10.90.{number}.2", chance.uniform(31, 38))
            )
        return olts

    def _make_subscribers(self):
        chance, subscribers = self.random("subscribers"), []
        for olt in range(OLTS):
            districts = [self.fake.bairro() for dummy in range(PORTS)]
            for port in range(PORTS):
                for dummy in range(SUBSCRIBERS_PER_PORT):
                    number = len(subscribers) + 1
                    model, firmware = chance.choice(CPE_MODELS)
                    subscribers.append(
                        Subscriber(
                            id=f"C{number:06}",
                            olt=olt,
                            port=port,
                            plan=chance.choices(self.plans, (15, 30, 30, 15, 10))[0],
                            district=districts[port],
                            # Locally administered, so no maker's; and from the block for carriers' own networks.
                            mac="02:" + ":".join(f"{chance.randrange(256):02x}" for dummy in range(5)),
                            address=f"100.{64 + number // 65536}.{number // 256 % 256}.{number % 256}",
                            cpe_serial=f"GTI0{chance.getrandbits(32):08X}",
                            cpe_model=model,
                            cpe_firmware=firmware,
                            activity=min(chance.lognormvariate(-2.6, 0.7), 0.6),
                            rx_dbm=chance.gauss(-20.5, 1.8),
                            renewal=chance.randrange(DAY),
                        )
                    )
        return subscribers

    # --- people ---

    def person(self, subscriber):
        """A made-up name and a number in the form of a CPF whose check digits are wrong, so that it is nobody's."""
        self.fake.seed_instance(f"{self.seed}:person:{subscriber.id}")
        chance = self.random("person", subscriber.id)
        digits = [chance.randrange(10) for dummy in range(9)]
        for right in check_digits(digits):
            digits.append((right + chance.randrange(1, 10)) % 10)
        return f"{self.fake.first_name()} {self.fake.last_name()} {self.fake.last_name()}", "".join(map(str, digits))

    # --- the daily curve ---

    def _hour(self, moment):
        local = utc(moment).astimezone(self.zone)
        return local.hour + local.minute / 60 + local.second / 3600

    def load(self, moment):
        hour = self._hour(moment)
        before, share = int(hour), hour % 1
        load = CURVE[before] * (1 - share) + CURVE[(before + 1) % 24] * share
        return min(load * (1.06 if utc(moment).astimezone(self.zone).weekday() >= 5 else 1), 1)

    def load_seconds(self, start, end):
        """The curve's area between two moments, for counters that only ever grow."""
        return max(self._area(end) - self._area(start), 0)

    def _area(self, moment):
        offset = utc(moment).astimezone(self.zone).utcoffset().total_seconds()
        days, hour = divmod((moment + offset) / 3600, 24)
        before, share = int(hour), hour % 1
        slope = CURVE[(before + 1) % 24] - CURVE[before]
        return 3600 * (days * AREAS[24] + AREAS[before] + CURVE[before] * share + slope * share * share / 2)

    # --- outages ---

    @functools.lru_cache(maxsize=64)
    def outages(self, day):
        """The outages of OLTs and ports that a day (of UTC) has. At most one at a time, and none lasts past the day."""
        chance = self.random("outages", day)
        found = []
        count = chance.choices((0, 1, 2), (40, 42, 18))[0]
        for number in range(count):
            window = DAY // count
            # Longer than any slot, so that a batch never holds both ends of one.
            lasts = chance.randrange(20, 180) * 60
            start = day * DAY + number * window + chance.randrange(window - lasts - 1800)
            whole = chance.random() < 0.3
            cause = chance.choice(("power", "power", "hardware", "maintenance") if whole else ("fiber_cut", "fiber_cut", "hardware"))
            found.append(
                Outage(
                    f"INC-{utc(start):%Y%m%d}-{number + 1}", cause, start, start + lasts,
                    chance.randrange(OLTS), None if whole else chance.randrange(PORTS),
                )
            )  # fmt: skip
        return tuple(found)

    def outage(self, olt, port, moment):
        """The outage that a port is in, if any."""
        for outage in self.outages(day_of(moment)):
            if outage.olt == olt and outage.port in (None, port) and outage.start <= moment < outage.end:
                return outage
        return None

    @functools.lru_cache(maxsize=64)
    def cut_off(self, day):
        """By subscriber, the outages that reach it on a day: those of the network, and its own."""
        reached = {}
        for outage in self.outages(day):
            for port in range(PORTS) if outage.port is None else [outage.port]:
                for subscriber in self.of_port[outage.olt, port]:
                    reached.setdefault(subscriber, []).append(outage)
        chance = self.random("cut off", day)
        for subscriber in chance.sample(range(len(self.subscribers)), len(self.subscribers) // 100):
            start, lasts = day * DAY + chance.randrange(DAY // 2), chance.randrange(1200, DAY // 2)
            if subscriber not in reached:
                olt = self.subscribers[subscriber].olt
                reached[subscriber] = [Outage(f"CPE-{day}-{subscriber}", "customer_power", start, start + lasts, olt, subscriber=subscriber)]
        return reached

    def cut(self, subscriber, moment):
        for outage in self.cut_off(day_of(moment)).get(subscriber, ()):
            if outage.start <= moment < outage.end:
                return outage
        return None

    def back_online(self, subscriber, outage):
        """When a subscriber is back after an outage: not all at the same moment."""
        return outage.end + 3 + (subscriber * 7919 + outage.start) % 240

    def online_since(self, subscriber, moment):
        """When the session began that a subscriber has at a moment; None when it has none."""
        renewal = self.subscribers[subscriber].renewal
        began = (moment - renewal) // DAY * DAY + renewal
        for day in (day_of(moment) - 1, day_of(moment)):
            for outage in self.cut_off(day).get(subscriber, ()):
                back = self.back_online(subscriber, outage)
                if outage.start <= moment < back:
                    return None
                if began < back <= moment:
                    began = back
        return int(began)


def check_digits(digits):
    """The two digits that would make these nine a true CPF."""
    digits = list(digits)
    for weight in (10, 11):
        rest = sum(digit * (weight - place) for place, digit in enumerate(digits)) * 10 % 11
        digits.append(rest % 10)
    return digits[-2:]


def slug(text):
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


# The curve's area from midnight to each hour.
AREAS = [0.0]
for _hour in range(24):
    AREAS.append(AREAS[-1] + (CURVE[_hour] + CURVE[(_hour + 1) % 24]) / 2)
