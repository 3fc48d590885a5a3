from __future__ import annotations

import datetime

import pytest
from lakehouse import days

TODAY = datetime.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("day", "count", "first", "last"),
    [(None, 2, "2026-02-28", "2026-03-01"), ("2026-01-01", 1, "2026-01-01", "2026-01-01"), ("2026-01-31", 31, "2026-01-01", "2026-01-31")],
)
def test_a_span_ends_with_its_day(day, count, first, last):
    assert days.span(day, count, TODAY) == {"first_day": first, "last_day": last, "days": str(count)}


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("logical", "end", "last"),
    [
        ("2026-02-28T23:10", "2026-03-01T00:10", "2026-03-01"),  # by the clock: the new day, and yesterday, which is whole now
        ("2026-03-01T09:59", "2026-03-01T09:10", "2026-03-01"),  # by hand: its interval ended before
        ("2026-03-01T00:05", "2026-02-28T23:10", "2026-03-01"),
    ],
)
def test_a_run_is_for_the_day_in_which_its_interval_ends_or_it_was_started(logical, end, last):
    given = {"params": {"day": None, "days": 2}, "data_interval_end": moment(end), "logical_date": moment(logical)}
    assert days.plan.function(**given)["last_day"] == last


@pytest.mark.parametrize(("name", "wrong"), [("day", "yesterday"), ("day", "2026-02-30' or 1=1"), ("days", 0), ("days", 32)])
def test_what_is_no_day_is_refused(name, wrong):
    from airflow.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        days.PARAMS[name].resolve(wrong)
