from __future__ import annotations

import datetime

import pytest
from lakehouse import days


@pytest.fixture(autouse=True)
def sao_paulo(monkeypatch):
    monkeypatch.setattr(days.site, "ZONE", "America/Sao_Paulo")


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)


NOW = moment("2026-03-01T12:00")


@pytest.mark.parametrize(
    ("day", "count", "first", "last"),
    [(None, 2, "2026-02-28", "2026-03-01"), ("2026-01-01", 1, "2026-01-01", "2026-01-01"), ("2026-01-30", 30, "2026-01-01", "2026-01-30")],
)
def test_a_span_ends_with_its_day(day, count, first, last):
    found = days.span(day, count, NOW)
    assert (found["first_day"], found["last_day"]) == (first, last)


# The day of the site is the ISP's: midnight is at 03:00 in UTC.
@pytest.mark.parametrize(
    ("at", "day"),
    [("2026-03-03T01:00", "2026-03-02"), ("2026-03-03T12:00", "2026-03-03"), ("2026-03-04T02:00", "2026-03-03"), ("2026-03-04T03:00", "2026-03-04")],
)
def test_a_day_begins_at_the_sites_midnight(at, day):
    assert str(days.of(moment(at))) == day


@pytest.mark.parametrize(
    ("day", "count", "now", "utc_day", "utc_days"),
    [
        ("2026-01-10", 1, "2026-03-01T12:00", "2026-01-11", "2"),  # its last hours are on the next day of UTC
        ("2026-01-10", 30, "2026-03-01T12:00", "2026-01-11", "31"),
        (None, 2, "2026-03-01T12:00", "2026-03-01", "2"),  # the next day of UTC has not begun
        (None, 2, "2026-03-02T01:00", "2026-03-02", "3"),
        ("2026-05-01", 1, "2026-03-01T12:00", "2026-05-01", "1"),  # a day that is to come
    ],
)
def test_the_jobs_of_spark_take_the_days_of_utc_that_hold_it(day, count, now, utc_day, utc_days):
    found = days.span(day, count, moment(now))
    assert (found["utc_day"], found["utc_days"]) == (utc_day, utc_days)


@pytest.mark.parametrize(
    ("logical", "end", "last"),
    [
        ("2026-03-01T02:10", "2026-03-01T03:10", "2026-03-01"),  # by the clock: the new day, and yesterday, which is whole now
        ("2026-03-01T01:10", "2026-03-01T02:10", "2026-02-28"),
        ("2026-03-01T09:59", "2026-03-01T09:10", "2026-03-01"),  # by hand: its interval ended before
        ("2026-03-01T03:05", "2026-03-01T02:10", "2026-03-01"),
    ],
)
def test_a_run_is_for_the_day_in_which_its_interval_ends_or_it_was_started(logical, end, last):
    given = {"params": {"day": None, "days": 2}, "data_interval_end": moment(end), "logical_date": moment(logical)}
    assert days.plan.function(**given)["last_day"] == last


def test_many_days_come_in_pieces_without_a_gap():
    found = days.pieces(datetime.date(2026, 1, 1), datetime.date(2026, 2, 2), 31)
    assert found == [{"first_day": "2026-01-01", "last_day": "2026-01-31"}, {"first_day": "2026-02-01", "last_day": "2026-02-02"}]
    assert days.pieces(datetime.date(2026, 1, 2), datetime.date(2026, 1, 1)) == []


@pytest.mark.parametrize(("name", "wrong"), [("day", "yesterday"), ("day", "2026-02-30' or 1=1"), ("days", 0), ("days", 31)])
def test_what_is_no_day_is_refused(name, wrong):
    from airflow.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        days.PARAMS[name].resolve(wrong)
