# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persons become pseudonyms, one is erased and proven to be, and tables are looked after, by a real Spark in real Iceberg tables."""

from __future__ import annotations

import json
import pathlib
import secrets

import pytest

HERE = pathlib.Path(__file__).resolve().parent
JOBS = HERE.parents[2] / "repositories/spark-jobs/jobs"
PERSON, OTHER = "C000042", "C000043"


@pytest.fixture(scope="module")
def key():
    return secrets.token_urlsafe(40)


@pytest.fixture(scope="module")
def printed(submit, tmp_path_factory, key):
    folder = tmp_path_factory.mktemp("persons")
    (folder / "key").write_text(key)
    return submit(HERE / "keep_tables.py", JOBS, folder / "raw", folder / "key")


@pytest.fixture(scope="module")
def steps(printed):
    return {step["what"]: step for step in map(json.loads, filter(lambda line: line.startswith('{"what"'), printed.splitlines()))}


def of(step, name):
    return [result for result in step["results"] if result["table_name"].endswith(name)]


def test_curated_names_nobody_and_knows_the_same_person_again(steps):
    step = steps["curated"]
    people = dict(step["rows"])
    assert set(people) == {"e0", "e1", "e2", "one", "two"} and step["hashed"]
    assert people["e0"] == people["e2"] == people["one"] != people["e1"] == people["two"]
    assert all(len(name) == 64 for name in people.values()) and "email" not in step["columns"]


def test_another_key_is_not_mixed_in(steps):
    assert "was made with other pseudonyms" in steps["another key"]["refusal"]


def test_the_key_is_told_nowhere(printed, key, steps):
    assert key not in printed and len(steps["curated"]["fingerprint"]) == 16


def test_a_person_is_removed_everywhere_and_others_stay(steps):
    assert {name: of(steps["remove"], name)[-1]["rows_removed"] for name in ("coming.bills", "known.bills", "dead_letters", "/bills")} == {
        "coming.bills": 2, "known.bills": 3, "dead_letters": 1, "/bills": 1,
    }  # fmt: skip
    step = steps["erased"]
    assert step["raw"] == [["e1", OTHER]] and [row[0] for row in step["curated"]] == ["e1", "two"]
    assert step["letters"] == ["of nobody"]
    assert step["files"][0] == "" and OTHER in step["files"][1]


def test_nothing_is_proven_before_the_snapshots_are_gone(steps):
    assert not steps["proof before forgetting"]["good"]
    assert steps["prove"]["good"] and all(result["proven"] for result in steps["prove"]["results"])
    assert not any(steps["erased"]["snapshots_readable"].values())


def test_the_proof_looked_at_files_that_had_the_person(steps):
    assert all(of(steps["remove"], name)[-1]["detail"]["files"] for name in ("coming.bills", "known.bills", "dead_letters"))


def test_who_was_erased_does_not_come_back_but_may_come_anew(steps):
    assert [row[0] for row in steps["curated again"]["rows"]] == ["e1", "new", "two"]


def test_a_protected_table_is_left_alone_and_one_without_a_policy_as_well(steps):
    step = steps["kept"]
    assert {result["table_name"]: result["outcome"] for result in step["results"] if result["outcome"] == "protected"} == {"lakehouse.known.bills": "protected"}
    assert not of(step, "dead_letters") and "lakehouse.coming.dead_letters" in step["tables"]


def test_what_is_too_old_goes_and_files_are_joined(steps):
    step = steps["kept"]
    done = {result["action"]: result for result in of(step, "coming.bills")}
    assert list(done) == ["retention", "rewrite_data_files", "rewrite_manifests", "compute_table_stats", "expire_snapshots", "remove_orphan_files"]
    assert all(result["outcome"] in ("done", "nothing") for result in done.values()), done
    assert done["compute_table_stats"]["outcome"] == "done"
    assert done["expire_snapshots"]["snapshots_after"] == 1 < done["expire_snapshots"]["snapshots_before"]
    assert step["raw"] == [["new", PERSON]] and step["days"] == [] and len(step["curated"]) == 3
