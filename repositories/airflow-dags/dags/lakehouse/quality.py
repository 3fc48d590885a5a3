# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of data quality: data in config/quality.yml, compiled to SQL, asked through Trino, recorded in lakehouse.ops.data_quality.

Airflow's own operators for such checks say that a check failed; these rules also say how many rows failed, and which.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from airflow.decorators import task
from airflow.exceptions import AirflowFailException

from lakehouse import days, site, sql

CATALOG = "lakehouse"
LAYERS = ("raw", "curated", "gold")
RESULTS = "lakehouse.ops.data_quality"
COLUMNS = "checked_at, run_id, day, layer, table_name, rule, kind, column_name, severity, passed, observed, expected, checked_rows, failing_rows, sample"
# So many keys of failing rows are told.
SAMPLE = 5
# So long a table may wait for its first rows; from then on it is missing them.
NEW_HOURS = 24
NO_DATA_YET, NO_SUCH_TABLE = json.dumps(["no data yet"]), json.dumps(["no such table"])
log = logging.getLogger(__name__)


class WrongRule(ValueError):
    """A rule that cannot be asked."""


@dataclass(frozen=True)
class Table:
    """A table with rules. Its rows are known by `key`, and belong to a day by `time`, a column of times or days."""

    name: str  # curated.billing
    time: str
    key: str
    optional: bool = False  # need not be there

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]

    @property
    def full(self) -> str:
        return f"{CATALOG}.{self.name}"

    def of_days(self, first: str, last: str) -> str:
        """The rows of some days, as a condition. A time without a zone is of the session's, in which days begin."""
        if self.time == "month":
            return f"month between date_trunc('month', date '{first}') and date '{last}'"
        if self.time == "day":
            return f"day between date '{first}' and date '{last}'"
        return f"{self.time} >= timestamp '{first} 00:00:00' and {self.time} < timestamp '{last} 00:00:00' + interval '1' day"


@dataclass(frozen=True)
class Rule:
    table: Table
    kind: str
    severity: str
    given: Any

    @property
    def tables(self) -> list[str]:
        """Its own, and the one that it looks up."""
        return [self.table.name, *([self.given["to"].rpartition(".")[0]] if self.kind == "referential" else [])]

    @property
    def columns(self) -> str:
        given = self.given if isinstance(self.given, dict) else {}
        named = given.get("columns") or ([given["column"]] if "column" in given else self.given if isinstance(self.given, list) else [])
        return ", ".join(named)

    @property
    def name(self) -> str:
        return f"{self.kind}({self.columns})" if self.columns else self.kind


@dataclass(frozen=True)
class Answer:
    checked: int = 0
    failing: int = 0
    observed: float | None = None
    sample: str | None = None


@dataclass(frozen=True)
class Result:
    rule: Rule
    day: str
    answer: Answer
    passed: bool
    expected: str

    @property
    def sentence(self) -> str:
        answer, seen = self.answer, "" if self.answer.observed is None else f", seen {self.answer.observed:.3g}"
        rows = f", {answer.failing} of {answer.checked} rows" if answer.failing else ""
        keys = f", such as {answer.sample}" if answer.sample else ""
        return f"{self.rule.table.name}: {self.rule.name}, expected {self.expected}{seen}{rows}{keys}"

    def row(self, checked_at: datetime.datetime, run_id: str) -> str:
        rule, answer = self.rule, self.answer
        values = (
            checked_at, run_id, datetime.date.fromisoformat(self.day), rule.table.layer, rule.table.name, rule.name, rule.kind, rule.columns or None,
            rule.severity, self.passed, answer.observed, self.expected, answer.checked, answer.failing, answer.sample,
        )  # fmt: skip
        return f"({', '.join(map(sql.literal, values))})"


# --- Each kind of rule: what it expects in words, its SQL, and how the answer is judged ---


def rows(table: Table, bad: str, first: str, last: str, join: str = "") -> str:
    """Counts the rows of which a condition holds, and names some. What a condition cannot say of a row is no fault of the row."""
    return (
        "select count(*), count_if(bad), cast(null as double),"
        f" json_format(cast(min(cast(key as varchar), {SAMPLE}) filter (where bad) as json))"
        f" from (select {table.key} as key, coalesce({bad}, false) as bad from {table.full}{join} where {table.of_days(first, last)})"
    )


def nulls(table: Table, given: list[str], first: str, last: str) -> str:
    return rows(table, " or ".join(f"{column} is null" for column in given), first, last)


