# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role trino refuses what cannot work, naming the variable, the value and the remedy, and never a secret."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PASSWORD = secrets.token_urlsafe()
SITE = {
    "trino_fqdn": "trino.example.org",
    "trino_coordinator_url": "https://trino.example.org:8443",
    "trino_memory_mib": 4096,
    "trino_users": [{"name": "datalake", "password": PASSWORD, "groups": ["admin"]}],
    "trino_internal_secret": secrets.token_urlsafe(),
    "trino_metastore_uri": "thrift://db.example.org:9083",
    "trino_s3_endpoint": "https://s3.example.org:9000",
    "trino_s3_access_key": "trino",
    "trino_s3_secret_key": secrets.token_urlsafe(),
    "common_java_homes": {"25": "/opt/datalake/jre-25"},
}
SHORT = secrets.token_hex(4)
OPEN = secrets.token_urlsafe()
USERS = SITE["trino_users"]
WORKLOAD = {
    "name": "people", "groups": [], "sources": [], "queries": 4, "user_queries": 2, "queued": 60, "user_queued": 10, "query_memory_percent": 33,
    "run_seconds": 900, "cpu_seconds": 0,
}  # fmt: skip
SAID = "{{ ansible_failed_result['results'] | default([ansible_failed_result]) | map(attribute='msg') | join(' ') }}"

# What is set otherwise, and the words that the refusal has to hold; no words: it is accepted.
CASES = {
    "as it should be": ({}, []),
    "a cluster": ({"trino_include_coordinator": False, "trino_worker_count": 3, "trino_version": "476"}, []),
    "a catalog more": (
        {
            "trino_extra_catalogs": {
                "shop": {"connector.name": "mariadb", "connection-password": "${ENV:SHOP_PASSWORD}"},
                "lakehouse": {"iceberg.expire-snapshots.min-retention": "1d"},
            },
            "trino_extra_secrets": {"SHOP_PASSWORD": OPEN},
        },
        [],
    ),
    "unknown release": ({"trino_version": "999"}, ["trino_version", "999", "476, 478"]),
    "illegal environment": ({"trino_environment": "My-Site"}, ["trino_environment", "My-Site", "small letters"]),
    "coordinator without TLS": ({"trino_coordinator_url": "http://a:8080"}, ["trino_coordinator_url", "http://a:8080", "https://"]),
    "nobody to work": ({"trino_worker_count": 0}, ["trino_worker_count", "0", "trino_include_coordinator"]),
    "container too small": ({"trino_memory_mib": 2047}, ["trino_heap_mib", "960", "trino_memory_mib (2047)", "2048"]),
    "heap too large": ({"trino_heap_mib": 3500}, ["trino_heap_mib", "3500", "trino_memory_mib, 4096", "Lower"]),
    "user without a legal name": ({"trino_users": USERS + [{"name": "a:b", "password": PASSWORD}]}, ["trino_users", "a:b", "Use letters"]),
    "user twice": ({"trino_users": USERS + USERS}, ["trino_users", "datalake", "Keep one"]),
    "user who warms up": ({"trino_users": USERS + [{"name": "warmup", "password": PASSWORD}]}, ["trino_users", "warmup", "Keep one"]),
    "operator who is no user": ({"trino_operator_user": "ana"}, ["trino_users", "ana", "trino_operator_user", "Add it"]),
    "short password": ({"trino_users": USERS + [{"name": "ana", "password": SHORT}]}, ["trino_users", "ana", "longer"]),
    "people through a service": (
        {"trino_users": USERS + [{"name": "superset", "password": PASSWORD}, {"name": "ana", "through": "superset", "groups": ["bi"]}]},
        [],
    ),
    "people through nobody": ({"trino_users": USERS + [{"name": "ana", "through": "superset"}]}, ["trino_users", "superset", "Name others"]),
    "people through people": (
        {"trino_users": USERS + [{"name": "bia", "through": "datalake"}, {"name": "ana", "through": "bia"}]},
        ["trino_users", "bia", "Name others"],
    ),
    "neither password nor through": ({"trino_users": USERS + [{"name": "ana"}]}, ["trino_users", "ana", "longer"]),
    "user whose name ends a line": ({"trino_users": USERS + [{"name": "ana\n", "password": PASSWORD}]}, ["trino_users", "no legal user names"]),
    "group that would part a line": (
        {"trino_users": USERS + [{"name": "ana", "password": PASSWORD, "groups": ["bi:admin"]}]},
        ["trino_users", "no legal group names", "bi:admin"],
    ),
    "person who has a service's name": (
        {"trino_users": USERS + [{"name": "superset", "password": PASSWORD}, {"name": "etl", "password": PASSWORD, "service": True, "through": "superset"}]},
        ["trino_users", "etl", "superset_users"],
    ),
    "person who signs in and comes through a service": (
        {"trino_users": USERS + [{"name": "superset", "password": PASSWORD}, {"name": "ana", "password": PASSWORD, "through": "superset"}]},
        [],
    ),
    "secret of two lines": ({"trino_extra_secrets": {"SHOP": OPEN + "\n"}}, ["trino_extra_secrets", "SHOP", "line breaks"]),
    "rules that Trino does not read": (
        {"trino_access_rules": {"catalogs": [{"group": "admin", "allow": "everything"}]}},
        ["trino_access_rules", "catalogs", "rule 1", "everything", "read-only"],
    ),
    "user who could take all the memory": (
        {"trino_workloads": [WORKLOAD | {"user_queries": 4}]},
        ["trino_workloads", "people", "user_queries", "132", "100"],
    ),
    "no zone": ({"trino_timezone": "here and now"}, ["trino_timezone", "here and now", "America/Sao_Paulo"]),
    "short secret": ({"trino_internal_secret": SHORT}, ["trino_internal_secret", "16", "longer"]),
    "illegal catalog": ({"trino_extra_catalogs": {"My-Shop": {"connector.name": "tpch"}}}, ["trino_extra_catalogs", "My-Shop", "Use small letters"]),
    "catalog without connector": ({"trino_extra_catalogs": {"shop": {}}}, ["trino_extra_catalogs", "connector.name", "shop"]),
    "secret in the open": (
        {"trino_extra_catalogs": {"shop": {"connector.name": "mariadb", "connection-password": OPEN}}},
        ["trino_extra_catalogs", "connection-password", "trino_extra_secrets"],
    ),
}


