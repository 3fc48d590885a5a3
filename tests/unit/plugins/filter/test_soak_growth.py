# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.soak_growth import FilterModule, soak_growth

MB = 10**6
LOAD = {"asked": 1000, "confirmed": 1000}
BEGIN = datetime.datetime(2026, 12, 1, tzinfo=datetime.timezone.utc)


def sample(hour, data=0, metadata=0, old=0, log=0, **more):
    answer = {"folders": {"/var/log": log}, "topics": {"rede.olt_metrics": hour * MB, "__consumer_offsets": 5}, "tables": {"airflow.log": 7},
              "memory": 100, "disks": {"/": 1}}
    bucket = {"data": {"current": data, "old": old, "versions": 1}, "metadata": {"current": metadata, "old": 0, "versions": 1}}
    return {"at": (BEGIN + datetime.timedelta(hours=hour)).isoformat(), "hosts": {"minio": answer}, "bucket": bucket, "load": {}, **more}


def row(growth, name):
    (found,) = [each for each in growth["rows"] if each["name"] == name]
    return found


def test_growth_of_a_day_is_that_of_the_hours():
    growth = soak_growth([sample(hour, data=100 * MB * hour, metadata=10 * MB + MB * hour) for hour in range(9)])
    assert growth["hours"] == 8.0 and growth["problems"] == []
    assert growth["rows"][0]["name"] == "bucket data"
    assert row(growth, "bucket data") == {"name": "bucket data", "counts": "data", "first": 0, "last": 800 * MB, "per_day": 2400 * MB, "week": 17600 * MB}
    assert row(growth, "bucket metadata")["week"] == 8 * MB + 7 * 24 * MB
    assert growth["week"]["data"] == 17600 * MB


def test_what_only_fills_its_time_at_first_is_not_taken_for_growth():
    growth = soak_growth([sample(hour, metadata=min(hour, 2) * 500 * MB) for hour in range(9)])
    assert row(growth, "bucket metadata")["per_day"] == 0
    assert row(growth, "bucket metadata")["week"] == 1000 * MB and growth["problems"] == []


def test_what_rises_and_falls_again_is_not_taken_for_growth():
    growth = soak_growth([sample(hour, log=MB * hour + 900 * MB * (hour % 3)) for hour in range(13)])
    assert row(growth, "minio /var/log")["per_day"] == 24 * MB


def test_data_whose_files_were_joined_have_grown_all_the_same():
    growth = soak_growth([sample(hour, data=100 * MB * hour - (50 * MB if hour > 6 else 0)) for hour in range(9)])
    assert 2000 * MB < row(growth, "bucket data")["per_day"] <= 2400 * MB


@pytest.mark.parametrize("hours", [[0, 4], [0, 3.9, 8], [0, 4.1, 8]])
def test_of_few_readings_the_last_two_tell(hours):
    growth = soak_growth([sample(hour, log=hour * 10 * MB) for hour in hours])
    assert row(growth, "minio /var/log")["per_day"] == 240 * MB


def test_what_went_before_the_half_does_not_grow():
    samples = [sample(hour, log=hour * 100 * MB) for hour in range(5)]
    for each in samples[2:]:
        del each["hosts"]["minio"]["folders"]["/var/log"]
    assert row(soak_growth(samples), "minio /var/log")["per_day"] == 0


def test_each_reading_counts_as_what_it_is():
    growth = soak_growth([sample(hour, old=hour * 10**12, log=0) for hour in range(3)])
    counts = {each["name"]: each["counts"] for each in growth["rows"]}
    assert counts == {
        "bucket data": "data", "bucket data, old versions": "kept", "bucket metadata": "other", "bucket metadata, old versions": "other",
        "minio /var/log": "other", "minio topic rede.olt_metrics": "kept", "minio topic __consumer_offsets": "other",
        "minio table airflow.log": "shown", "minio memory": "shown", "minio disk /": "shown",
    }
    assert growth["problems"] == []  # a terabyte of what is kept on purpose, and no byte of another


def test_second_copies_of_data_are_told_and_make_the_bound_no_wider():
    growth = soak_growth([sample(hour, data=hour * 10 * MB, old=hour * 10 * MB, metadata=hour * 3 * MB, load=LOAD) for hour in range(9)], 2000)
    assert growth["week"]["kept"] == growth["week"]["data"] + 8 * MB + 7 * 24 * MB  # and the topic's
    assert ["quarter" in problem for problem in growth["problems"]] == [True]


def test_more_than_the_bound_is_a_problem():
    (problem,) = soak_growth([sample(hour, log=hour * 30 * MB) for hour in range(9)])["problems"]  # 5.04 GB in seven days, and what came
    assert "5.3 GB" in problem
    assert soak_growth([sample(hour, log=hour * 28 * MB) for hour in range(9)])["problems"] == []


@pytest.mark.parametrize(("metadata", "broken"), [(24, False), (26, True)])
def test_at_a_rate_the_share_of_data_is_held(metadata, broken):
    problems = soak_growth([sample(hour, data=hour * 100 * MB // 10, metadata=hour * metadata * MB // 10, load=LOAD) for hour in range(9)], 2000)["problems"]
    assert ["quarter" in problem for problem in problems] == [True] * broken


@pytest.mark.parametrize("load", [{}, {"asked": 1000, "confirmed": 899}, {"asked": "1000", "confirmed": "10"}])
def test_a_load_that_did_not_come_is_told(load):
    problems = soak_growth([sample(hour, data=hour * MB, load=load) for hour in range(3)], 2000)["problems"]
    assert len(problems) == 1 and "confirmed" in problems[0]


@pytest.mark.parametrize("place", [0, -1])
def test_who_does_not_answer_at_an_end_is_named(place):
    samples = [sample(hour) for hour in range(3)]
    samples[place].update(hosts={"minio": None}, bucket=None)
    said = soak_growth(samples)["problems"]
    assert [problem.split(" did not")[0] for problem in said] == ["minio", "the bucket"]


def test_who_does_not_answer_in_between_is_a_gap():
    samples = [sample(hour, data=hour * MB) for hour in range(5)]
    samples[3].update(hosts={"minio": None}, bucket=None)
    growth = soak_growth(samples)
    assert growth["problems"] == [] and row(growth, "bucket data")["per_day"] == 24 * MB


def test_what_came_or_went_begins_or_ends_with_nothing():
    samples = [sample(hour) for hour in range(3)]
    del samples[0]["hosts"]["minio"]["folders"]["/var/log"], samples[2]["hosts"]["minio"]["tables"]["airflow.log"]
    samples[1]["hosts"]["minio"]["folders"]["/var/log"] = samples[2]["hosts"]["minio"]["folders"]["/var/log"] = 9
    growth = soak_growth(samples)
    assert row(growth, "minio /var/log")["first"] == 0 and row(growth, "minio /var/log")["last"] == 9
    assert row(growth, "minio table airflow.log")["last"] == 0


@pytest.mark.parametrize("samples", [[], [sample(1)], [sample(2), sample(1)], [sample(1), sample(1)]])
def test_too_few_readings_and_times_that_go_back_are_refused(samples):
    with pytest.raises(AnsibleFilterError, match="soak_growth needs"):
        soak_growth(samples)


def test_it_is_offered():
    assert FilterModule().filters() == {"soak_growth": soak_growth}
