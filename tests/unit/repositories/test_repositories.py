# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repositories that Gitea gets: their own tests pass, and they fit to the site's data. tests/integration has those that need Airflow."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from ansible_collections.gti.lakehouse.plugins.filter.streams import personal_problems

ROOT = pathlib.Path(__file__).resolve().parents[3]
REPOSITORIES = ROOT / "repositories"
ORIGIN = {"kafka_partition", "kafka_offset", "kafka_time", "ingested_at"}


def load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schemas():
    topics = load("group_vars/all/kafka_kraft.yml")["kafka_kraft_topics_default"]
    return {topic["name"].partition(".")[2]: topic["schema"] for topic in topics if "schema" in topic}


@pytest.fixture(scope="module")
def personal():
    return load("group_vars/all/spark_streams.yml")["lakehouse_personal_data_default"]


@pytest.mark.parametrize("name, tests", [("spark-jobs", "tests"), ("lakehouse-sql", "tests"), ("airflow-dags", "tests/test_statements.py")])
def test_a_repositorys_own_tests_pass(name, tests):
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tests], cwd=REPOSITORIES / name, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_repository_has_nothing_that_the_flow_refuses():
    for path in REPOSITORIES.rglob("*"):
        assert not path.is_symlink() and (path.is_file() or path.is_dir()), path


def test_sql_is_read_in_one_way():
    source = REPOSITORIES / "airflow-dags/dags/lakehouse/statements.py"
    assert (ROOT / "roles/gitops/files/lakehouse_gitops/statements.py").resolve() == source


@pytest.mark.parametrize("file", ["metas.csv", "ana/METAS.CSV", "ana/Metas.Txt"])
def test_the_form_of_a_file_takes_what_the_job_takes(file):
    form = (REPOSITORIES / "airflow-dags/dags/load_csv.py").read_text(encoding="utf-8")
    assert re.search(re.search(r'"file": Param\(type="string", pattern=r"([^"]+)"', form)[1], file)


@pytest.mark.parametrize("name", ["curate.py", "event_fields.py", "lake.py", "pseudonyms.py"])
def test_a_job_has_one_source(name):
    assert (ROOT / "roles/spark_streams/files" / name).resolve() == REPOSITORIES / "spark-jobs/jobs" / name


def test_what_names_a_person_is_in_the_schemas(schemas, personal):
    assert personal_problems([{"name": name, "schema": schemas[name], **columns} for name, columns in personal.items()]) == []


def test_no_identifier_is_forgotten(schemas, personal):
    """A new field of such a name is to be thought about."""
    telling = ("subscriber_id", "customer_id", "customer_name", "username", "email", "tax_id", "session_id", "bill_id", "calling_station_id",
               "framed_address", "cpe_serial")  # fmt: skip
    for name, schema in schemas.items():
        columns = personal.get(name, {})
        assert {field for field in schema if field in telling} == {*columns.get("hashed", ()), *columns.get("left_out", ())}, name


def test_rules_of_quality_name_columns_that_there_are(schemas, personal):
    for entry in load(REPOSITORIES / "airflow-dags/config/quality.yml")["tables"]:
        layer, dummy, name = entry["table"].partition(".")
        if layer == "gold":
            continue
        there = {"raw": {*schemas[name], *ORIGIN}, "curated": {*schemas[name], "seen_at"} - {*personal.get(name, {}).get("left_out", ())}}[layer]
        named = {entry["time"], entry["key"]}
        for rule in entry["rules"]:
            (given,) = [value for kind, value in rule.items() if kind != "severity"]
            if isinstance(given, list) or "schema" in rule:
                named |= set(given)
            elif "column" in given:
                named.add(given["column"])
        assert named <= there, entry["table"]


def test_every_topics_table_has_a_policy_of_retention(schemas):
    policies = load(REPOSITORIES / "airflow-dags/config/maintenance.yml")["policies"]
    kept = {table for policy in policies if "retention" in policy for table in policy["tables"]}
    assert kept >= {f"lakehouse.raw.{name}" for name in schemas if name not in ("verify", "streams")}


def test_each_folder_is_a_repository_of_the_site():
    names = {repository["name"] for repository in load("group_vars/all/gitea.yml")["gitea_repositories_default"]}
    assert {path.name for path in REPOSITORIES.iterdir() if path.is_dir()} == names