@pytest.fixture(scope="module", name="answers")
def fixture_answers(tmp_path_factory):
    """Run the stage for every case in one play, and return what each was told."""
    folder = tmp_path_factory.mktemp("validate")
    (folder / "case.yml").write_text(
        json.dumps(
            [
                {
                    "name": "Try",
                    "block": [{"ansible.builtin.include_role": {"name": "gti.lakehouse.trino", "tasks_from": "validate"}}],
                    "rescue": [
                        {
                            "name": "Keep what was said",
                            "ansible.builtin.copy": {"content": SAID, "dest": "%s/{{ case }}.json" % folder},
                        }
                    ],
                }
            ]
        ),
        encoding="utf-8",
    )
    tasks = [
        {"ansible.builtin.include_tasks": "case.yml", "vars": {**SITE, **changes, "case": number}}
        for number, (changes, unused) in enumerate(CASES.values())
    ]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks,
    }
    (folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(folder / "play.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_FORCE_COLOR="0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    files = [folder / ("%d.json" % number) for number in range(len(CASES))]
    answers = dict(zip(CASES, [file.read_text(encoding="utf-8") if file.exists() else "" for file in files]))
    return {"output": run.stdout + run.stderr, **answers}


@pytest.mark.parametrize("case", CASES)
def test_it_is_told_what_is_wrong(answers, case):
    words = CASES[case][1]
    assert bool(answers[case]) == bool(words), answers[case]
    assert [word for word in words if word not in answers[case]] == []


def test_no_secret_is_shown(answers):
    shown = "".join(answers.values())
    assert [secret for secret in (PASSWORD, SHORT, OPEN, SITE["trino_internal_secret"], SITE["trino_s3_secret_key"]) if secret in shown] == []
