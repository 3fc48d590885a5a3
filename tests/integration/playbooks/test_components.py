# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's own plays over components and proofs that only write down when they ran: what waits for what, what a failure stops."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Ansible's own, and the trial's, which keeps its hosts' interpreters.
STRATEGIES = ["linear", "mitogen_linear"]

# As a role does: a task of its own stage, and a proof that is asked for only.
ROLE = """
- name: Begin
  ansible.builtin.shell: {cmd: "echo begin {{ component.name }} {{ inventory_hostname }} >> {{ journal }}; sleep 0.5"}
  tags: [redis_configure] # one that is known
- name: Reach
  ansible.builtin.ping:
  when: component.name in lost | default([])
  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9} # which nobody serves
- name: Work
  ansible.builtin.command: {argv: ["{{ 'false' if component.name in broken | default([]) else 'true' }}"]}
- name: Refuse
  ansible.builtin.assert: {that: "component.name not in refused | default([])", fail_msg: "the value 7 is refused"}
  no_log: "{{ hidden | default(false) }}"
- name: End
  ansible.builtin.shell: {cmd: "echo end {{ component.name }} {{ inventory_hostname }} >> {{ journal }}"}
- name: Prove
  ansible.builtin.shell: {cmd: "echo proof {{ component.name }} >> {{ journal }}"}
  tags: [probe_verify, never]
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "probe/tasks").mkdir(parents=True)
    (tmp_path / "probe/tasks/deploy.yml").write_text(ROLE)
    journal = tmp_path / "journal"
    roles = {"roles": [{"name": str(tmp_path / "probe")}]}
    components = {
        "minio": {}, "kafka_kraft": {"rolling": True}, "app_db": {}, "db_hive": {"needs": ["minio"]}, "gitea": {"needs": ["app_db"]},
        "trino": {"needs": ["db_hive", "kafka_kraft"]}, "airflow": {"needs": ["app_db"]},
        "gitops": {"groups": ["airflow", "superset"], "only_with": ["gitea"], "needs": ["gitea"], "beside": ["airflow"]}}
    hosts = {"minio": ["minio"], "kafka_kraft": ["kafka-1", "kafka-2"], "app_db": ["db"], "db_hive": ["db"], "gitea": ["gitea"],
             "trino": ["trino"], "airflow": ["airflow"], "superset": ["superset"]}
    (tmp_path / "hosts.json").write_text(json.dumps({"lakehouse": {
        "children": {group: {"hosts": dict.fromkeys(names)} for group, names in hosts.items()},
        "vars": {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}}}))
    (tmp_path / "vars.json").write_text(json.dumps({
        "lakehouse_name": "components-test", "journal": str(journal),
        "lakehouse_components": {name: dict(roles, **component) for name, component in components.items()}}))

    def run(*arguments, strategy="linear", playbook="components.yml"):
        journal.write_text("")
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts.json"),
             "-e", "@%s" % (tmp_path / "vars.json"), str(ROOT / "playbooks" / playbook), *arguments],
            env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0", ANSIBLE_STRATEGY=strategy,
                     ANSIBLE_STRATEGY_PLUGINS=str(ROOT / "lab/strategy")),
            capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, journal.read_text().splitlines(), done.stdout + done.stderr
    return run


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_needed_comes_first_and_the_rest_side_by_side(site, strategy):
    code, lines, output = site(strategy=strategy)
    assert code == 0, output
    assert len(lines) == 20 and len(set(lines)) == 20, output

    def before(first, then):
        return lines.index(first) < lines.index(then)

    assert before("end minio minio", "begin db_hive db") and before("end app_db db", "begin gitea gitea")
    assert before("end kafka_kraft kafka-1", "begin kafka_kraft kafka-2") and before("end kafka_kraft kafka-2", "begin trino trino")
    assert before("end airflow airflow", "begin gitops airflow") and before("end gitea gitea", "begin gitops superset")
    assert before("begin app_db db", "end minio minio") and before("begin minio minio", "end app_db db"), lines


def test_what_a_play_starts_has_all_processors(site, tmp_path):
    role = tmp_path / "probe/tasks/deploy.yml"
    role.write_text(ROLE.replace("echo end {{ component.name }}", "echo $(nproc)"))
    lines = site("--tags", "app_db", strategy="mitogen_linear")[1]
    assert f"{len(os.sched_getaffinity(0))} db" in lines, lines


def test_a_failure_stops_what_needs_it_and_nothing_else_and_another_run_goes_on(site):
    code, lines, output = site("-e", json.dumps({"broken": ["db_hive"]}))
    assert code == 2, output
    assert [line for line in lines if "trino" in line] == [] and "end gitops superset" in lines and "end gitops airflow" in lines
    table = [" ".join(line.split()) for line in output.splitlines()]
    assert "db_hive db failed Work: non-zero return code" in table and "trino trino stopped for want of db_hive on db" in table
    code, lines, output = site("--forks", "1")  # with which a host that waited for one behind it would wait for ever
    assert code == 0 and len(lines) == 20, output


@pytest.mark.parametrize("hidden", [False, True])
def test_the_cause_stands_at_the_end_unless_its_task_hides_it(site, hidden):
    code, lines, output = site("-e", json.dumps({"refused": ["db_hive"], "hidden": hidden}))
    assert code == 2, output
    end = output[output.index("TASK [Fail where a "):]
    assert "Refuse" in end and ("the value 7 is refused" in end) is not hidden, output


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_waits_for_a_host_that_is_lost_is_told(site, strategy):
    code, lines, output = site("-e", json.dumps({"lost": ["minio"]}), strategy=strategy)
    assert code != 0 and "begin db_hive db" not in lines and "end gitops superset" in lines, output
    table = [" ".join(line.split()) for line in output.splitlines()]
    assert "db_hive db stopped for want of minio on minio" in table, output
    assert any(line.startswith("(host) minio lost ") for line in table), output


def test_a_node_that_fails_keeps_the_roll_from_the_next(site):
    code, lines, output = site("-e", json.dumps({"broken": ["kafka_kraft"]}))
    assert code == 2 and "begin kafka_kraft kafka-2" not in lines, output
    assert "for want of kafka_kraft on kafka-1" in output


def test_one_component_a_stage_of_it_or_one_host(site):
    assert site("--tags", "trino")[1] == ["begin trino trino", "end trino trino", "proof trino"]
    assert sorted(site("--tags", "redis_configure", "--limit", "db,trino")[1]) == ["begin app_db db", "begin db_hive db", "begin trino trino"]


def test_a_proof_that_fails_keeps_no_other_from_being_tried(site, tmp_path):
    (tmp_path / "proof.yml").write_text(ROLE.replace("component.", "proof."))
    proofs = {"kafka_kraft": {}, "trino": {}, "kafka_tables": {"groups": ["trino"], "after": ["kafka_kraft"]}, "airflow": {"only_with": ["none"]}}
    code, lines, output = site(
        "-e", json.dumps({"proofs": {name: dict(proof, tasks=str(tmp_path / "proof")) for name, proof in proofs.items()}, "broken": ["trino", "kafka_kraft"]}),
        "--tags", "kafka_kraft_verify,trino_verify,kafka_tables_verify,airflow_verify", playbook="verify.yml")
    assert code == 2 and "trino failed: Work" in output, output
    assert lines[-3:] == ["begin kafka_tables trino", "end kafka_tables trino", "proof kafka_tables"], output
    assert lines.count("begin kafka_kraft kafka-1") == lines.count("begin kafka_kraft kafka-2") == lines.count("begin trino trino") == 1
