# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which days a run is for."""

from __future__ import annotations

import datetime
from typing import Any

from airflow.decorators import task
from airflow.models.param import Param

# Yesterday as well: what came late, and what happened after its last run.
DAYS = 2

PARAMS = {
    "day": Param(None, type=["null", "string"], format="date", description="Last day, in UTC; today when left empty"),
    "days": Param(DAYS, type="integer", minimum=1, maximum=31, description="How many days up to that one: for filling in what is missing"),
}


def span(day: str | None, days: int, today: datetime.date) -> dict[str, str]:
    """First and last day, as texts for SQL and commands."""
    last = datetime.date.fromisoformat(day) if day else today
    return {"first_day": str(last - datetime.timedelta(days=days - 1)), "last_day": str(last), "days": str(days)}


@task
def plan(params: dict[str, Any] | None = None, data_interval_end: Any = None, logical_date: Any = None) -> dict[str, str]:
    """A scheduled run is for the day in which its interval ends, one by hand for that in which it was started."""
    assert params is not None
    return span(params["day"], params["days"], max(data_interval_end, logical_date).date())


def today() -> dict[str, str]:
    """For what looks at now, whichever interval it runs for; worked out when a task runs."""
    return {"first_day": "{{ macros.datetime.utcnow().date() }}", "last_day": "{{ macros.datetime.utcnow().date() }}", "days": "1"}
