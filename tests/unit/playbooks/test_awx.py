# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs for AWX and Semaphore, and the execution environment that they run in."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from ansible_collections.awx.awx.plugins.modules import job_template, schedule

ROOT = pathlib.Path(__file__).resolve().parents[3]
JOBS = yaml.safe_load((ROOT / "awx/jobs.yml").read_text())["lakehouse_jobs_default"]
# They ask, make what must exist before a job can run, or are for a controller without jobs.
BY_HAND = {"playbooks/destroy.yml", "playbooks/secrets.yml", "playbooks/site.yml", "playbooks/begin.yml", "playbooks/renewal_timer.yml"}
# A file of the controller is nothing to choose for who may start a job; the version of the flights is the catalogue's.
NOT_ASKED = ("_file", "_version")


def test_each_playbook_has_a_job():
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "playbooks").glob("*.yml")} | {"site.yml"}
    assert {job["playbook"] for job in JOBS} == there - BY_HAND


def test_names_are_told_apart():
    names = [job["name"] for job in JOBS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("job", JOBS, ids=[job["name"] for job in JOBS])
def test_a_job_says_what_it_is_for(job):
    assert set(job) - {"check", "survey", "daily"} == {"name", "playbook", "description"} and all(job.values())


def test_awx_knows_each_option():
    options = yaml.safe_load(job_template.DOCUMENTATION)["options"]
    task, scheduling = yaml.safe_load((ROOT / "awx/awx.yml").read_text())[0]["tasks"]
    assert set(scheduling["awx.awx.schedule"]) <= set(yaml.safe_load(schedule.DOCUMENTATION)["options"])
    given = task["awx.awx.job_template"]
    assert set(given) <= set(options)
    assert {name for name, option in options.items() if option.get("required")} <= set(given)
    assert {"run", "check"} == set(options["job_type"]["choices"])
    assert given["ask_variables_on_launch"] is False


def test_a_schedule_counts_in_the_site_s_time_zone():
    (play,) = yaml.safe_load((ROOT / "awx/awx.yml").read_text())
    site = yaml.safe_load((ROOT / "group_vars/all/site.yml").read_text())
    rule = play["tasks"][1]["awx.awx.schedule"]["rrule"]
    assert rule.startswith("DTSTART;TZID={{ awx_timezone }}:") and rule.endswith("00 RRULE:FREQ=DAILY;INTERVAL=1")
    assert play["vars"]["awx_timezone"] == site["lakehouse_timezone"]


def test_the_renewal_goes_on_by_itself_and_nothing_else():
    assert {job["playbook"]: job["daily"] for job in JOBS if "daily" in job} == {"playbooks/renewal.yml": "03:30"}


@pytest.mark.parametrize("job", JOBS, ids=[job["name"] for job in JOBS])
def test_a_survey_asks_for_what_the_playbook_documents_and_for_nothing_else(job):
    """Documented is what its comments or the guide name behind -e, and what its plays set as theirs."""
    text = (ROOT / job["playbook"]).read_text()
    own = re.compile(rf"{pathlib.Path(job['playbook']).stem}_[a-z_]+")
    comments = "".join(re.findall("^ *#.*", text, re.MULTILINE))
    guide = "".join(line for line in (ROOT / "docs/operations.md").read_text().splitlines() if job["playbook"] in line)
    documented = set(re.findall(r"-e ([a-z_]+)=", comments + guide))
    plays = {name: value for play in yaml.safe_load(text) for name, value in play.get("vars", {}).items() if own.fullmatch(name)}
    asked = {question["variable"]: question for question in job.get("survey", [])}
    assert set(asked) == {name for name in documented | set(plays) if not name.endswith(NOT_ASKED)}
    for name, question in asked.items():
        default = plays.get(name, next(iter(re.findall(rf"{name} \| default\((\w+)\)", text)), question.get("default")))
        assert (name, str(question.get("default")).lower()) == (name, str(default).lower())
        assert set(question) <= {"variable", "type", "question_name", "min", "max", "choices", "default", "required"}
        assert question["type"] in {"integer", "text", "multiplechoice"} and question["question_name"]
        assert ("choices" in question) == (question["type"] == "multiplechoice")
        if question["type"] == "integer":
            assert question["min"] <= question.get("default", question["min"]) <= question["max"]


def test_a_dead_kafka_is_brought_back_by_its_jobs():
    asking = {job["name"] for job in JOBS if "kafka_kraft_restart_anyway" in [question["variable"] for question in job.get("survey", [])]}
    assert asking == {"kafka", "kafka restart"}


def lock(path):
    """{name==version: hashes} of each line."""
    entries = re.split(r"^(?=[a-z])", re.sub(r"^#.*", "", (ROOT / path).read_text(), flags=re.MULTILINE).strip(), flags=re.MULTILINE)
    return {entry.split()[0]: set(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)) for entry in entries if entry}


def test_the_execution_environment_installs_by_checksums_alone():
    lines = (ROOT / "awx/Containerfile").read_text().replace("\\\n", "").splitlines()
    (install,) = [line for line in lines if "pip" in line]
    assert {"--require-hashes", "--only-binary"} <= set(install.split())
    copied = dict(line.split()[1:] for line in lines if line.startswith("COPY"))
    assert set(copied) == {"requirements.lock", "awx/requirements.lock"}
    assert re.findall(r"--requirement (\S+)", install) == list(copied.values())


def test_the_execution_environment_has_what_opens_a_release():
    """The controller's own backup unpacks one."""
    (packages,) = re.findall(r"apt-get install ([^&]*)", (ROOT / "awx/Containerfile").read_text())
    assert "--zstd" in (ROOT / "playbooks/tasks/backup_controller.yml").read_text() and "zstd" in packages.split()
    for edition in ("docs", "docs/pt-BR"):
        (line,) = [line for line in (ROOT / edition / "install-proxmox.md").read_text().splitlines() if line.startswith(("| controller |", "| controlador |"))]
        assert "zstd" in line


def test_the_execution_environment_adds_what_awx_needs_and_changes_no_version():
    controller, runner = lock("requirements.lock"), lock("awx/requirements.lock")
    assert all(runner.values()) and len(runner) > 5
    wanted = {line for line in (ROOT / "awx/requirements.txt").read_text().splitlines() if not line.startswith("#")}
    assert wanted and wanted <= set(runner)
    versions = dict(entry.split("==") for entry in controller)
    assert {name: version for name, version in (entry.split("==") for entry in runner) if versions.get(name, version) != version} == {}
