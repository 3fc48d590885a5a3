from __future__ import annotations

import datetime

import pytest
from airflow.exceptions import AirflowFailException
from lakehouse import quality, sql

BILLS = quality.Table("curated.billing", "event_time", "event_id")
SHOWN = quality.Table("gold.revenue_monthly", "month", "city")
DAY = ("2026-03-01", "2026-03-02")


def rule(kind, given, table=BILLS, severity="error"):
    return quality.Rule(table, kind, severity, given)


def compiled(kind, given, table=BILLS):
    return quality.KINDS[kind].compile(table, given, *DAY)


def test_the_shipped_rules_can_all_be_asked():
    rules = quality.load()
    assert {found.kind for found in rules} == set(quality.KINDS)
    assert {found.table.layer for found in rules} == set(quality.LAYERS)
    assert len({(found.table.name, found.name, str(found.given)) for found in rules}) == len(rules)


def test_every_curated_table_with_persons_is_asked_whether_they_are_in_the_open():
    asked = {found.table.name for found in quality.load() if found.kind == "holds" and "{64}" in found.given["condition"]}
    assert asked == {"curated.radius_logs", "curated.cpe_status", "curated.billing"}


def test_rows_of_the_days_alone_are_looked_at():
    assert "event_time >= timestamp '2026-03-01 00:00:00' and event_time < timestamp '2026-03-02 00:00:00' + interval '1' day" in compiled(
        "nulls", ["plan"]
    )
    assert "month between date_trunc('month', date '2026-03-01') and date '2026-03-02'" in compiled("nulls", ["plan"], SHOWN)


@pytest.mark.parametrize(
    ("kind", "given", "condition"),
    [
        ("nulls", ["plan", "city"], "coalesce(plan is null or city is null, false)"),
        ("range", {"column": "power", "min": -40, "max": 10.5}, "coalesce(power < -40 or power > double '10.5', false)"),
        ("range", {"column": "power", "min": 0}, "coalesce(power < 0, false)"),
        ("accepted", {"column": "status", "values": ["open", "it's"]}, "coalesce(status not in ('open', 'it''s'), false)"),
        ("holds", {"column": "total", "condition": "total >= 0"}, "coalesce(not (total >= 0), false)"),
        ("referential", {"column": "olt", "to": "curated.olts.id"}, "(select distinct id as known from lakehouse.curated.olts) on known = olt"),
    ],
)
def test_conditions(kind, given, condition):
    said = compiled(kind, given)
    assert condition in said
    assert "min(cast(key as varchar), 5) filter (where bad)" in said


def test_what_comes_twice_counts_once_less():
    said = compiled("unique", ["bill_id", "cycle"])
    assert "sum(n - 1)" in said
    assert "group by bill_id, cycle" in said


def answers(*rows_):
    waiting = list(rows_)
    return lambda statement: [waiting.pop(0)]


@pytest.mark.parametrize(
    ("kind", "given", "answer", "passed"),
    [
        ("nulls", ["plan"], (10, 0, None, None), True),
        ("nulls", ["plan"], (10, 1, None, '["e1"]'), False),
        ("freshness", {"minutes": 30}, (9, 0, 29.0, None), True),
        ("freshness", {"minutes": 30}, (9, 0, 31.0, None), False),
        ("freshness", {"minutes": 30}, (0, 0, None, None), False),
        ("volume", {"min": 0.5, "max": 2}, (9, 0, None, None), True),  # no history
        ("volume", {"min": 0.5, "max": 2}, (9, 0, 0.4, None), False),
        ("volume", {"min": 0.5, "max": 2}, (9, 0, 1.0, None), True),
        ("volume", {"min": 0.5, "max": 2}, (9, 0, 2.1, None), False),
        ("schema", {"plan": "varchar"}, (1, 1, None, '["plan"]'), False),
    ],
)
def test_judgement(kind, given, answer, passed):
    assert quality.ask(rule(kind, given), *DAY, answers(answer)).passed is passed


def test_a_failure_says_what_was_expected_and_which_rows():
    said = quality.ask(rule("accepted", {"column": "status", "values": ["open"]}), *DAY, answers((10, 2, None, '["e1","e2"]'))).sentence
    assert said == 'curated.billing: accepted(status), expected one of open, 2 of 10 rows, such as ["e1","e2"]'


def ask_all(rules, tables, today=DAY[1], answer=(1, 0, 1.0, None), grown=("curated.billing",)):
    def query(text):
        if "information_schema.tables" in text:
            return [("ops", "data_quality"), *(tuple(name.split(".")) for name in tables)]
        return [(name,) for name in grown] if "group by 1 having" in text else [answer]

    return list(quality.ask_all(rules, "curated", *DAY, today, query))


def test_how_fresh_data_are_is_asked_about_today_alone():
    rules = [rule("freshness", {"minutes": 30})]
    assert len(ask_all(rules, ["curated.billing"])) == 1
    assert ask_all(rules, ["curated.billing"], today="2026-03-09") == []


