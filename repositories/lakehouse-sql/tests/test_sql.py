# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no parser of SQL can know: that a file does what its place says, and fits to the table that it fills."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

SQL = pathlib.Path(__file__).resolve().parents[1] / "sql"
MIGRATIONS = sorted(SQL.glob("migrations/*.sql"))
GOLD = sorted(SQL.glob("gold/*.sql"))
MIGRATION = re.compile(r"create (schema|table) if not exists lakehouse\.|alter table (if exists )?lakehouse\.\S+ add column if not exists ")


def statements(path):
    text = re.sub(r"^\s*--.*$", "", path.read_text(), flags=re.M)
    return [statement.strip() for statement in re.split(r";\s*$", text, flags=re.M) if statement.strip()]


def tables():
    """Columns of each table that the migrations make."""
    found = {}
    for path in MIGRATIONS:
        for name, body in re.findall(r"create table if not exists (\S+) \((.*?)^\)", path.read_text(), flags=re.M | re.S):
            found[name] = re.findall(r"^    (\w+) ", body, flags=re.M)
    return found


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.name)
def test_a_migration_can_run_each_time(path):
    assert re.match(r"\d{3}_", path.name), "migrations run in the order of their numbers"
    for statement in statements(path):
        assert MIGRATION.match(statement), statement


def test_migrations_have_a_number_each():
    numbers = [path.name[:3] for path in MIGRATIONS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.stem)
class TestGold:
    def test_is_one_commit_into_the_table_of_its_name(self, path):
        (statement,) = statements(path)
        assert statement.startswith(f"merge into lakehouse.gold.{path.stem} t\n")

    def test_fills_every_column(self, path):
        (statement,) = statements(path)
        inserted = re.search(r"when not matched then insert\s*\(([^)]*)\)\s*values \((.*)\)$", statement, flags=re.S)
        columns = re.findall(r"\w+", inserted[1])
        assert columns == tables()[f"lakehouse.gold.{path.stem}"]
        assert [value.strip() for value in inserted[2].split(",")] == [f"s.{column}" for column in columns[:-1]] + ["current_timestamp"]

    def test_updates_what_it_inserts_but_for_its_key(self, path):
        (statement,) = statements(path)
        updated = set(re.findall(r"(\w+) = (?:s\.\w+|current_timestamp)", re.search(r"then update set(.*?)when not", statement, flags=re.S)[1]))
        key = set(re.findall(r"t\.(\w+) = s\.\w+", re.search(r"^on (.*?)^when", statement, flags=re.M | re.S)[1]))
        assert key | updated == set(tables()[f"lakehouse.gold.{path.stem}"])
        assert not key & updated

    def test_knows_no_parameters_but_the_days(self, path):
        assert set(re.findall(r"\{\{ params\.(\w+) \}\}", path.read_text())) == {"first_day", "last_day"}
        assert path.read_text().count("{{") == len(re.findall(r"'\{\{ params\.\w+ \}\}[ 0:UTC]*'", path.read_text()))
        assert {"first_day", "last_day"} == set(json.loads((path.parent / "params.json").read_text()))

    def test_begins_its_days_in_the_sessions_zone(self, path):
        (statement,) = statements(path)
        assert "UTC" not in statement
        assert not re.search(r"cast\(event_time as date\)|date\(event_time\)|date_trunc\('\w+', event_time\)", statement), "that is a day of UTC"

    def test_no_row_ends_it(self, path):
        """A sum of what people send cannot overflow, and nothing is made of what is not finite."""
        (statement,) = statements(path)
        counted = {"samples", "samples_online", "loss_of_signal", "loss_of_power", "reboots"}
        assert set(re.findall(r"\bsum\((\w+)", statement)) <= counted | {"cast"}
        for call, column in re.findall(r"\b(avg|min|max|approx_percentile)\((\w+)", statement):
            if (call, column) != ("avg", "rx_power_dbm") or "from routers" not in statement:
                assert re.search(rf"{call}\({column}[^)]*\) filter \(where is_finite\({column}\)\)", statement), f"{call}({column})"
        assert "date(cycle" not in statement.replace("try(date(cycle", "")

    def test_shows_no_person(self, path):
        kept = tables()[f"lakehouse.gold.{path.stem}"]
        assert not {"subscriber_id", "customer_id", "cpe_serial", "session_id", "tax_id"} & set(kept)
