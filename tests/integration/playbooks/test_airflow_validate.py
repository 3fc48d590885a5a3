# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role airflow refuses what cannot work, naming the variable, the value and the remedy, and never a secret; and what it writes."""

from __future__ import annotations

import configparser
import re
import secrets

import pytest
from hosts_run import ROOT, Run

KEY, OLD = secrets.token_hex(20), secrets.token_hex(20)
SITE = {
    "airflow_fqdn": "airflow.example.org",
    "airflow_api_url": "https://airflow.example.org:8089",
    "airflow_ca_path": "/none",
    "airflow_memory_mib": 4096,
    "airflow_db_host": "db.example.org",
    "airflow_db_password": secrets.token_hex(20),
    "airflow_fernet_key": KEY,
    "airflow_secret_key": secrets.token_hex(20),
}
SPARK = [{"name": "spark", "slots": 3}]
TRINO = [{"name": "trino", "slots": 4}]
SHORT = secrets.token_hex(4)
WORKERS = {
    "airflow_executor": "CeleryExecutor", "airflow_broker_host": "airflow.example.org", "airflow_broker_password": "a/b@c:" + OLD,
    "airflow_remote_logs": "s3://lake/logs",
}  # fmt: skip
WORKER = dict(WORKERS, airflow_is_server=False, airflow_is_worker=True, airflow_pools=SPARK)
ANA = {"name": "ana", "email": "a@example.org", "roles": ["Viewer"]}
CASES = {
    "unknown-release": ({"airflow_version": "2.10.0"}, ["airflow_version is 2.10.0", "2.9"]),
    "port-of-root": ({"airflow_port": 443}, ["airflow_port (443)", "above 1023"]),
    "nobody-works": ({"airflow_parallelism": 0}, ["airflow_parallelism (0)"]),
    "too-many-drivers": ({"airflow_pools": SPARK, "airflow_memory_mib": 3000}, ["airflow_memory_mib is 3000", "3 slots of the pool spark", "more memory"]),
    "short-key": ({"airflow_fernet_key": SHORT}, ["airflow_fernet_key has 8 characters", "vaulted"]),
    "short-old-key": ({"airflow_old_fernet_keys": [SHORT]}, ["airflow_old_fernet_keys", "8 characters"]),
    "short-password": ({"airflow_users": [{"name": "ana", "email": "a@b", "password": SHORT}]}, ["password of airflow_users", "8 characters"]),
    "no-admin-left": ({"airflow_users": [ANA]}, ["airflow_users (ana)", "active user with the role Admin (there are: none)", "lakehouse_airflow_users"]),
    "locked-admin": ({"airflow_users": [dict(ANA, roles=["Admin"], active="false")]}, ["airflow_users (ana)", "(there are: none)"]),
    "no-admin-for-verify": (
        {"airflow_users": [dict(ANA, roles=["Admin"])], "airflow_verify_admin": {"name": "datalake"}},
        ["(there are: ana) and datalake, which is airflow_verify_admin"]),
    "one-name-twice": ({"airflow_pools": TRINO + TRINO}, ["airflow_pools has one name twice: trino, trino"]),
    "worker-of-nobody": ({"airflow_is_worker": True}, ["airflow_executor is LocalExecutor", "Workers need CeleryExecutor"]),
    "neither": (dict(WORKERS, airflow_is_server=False), ["airflow_is_server: False", "airflow_is_worker: False"]),
    "no-broker": (dict(WORKERS, airflow_broker_host=""), ['airflow_broker_host ("")']),
    "short-broker-password": (dict(WORKERS, airflow_broker_password=SHORT), ["airflow_broker_password (12 characters"]),
    "logs-nowhere": (dict(WORKERS, airflow_remote_logs=""), ['airflow_remote_logs with an s3:// address ("")']),
    "too-small-a-worker": (dict(WORKER, airflow_memory_mib=3000), ["airflow_memory_mib is 3000", "4 tasks (airflow_worker_slots)"]),
    "secret-in-the-open": ({"airflow_settings": {"core": {"fernet_key": OLD}}}, ["airflow_settings holds fernet_key", "shown in diffs"]),
}
GOOD = {
    "as-it-should-be": {},
    "an-admin": {"airflow_users": [ANA, dict(ANA, name="bia", roles=["Admin"]), dict(ANA, name="gil", active="no")], "airflow_verify_admin": {"name": "bia"}},
    "all-of-it": {"airflow_old_fernet_keys": [OLD], "airflow_statsd_host": "", "airflow_settings": {"core": {"parallelism": 9, "x": "50%"}}},
    "server-of-workers": dict(WORKERS, airflow_pools=SPARK, airflow_memory_mib=800),  # tasks run elsewhere
    "worker": WORKER,
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.airflow, tasks_from: validate}
    - ansible.builtin.copy:
        content: "{{ {'cfg': lookup('ansible.builtin.template', '@ROLE@/templates/airflow.cfg.j2'), 'keys': __airflow_fernet_keys,
                    'secrets': __airflow_secret_files, 'units': __airflow_units, 'ping': __airflow_ping} | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module", name="run")