def test_a_table_that_must_be_there_and_is_not_fails():
    rules = [rule("schema", {"plan": "varchar"}), rule("nulls", ["plan"])]
    (result,) = ask_all(rules, [])
    assert not result.passed
    assert "no such table" in result.sentence
    (result,) = ask_all([rule("freshness", {"minutes": 30})], [])
    assert not result.passed


OPTIONAL = quality.Table("curated.billing", "event_time", "event_id", optional=True)


def test_a_new_table_may_still_be_missing_or_empty_and_one_that_had_rows_may_not():
    rules = [rule("schema", {"plan": "varchar"}), rule("freshness", {"minutes": 30})]
    (result,) = ask_all(rules, [], grown=())
    assert result.passed
    assert result.answer.sample == quality.NO_DATA_YET
    empty = (0, 0, None, None)
    assert [result.passed for result in ask_all(rules, ["curated.billing"], answer=empty, grown=())] == [True, True]
    assert [result.passed for result in ask_all(rules, ["curated.billing"], answer=empty)] == [True, False]
    stale = (9, 0, 31.0, None)
    assert [result.passed for result in ask_all(rules, ["curated.billing"], answer=stale, grown=())] == [True, False]


def test_an_optional_table_has_no_questions_until_it_had_rows():
    rules = [rule("schema", {"plan": "varchar"}, OPTIONAL)]
    assert ask_all(rules, [], grown=()) == []
    (result,) = ask_all(rules, [])
    assert not result.passed


def test_a_rule_that_looks_up_a_table_waits_for_it_too():
    rules = [rule("referential", {"column": "olt", "to": "curated.olts.id"})]
    for grown, passed in (((), True), (("curated.olts",), False)):
        (result,) = ask_all(rules, ["curated.billing"], grown=grown)
        assert result.passed is passed


def test_without_results_of_before_every_table_is_new():
    assert quality.grown(set(), lambda text: [("raw.billing",)]) == set()
    assert quality.grown({"ops.data_quality"}, lambda text: [("raw.billing",)]) == {"raw.billing"}


@pytest.mark.parametrize(
    "text",
    [
        "tables: [{table: silver.a, time: day, key: a, rules: []}]",
        "tables: [{table: raw.a, time: day, key: a, rules: [{nulls: [a], range: {column: a, min: 1}}]}]",
        "tables: [{table: raw.a, time: day, key: a, rules: [{null: [a]}]}]",
        "tables: [{table: raw.a, time: day, key: a, rules: [{nulls: [a], severity: fatal}]}]",
        "tables: [{table: raw.a, time: day, key: a, rules: [{freshness: {column: a}}]}]",
        "tables: [{table: raw.a, time: day, key: a, rules: [{referential: {column: a}}]}]",
    ],
)
def test_a_rule_that_cannot_be_asked_is_told_at_once(text, tmp_path):
    path = tmp_path / "quality.yml"
    path.write_text(text)
    with pytest.raises(quality.WrongRule):
        quality.load(path)


class TestCheck:
    SPAN = {"first_day": "2020-01-01", "last_day": "2020-01-01"}

    @pytest.fixture
    def trino(self, monkeypatch):
        """Answers as told, and remembers what was written."""
        self.written = []
        self.answer = (10, 0, None, None)

        def query(text):
            if text.startswith("insert"):
                self.written.append(text)
                return [(1,)]
            if "group by 1 having" in text:
                return [("curated.billing",)]
            return [("curated", "billing"), ("ops", "data_quality")] if "information_schema.tables" in text else [self.answer]

        monkeypatch.setattr(sql, "query", query)
        monkeypatch.setattr(quality, "load", lambda: self.rules)

    def check(self, **options):
        return quality.check.function("curated", self.SPAN, run_id="manual", **options)

    def test_all_results_are_one_commit(self, trino):
        self.rules = [rule("nulls", ["plan"]), rule("unique", ["bill_id"])]
        assert self.check() == {"asked": 2, "warnings": 0}
        (written,) = self.written
        assert written.count("'curated.billing'") == 2
        assert "date '2020-01-01'" in written

    def test_an_error_blocks_and_is_recorded_first(self, trino):
        self.rules, self.answer = [rule("nulls", ["plan"])], (10, 3, None, '["e1"]')
        with pytest.raises(AirflowFailException, match="3 of 10 rows, such as"):
            self.check()
        assert ", false, null, 'no nulls', 10, 3, '[\"e1\"]')" in self.written[0]

    def test_a_warning_does_not_unless_it_is_strict(self, trino):
        self.rules, self.answer = [rule("nulls", ["plan"], severity="warning")], (10, 3, None, None)
        assert self.check() == {"asked": 1, "warnings": 1}
        with pytest.raises(AirflowFailException):
            self.check(strict=True, record=False)
        assert len(self.written) == 1


def test_a_result_is_a_row_of_the_results_table():
    result = quality.ask(rule("nulls", ["plan"]), *DAY, answers((10, 0, None, None)))
    row = result.row(datetime.datetime(2026, 3, 2, tzinfo=datetime.timezone.utc), "r")
    assert row.startswith("(timestamp '2026-03-02 00:00:00.000000 UTC', 'r', date '2026-03-02', 'curated', 'curated.billing', 'nulls(plan)', ")
    assert len(quality.COLUMNS.split(", ")) == 15
