# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the repository lakehouse-sql, run through Trino."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from airflow.decorators import task
from airflow.providers.trino.hooks.trino import TrinoHook

from lakehouse import days, site, statements


# Of gold's tables by day: what they are made of.
SOURCES = {"sessions_hourly_city": "radius_logs", "olt_health_daily": "olt_metrics", "cpe_availability_daily": "cpe_status"}


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"double '{value}'" if isinstance(value, float) else str(value)
        case datetime.datetime():
            return f"timestamp '{value.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M:%S.%f} UTC'"
        case datetime.date():
            return f"date '{value}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"no literal of SQL: {value!r}")


def query(statement: str) -> list[Any]:
    """Rows of one statement; none of one that defines something. They are fetched whatever it is: that is when Trino has finished it. Of a
    task that is killed or out of time, closing the cursor ends what still runs in Trino."""
    with closing(TrinoHook(site.TRINO).get_conn()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall() or [])


def run_file(name: str, values: Mapping[str, Any] | None = None, folder: pathlib.Path = site.SQL_FOLDER) -> int:
    """Run each statement of a file; the parameters are those of the params.json beside it."""
    path = folder / name
    parameters = path.with_name(statements.PARAMETERS)
    declared = statements.declared(parameters.read_bytes()) if parameters.exists() else {}
    found = statements.statements(path.read_bytes(), declared, values or {})
    for _line, statement in found:
        query(statement)
    return len(found)


# Another DAG may make the same table at that moment.
@task(pool=site.TRINO_POOL, retries=5, retry_delay=datetime.timedelta(seconds=5))
def migrate() -> None:
    """Makes the schemas and tables that are missing."""
    found = sorted((site.SQL_FOLDER / "migrations").glob("*.sql"))
    if not found:
        raise FileNotFoundError(f"no migrations in {site.SQL_FOLDER}: has lakehouse-sql been deployed?")
    for path in found:
        run_file(str(path.relative_to(site.SQL_FOLDER)))


def older(name: str, first: datetime.date) -> list[dict[str, str]]:
    """The days before the first one that a table of gold has, in spans, as far back as its source still has them whole."""
    ((oldest,),) = query(f"select cast(min(day) as varchar) from lakehouse.gold.{name}")
    ((source,),) = query(f"select cast(cast(at_timezone(min(event_time), current_timezone()) as date) as varchar) from lakehouse.curated.{SOURCES[name]}")
    if not oldest or not source:
        return []
    # In another time zone the oldest day may have begun a day earlier.
    begin = max(datetime.date.fromisoformat(oldest) - days.ONE, datetime.date.fromisoformat(source) + days.ONE)
    return days.pieces(begin, first - days.ONE)


@task(pool=site.TRINO_POOL, execution_timeout=datetime.timedelta(hours=2))
def fill(name: str, span: dict[str, str]) -> None:
    """Runs gold/NAME.sql for some days, and once for all that the table has where its days began in another time zone."""
    table, ((zone,),) = f"lakehouse.gold.{name}", query("select current_timezone()")
    comment = f"begins at midnight in {zone}"
    moved = {row[0]: row[3] for row in query(f"describe {table}")}.get("day", comment) != comment
    for part in [*(older(name, datetime.date.fromisoformat(span["first_day"])) if moved else []), span]:
        run_file(f"gold/{name}.sql", {key: part[key] for key in ("first_day", "last_day")})
    if moved:
        query(f"comment on column {table}.day is {literal(comment)}")
