# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role superset refuses what cannot work, naming the variable, the value and the remedy, and never a secret."""

from __future__ import annotations

import re
import secrets

import pytest
from hosts_run import Run

SITE = {
    "superset_fqdn": "superset.example.org",
    "superset_memory_mib": 1536,
    "superset_api_url": "https://superset.example.org:8088",
    "superset_ca_path": "/none",
    "superset_db_host": "db.example.org",
    "superset_db_password": secrets.token_hex(20),
    "superset_secret_key": secrets.token_hex(20),
    "superset_admin_password": secrets.token_hex(20),
    "superset_api_password": secrets.token_hex(20),
    "superset_trino_host": "trino.example.org",
    "superset_trino_password": secrets.token_hex(20),
}
SHORT = secrets.token_hex(4)
ANA = {"name": "ana", "first_name": "Ana", "last_name": "Lima", "email": "ana@example.org", "roles": ["BI Viewer"]}
CASES = {
    "unknown-release": ({"superset_version": "4.0.0"}, ["superset_version is 4.0.0", "3.1"]),
    "port-of-root": ({"superset_https_port": 443}, ["superset_https_port is 443", "above 1023"]),
    "nobody-works": ({"superset_workers": 0}, ["superset_workers is 0"]),
    "too-many-workers": ({"superset_workers": 4}, ["superset_memory_mib is 1536", "4 workers", "fewer superset_workers"]),
    "worker-as-text": ({"superset_celery": "true", "superset_memory_mib": 846}, ["a worker of Celery", "needs 1196"]),
    "short-key": ({"superset_secret_key": SHORT}, ["superset_secret_key has 8 characters", "vaulted"]),
    "short-password": ({"superset_users": [dict(ANA, password=SHORT)]}, ["12 characters", "ana"]),
    "one-name-twice": ({"superset_users": [ANA, dict(ANA, email="x@example.org")]}, ["superset_users (ana, ana"]),
    "one-address-twice": ({"superset_users": [ANA, dict(ANA, name="bia")]}, ["each email once"]),
    "a-name-of-ours": ({"superset_users": [dict(ANA, name="datalake")]}, ["superset_admin_name"]),
    "a-name-of-proofs": ({"superset_users": [dict(ANA, name="Verify-ana")]}, ["superset_users (Verify-ana", "begins with verify-"]),
    "unknown-role": ({"superset_users": [dict(ANA, roles=["Chefe"])]}, ["unknown: Chefe"]),
    "a-role-of-superset": ({"superset_extra_roles": [{"name": "Gamma"}]}, ["none of Superset's own", "Gamma"]),
    "secret-in-the-open": ({"superset_settings": {"GUEST_SECRET_KEY": "x"}}, ["GUEST_SECRET_KEY", "no secrets"]),
    "no-setting": ({"superset_settings": {"row limit": 1}}, ["row limit", "names of Superset's settings"]),
}
GOOD = {
    "as-it-should-be": {},
    "no-worker-as-text": {"superset_celery": "false", "superset_memory_mib": 846},
    "all-of-it": {"superset_workers": 2, "superset_memory_mib": 2048, "superset_celery": True, "superset_users": [ANA], "superset_settings": {"ROW_LIMIT": 5}},
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.superset, tasks_from: validate}
"""


@pytest.fixture(scope="module", name="run")
def fixture_run(tmp_path_factory):
    hosts = {name: dict(SITE, **changes) for name, changes in GOOD.items()}
    hosts.update((name, dict(SITE, **changes)) for name, (changes, dummy) in CASES.items())
    return Run(tmp_path_factory.mktemp("superset"), PLAY, hosts)


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_work_is_refused(run, name):
    said = re.split(r"(?:fatal|failed): \[%s\]" % name, run.output)[1:]
    refusal = " ".join(" ".join(part.split("\n\n")[0] for part in said).replace("''", "'").split())
    for word in CASES[name][1]:
        assert word in refusal
    for secret in (SHORT, *[value for value in SITE.values() if isinstance(value, str) and len(value) == 40]):
        assert secret not in run.output


@pytest.mark.parametrize("name", GOOD)
def test_what_can_work_is_let_through(run, name):
    assert re.search(r"^%s +: ok=\d+ .* failed=0 " % name, run.output, re.MULTILINE), run.output