def fixture_run(tmp_path_factory):
    hosts = {name: dict(SITE, **changes) for name, changes in GOOD.items()}
    hosts.update((name, dict(SITE, **changes)) for name, (changes, dummy) in CASES.items())
    return Run(tmp_path_factory.mktemp("airflow"), PLAY.replace("@ROLE@", str(ROOT / "roles/airflow")), hosts)


def refusal_of(run, name):
    """What was said of the host's case, or of one item of it, before the play wrote anything."""
    assert not (run.folder / (name + ".json")).exists(), run.output
    said = re.split(r"(?:fatal|failed): \[%s\]" % name, run.output)[1:]
    return " ".join(" ".join(part.split("\n\n")[0] for part in said).replace("''", "'").split())


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_work_is_refused(run, name):
    refusal = refusal_of(run, name)
    for word in CASES[name][1]:
        assert word in refusal
    for secret in (KEY, OLD, SHORT, SITE["airflow_secret_key"], SITE["airflow_db_password"]):
        assert secret not in refusal


@pytest.mark.parametrize("name", GOOD)
def test_the_settings_hold_no_secret_and_can_be_read(run, name):
    written = run.result(name)
    settings = configparser.ConfigParser()
    settings.read_string(written["cfg"])
    assert settings["database"]["sql_alchemy_conn"].startswith("postgresql+psycopg2://airflow@db.example.org:5433/airflow?sslmode=verify-full&")
    assert settings["core"]["load_examples"] == "False" and settings["webserver"]["expose_config"] == "False"
    for secret in [value for value in SITE.values() if isinstance(value, str) and len(value) == 40]:
        assert secret not in written["cfg"]


def test_the_last_word_is_the_sites_and_the_newest_key_comes_first(run):
    plain, changed = run.result("as-it-should-be"), run.result("all-of-it")
    settings = configparser.ConfigParser()
    settings.read_string(changed["cfg"])
    assert settings["core"]["parallelism"] == "9" and settings["core"]["x"] == "50%"
    assert settings["metrics"]["statsd_on"] == "False"
    assert changed["keys"].split(",")[0] == plain["keys"] and len(changed["keys"].split(",")) == 2
    assert all(len(key) == 44 for key in changed["keys"].split(","))


def test_workers_and_their_server_are_told_of_the_broker(run):
    for name, units in (("server-of-workers", 3), ("worker", 1)):
        written = run.result(name)
        settings = configparser.ConfigParser()
        settings.read_string(written["cfg"])
        assert settings["core"]["executor"] == "CeleryExecutor" and settings["logging"]["remote_base_log_folder"] == "s3://lake/logs"
        assert written["secrets"]["broker_url"].startswith("rediss://airflow:a%2Fb%40c%3A" + OLD + "@airflow.example.org:6379/0?ssl_cert_reqs=required&")
        assert len(written["units"]) == units and OLD not in written["cfg"]
    assert run.result("worker")["units"] == ["airflow-worker"]
    assert "AIRFLOW_CONFIG=/etc/datalake/airflow/airflow.cfg" in run.result("worker")["ping"]
    alone = run.result("as-it-should-be")
    assert "broker_url" not in alone["secrets"] and "[celery]" not in alone["cfg"] and len(alone["units"]) == 3
