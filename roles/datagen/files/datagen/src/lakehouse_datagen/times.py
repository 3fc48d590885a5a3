# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as whole or fractional seconds since 1970, in UTC; and slots, the spans of time that batches are made for."""

from __future__ import annotations

import datetime

DAY = 86400
UTC = datetime.timezone.utc


def utc(moment):
    return datetime.datetime.fromtimestamp(moment, UTC)


def iso(moment):
    return utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text):
    """The moment that a person wrote, in ISO 8601; without a zone it is UTC."""
    moment = datetime.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def compact(moment):
    return utc(moment).strftime("%Y%m%dT%H%M%SZ")


def day_of(moment):
    return int(moment // DAY)


def every(seconds):
    """Slots of so many seconds each. The batch of a slot is made when the slot is over."""

    def slots(since, at):
        last = int(at // seconds) * seconds - seconds
        first = last if since is None else min(int(since) + seconds, last)
        return list(range(first, last + 1, seconds)) if since is None or since < last else []

    return slots


def monthly(since, at):
    """Slots of a calendar month each, made on its first day: bills are sent out for the month that begins."""
    month = utc(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return [int(month.timestamp())] if since is None or since < month.timestamp() else []


def daily(since, at):
    return [day_of(at) * DAY] if since is None or since < day_of(at) * DAY else []