def range_(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    outside = [f"{given['column']} {sign} {sql.literal(given[name])}" for name, sign in (("min", "<"), ("max", ">")) if name in given]
    return rows(table, " or ".join(outside), first, last)


def accepted(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    return rows(table, f"{given['column']} not in ({', '.join(map(sql.literal, given['values']))})", first, last)


def holds(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    return rows(table, f"not ({given['condition']})", first, last)


def referential(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    other, dummy, column = given["to"].rpartition(".")
    join = f" left join (select distinct {column} as known from {CATALOG}.{other}) on known = {given['column']}"
    return rows(table, f"{given['column']} is not null and known is null", first, last, join)


def unique(table: Table, given: list[str], first: str, last: str) -> str:
    columns = ", ".join(given)
    return (
        "select coalesce(sum(n), 0), coalesce(sum(n - 1), 0), cast(null as double),"
        f" json_format(cast(min(cast(key as varchar), {SAMPLE}) filter (where n > 1) as json))"
        f" from (select min({table.key}) as key, count(*) as n from {table.full} where {table.of_days(first, last)} group by {columns})"
    )


def freshness(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    """Minutes since the newest row came; a week back at most, so that not the whole table is read."""
    column = given.get("column", table.time)
    return (
        f"select count(*), 0, cast(date_diff('minute', max({column}), current_timestamp) as double), cast(null as varchar) from {table.full}"
        f" where {column} >= timestamp '{last} 00:00:00' - interval '7' day"
    )


def volume(table: Table, given: dict[str, Any], first: str, last: str) -> str:
    """The last day's rows against the average of the days before, each up to the same time of day. Nothing where there is no history."""
    midnight, local = f"timestamp '{last} 00:00:00'", f"cast(at_timezone({table.time}, current_timezone()) as timestamp(6))"
    return (
        f"select coalesce(max(n) filter (where day = date '{last}'), 0), 0, case when count_if(day < date '{last}') >= {given.get('history', 3)} then"
        f" coalesce(max(n) filter (where day = date '{last}'), 0) / (avg(cast(n as double)) filter (where day < date '{last}')) end, cast(null as varchar)"
        f" from (select cast({local} as date) as day, count(*) as n from {table.full}"
        f" where {table.time} >= {midnight} - interval '{given.get('days', 7)}' day and {table.time} < {midnight} + interval '1' day"
        f" and {local} - date_trunc('day', {local}) <= least(interval '1' day, localtimestamp - {midnight}) group by 1)"
    )


def schema(table: Table, given: dict[str, str], first: str, last: str) -> str:
    """Columns that are missing or of another type; others may come as they like."""
    wanted = ", ".join(f"({sql.literal(name)}, {sql.literal(kind)})" for name, kind in given.items())
    namespace, dummy, name = table.name.partition(".")
    return (
        "select count(*), count_if(bad), cast(null as double), json_format(cast(array_agg(name) filter (where bad) as json)) from ("
        f"select w.name, c.data_type is null or c.data_type <> w.kind as bad from (values {wanted}) w (name, kind) left join"
        f" {CATALOG}.information_schema.columns c on c.table_schema = '{namespace}' and c.table_name = '{name}' and c.column_name = w.name)"
    )


def no_rows(answer: Answer, dummy: Any) -> bool:
    return answer.failing == 0


def fresh(answer: Answer, given: dict[str, Any]) -> bool:
    return answer.observed is not None and answer.observed <= given["minutes"]


def as_usual(answer: Answer, given: dict[str, Any]) -> bool:
    return answer.observed is None or given["min"] <= answer.observed <= given["max"]


@dataclass(frozen=True)
class Kind:
    compile: Callable[..., str]
    judge: Callable[[Answer, Any], bool]
    words: Callable[[Any], str]


def bounds(given: dict[str, Any]) -> str:
    return " and ".join(f"{word} {given[name]}" for name, word in (("min", "at least"), ("max", "at most")) if name in given)


KINDS = {
    "schema": Kind(schema, no_rows, lambda given: f"{len(given)} columns of their types"),
    "freshness": Kind(freshness, fresh, lambda given: f"a row within {given['minutes']} minutes"),
    "volume": Kind(volume, as_usual, lambda given: f"{given['min']} to {given['max']} times the usual"),
    "nulls": Kind(nulls, no_rows, lambda given: "no nulls"),
    "range": Kind(range_, no_rows, bounds),
    "accepted": Kind(accepted, no_rows, lambda given: "one of " + ", ".join(map(str, given["values"]))),
    "unique": Kind(unique, no_rows, lambda given: "each once"),
    "referential": Kind(referential, no_rows, lambda given: f"among {given['to']}"),
    "holds": Kind(holds, no_rows, lambda given: given["condition"]),
}


# --- Loading, asking, recording ---


def load(path: pathlib.Path = site.CONFIG_FOLDER / "quality.yml") -> list[Rule]:
    found = []
    for entry in yaml.safe_load(path.read_text())["tables"]:
        table = Table(entry["table"], entry["time"], entry["key"], entry.get("optional", False))
        if table.layer not in LAYERS:
            raise WrongRule(f"{table.name} is in none of the layers {', '.join(LAYERS)}")
        for rule in entry["rules"]:
            severity = rule.get("severity", "error")
            kinds = [kind for kind in rule if kind != "severity"]
            if len(kinds) != 1 or kinds[0] not in KINDS or severity not in ("error", "warning"):
                raise WrongRule(f"{table.name}: {rule} is none of {', '.join(KINDS)}, or its severity is neither error nor warning")
            made = Rule(table, kinds[0], severity, rule[kinds[0]])
            try:  # what a rule lacks is to be known before it is needed
                KINDS[made.kind].compile(table, made.given, "2026-01-01", "2026-01-01")
                KINDS[made.kind].words(made.given)
            except (KeyError, TypeError, AttributeError) as error:
                raise WrongRule(f"{table.name}: {rule} lacks {error}") from error
            found.append(made)
    return found


def ask(rule: Rule, first: str, last: str, query: Callable[[str], list[Any]]) -> Result:
    kind = KINDS[rule.kind]
    checked, failing, observed, sample = query(kind.compile(rule.table, rule.given, first, last))[0]
    answer = Answer(int(checked or 0), int(failing or 0), None if observed is None else float(observed), None if sample in (None, "null") else sample)
    return Result(rule, last, answer, kind.judge(answer, rule.given), kind.words(rule.given))


def there(query: Callable[[str], list[Any]]) -> set[str]:
    layers = ", ".join(map(sql.literal, [*LAYERS, "ops"]))
    return {".".join(row) for row in query(f"select table_schema, table_name from {CATALOG}.information_schema.tables where table_schema in ({layers})")}


def grown(found: set[str], query: Callable[[str], list[Any]]) -> set[str]:
    """Tables that have to have data: they had some once, or have been asked about for so long that they should."""
    if RESULTS.removeprefix(f"{CATALOG}.") not in found:
        return set()
    had_rows = "max(checked_rows) filter (where kind <> 'schema') > 0"  # of a schema it is columns that are counted
    asked = query(f"select table_name from {RESULTS} group by 1 having {had_rows} or min(checked_at) < current_timestamp - interval '{NEW_HOURS}' hour")
    return {row[0] for row in asked}


def ask_all(rules: list[Rule], layer: str, first: str, last: str, today: str, query: Callable[[str], list[Any]]) -> Iterator[Result]:
    """How fresh data are is a question about today. A table that is not there is told once: as missing where it must have data; where it is
    new, as one that has none yet, unless it need not be there."""
    found = there(query)
    must_have, absent = grown(found, query), set()
    for rule in rules:
        if rule.table.layer != layer or (rule.kind == "freshness" and last != today):
            continue
        missing = [name for name in rule.tables if name not in found]
        name = missing[0] if missing else rule.table.name
        is_new = name not in must_have
        if not missing:
            result = ask(rule, first, last, query)
            waits = is_new and rule.kind == "freshness" and result.answer.observed is None
            yield dataclasses.replace(result, passed=True, answer=Answer(sample=NO_DATA_YET)) if waits else result
        elif name not in absent and not (is_new and rule.table.optional):
            absent.add(name)
            yield Result(rule, last, Answer(sample=NO_DATA_YET if is_new else NO_SUCH_TABLE), is_new, KINDS[rule.kind].words(rule.given))


@task(pool=site.TRINO_POOL)
def check(
    layer: str, span: dict[str, str] | None, kinds: list[str] | None = None, strict: bool = False, record: bool = True, run_id: str | None = None
) -> dict[str, int]:
    """Asks a layer's rules, of today where no days are given, and fails where an error was found, so that nothing goes further. Strict:
    where a warning was, as well."""
    now = datetime.datetime.now(datetime.timezone.utc)
    today = str(days.of(now))
    first, last = (span["first_day"], span["last_day"]) if span else (today, today)
    rules = [rule for rule in load() if kinds is None or rule.kind in kinds]
    results = list(ask_all(rules, layer, first, last, today, sql.query))
    if results and record:
        sql.query(f"insert into {RESULTS} ({COLUMNS}) values {', '.join(result.row(now, run_id or '') for result in results)}")
    for name in sorted({result.rule.table.name for result in results if result.answer.sample == NO_DATA_YET}):
        log.info("%s: no data yet", name)
    failed = [result for result in results if not result.passed]
    for result in failed:
        log.warning("%s: %s", result.rule.severity, result.sentence)
    errors = [result.sentence for result in failed if strict or result.rule.severity == "error"]
    if errors:
        raise AirflowFailException(f"{len(errors)} rules of {layer} do not hold:\n" + "\n".join(errors))
    return {"asked": len(results), "warnings": len(failed)}
