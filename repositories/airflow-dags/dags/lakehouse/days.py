# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which days a run is for. Days begin in the site's time zone, which Airflow's pages show too; tables keep instants."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from airflow.decorators import task
from airflow.models.param import Param

from lakehouse import site

# Yesterday as well: what came late, and what happened after its last run.
DAYS = 2
ONE = datetime.timedelta(days=1)

PARAMS = {
    "day": Param(None, type=["null", "string"], format="date", description="O último dia, no fuso do site; hoje, se ficar vazio"),
    "days": Param(DAYS, type="integer", minimum=1, maximum=30, description="Quantos dias até esse: para preencher o que falta"),
}


def zone() -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(site.ZONE)


def of(moment: datetime.datetime) -> datetime.date:
    """The day of an instant."""
    return moment.astimezone(zone()).date()


def span(day: str | None, days: int, now: datetime.datetime) -> dict[str, str]:
    """First and last day, as texts for SQL, and the days of UTC that hold them, for the jobs of Spark, as far as they have begun."""
    last = datetime.date.fromisoformat(day) if day else of(now)
    first = last - (days - 1) * ONE
    begin, end = (datetime.datetime.combine(moment, datetime.time(), zone()).astimezone(datetime.timezone.utc) for moment in (first, last + ONE))
    utc_first = begin.date()
    utc_last = max(utc_first, min((end - datetime.timedelta(microseconds=1)).date(), now.astimezone(datetime.timezone.utc).date()))
    return {"first_day": str(first), "last_day": str(last), "utc_day": str(utc_last), "utc_days": str((utc_last - utc_first).days + 1)}


def pieces(first: datetime.date, last: datetime.date, days: int = 31) -> list[dict[str, str]]:
    """All days from the first to the last one, in spans of so many."""
    found = []
    while first <= last:
        end = min(first + (days - 1) * ONE, last)
        found.append({"first_day": str(first), "last_day": str(end)})
        first = end + ONE
    return found


@task
def plan(params: dict[str, Any] | None = None, data_interval_end: Any = None, logical_date: Any = None) -> dict[str, str]:
    """A scheduled run is for the day in which its interval ends, one by hand for that in which it was started."""
    assert params is not None
    return span(params["day"], params["days"], max(data_interval_end, logical_date))
