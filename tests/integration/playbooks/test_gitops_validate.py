# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role gitops refuses what cannot work, naming the variable, the value and the remedy, and never a secret; and what it writes."""

from __future__ import annotations

import secrets
import sys

import pytest
from hosts_run import ROOT, Run

sys.path.insert(0, str(ROOT / "roles/gitops/files"))

from lakehouse_gitops.settings import load

SHORT = secrets.token_hex(4)
JOBS = {"organization": "gti", "name": "jobs", "checks": ["python"], "interpreter": "/usr/bin/python3"}
SQL = dict(JOBS, name="sql", checks=["sql"])
SITE = {
    "gitops_repositories": [JOBS, SQL],
    "gitops_fqdn": "airflow.example.org",
    "gitops_webhook_secret": secrets.token_hex(20),
    "gitops_gitea_url": "https://gitea.example.org:3000",
    "gitops_gitea_password": secrets.token_hex(20),
    "gitops_ssh_host_key": "ssh-ed25519 AAAA gitea",
    "gitops_deploy_key": "-----BEGIN %s-----\n%s\n" % ("OPENSSH PRIVATE KEY", secrets.token_hex(20)),
    "gitops_trino_url": "https://trino.example.org:8443",
    "gitops_trino_password": secrets.token_hex(20),
}
CASES = {
    "unknown-check": ({"gitops_repositories": [dict(JOBS, checks=["ruff"])]}, ["gitops_repositories", "ruff", "must be one or more of: python, dags"]),
    "illegal-name": ({"gitops_repositories": [dict(JOBS, name="../etc")]}, ["gitops_repositories", "../etc", "small letters"]),
    "a-name-twice": ({"gitops_repositories": [JOBS, JOBS]}, ["gitops_repositories has a name twice"]),
    "sql-without-trino": ({"gitops_trino_url": ""}, ["the check sql for sql", "gitops_trino_url and gitops_trino_password"]),
    "plain-gitea": ({"gitops_gitea_url": "http://gitea.example.org"}, ['gitops_gitea_url is "http://gitea.example.org"', "https://"]),
    "plain-trino": ({"gitops_trino_url": "http://trino.example.org"}, ['gitops_trino_url is "http://trino.example.org"', "https://"]),
    "no-host-key": ({"gitops_ssh_host_key": ""}, ["gitops_ssh_host_key is no public key", "playbooks/secrets.yml"]),
    "no-deploy-key": ({"gitops_deploy_key": SHORT}, ["gitops_deploy_key is no private key", "playbooks/secrets.yml"]),
    "short-secret": ({"gitops_webhook_secret": SHORT}, ["gitops_webhook_secret has 8 characters", "vaulted"]),
    "port-of-root": ({"gitops_webhook_port": 443}, ["gitops_webhook_port is 443", "above 1023"]),
    "nothing-kept": ({"gitops_keep_releases": 1}, ["gitops_keep_releases is 1", "keep 2"]),
    "no-rest": ({"gitops_interval_seconds": 1}, ["gitops_interval_seconds is 1", "10 at least"]),
    "endless-files": ({"gitops_check_files_mib": 1024}, ["gitops_check_files_mib is 1024", "gitops_check_memory_mib"]),
    "no-memory": ({"gitops_check_memory_mib": 64}, ["gitops_check_memory_mib is 64", "256"]),
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  vars:
    role_path: "@ROLE@" # the role's own elsewhere
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.gitops, tasks_from: validate}
    - ansible.builtin.copy:
        content: "{{ __gitops_settings | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
    - ansible.builtin.copy:
        content: "{{ __gitops_sources | to_json }}"
        dest: "{{ playbook_dir }}/sources-{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module", name="run")
def fixture_run(tmp_path_factory):
    hosts = {name: dict(SITE, **changes) for name, (changes, dummy) in CASES.items()}
    return Run(tmp_path_factory.mktemp("gitops"), PLAY.replace("@ROLE@", str(ROOT / "roles/gitops")), dict(hosts, good=SITE))


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_work_is_refused(run, name):
    refusal = run.refusal(name)
    for word in CASES[name][1]:
        assert word in refusal
    for secret in (SHORT, SITE["gitops_webhook_secret"], SITE["gitops_deploy_key"].split()[-1]):
        assert secret not in run.output


def test_the_package_understands_the_settings_which_hold_no_secret(run):
    settings = load(run.folder / "good.json")
    assert [repository.full_name for repository in settings.repositories] == ["gti/jobs", "gti/sql"]
    assert settings.ssh_host == "gitea.example.org" and settings.ssh_port == 2222 and settings.keep_releases == 5
    written = (run.folder / "good.json").read_text()
    assert not [name for name in ("webhook_secret", "gitea_password", "trino_password", "deploy_key") if SITE["gitops_" + name] in written]


def test_all_of_the_package_is_brought_as_it_is(run):
    package = ROOT / "roles/gitops/files"
    brought = run.result("sources-good")
    assert sorted(brought) == sorted(str(path.relative_to(package)) for path in package.glob("lakehouse_gitops/**/*.py"))
    assert all((package / name).read_text() == text for name, text in brought.items())
