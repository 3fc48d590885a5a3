# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role redis opens no port without passwords, and writes none of them."""

from __future__ import annotations

import hashlib
import secrets

import pytest
from hosts_run import ROOT, Run

PASSWORD, SHORT = secrets.token_hex(20), secrets.token_hex(4)
SITE = {"redis_address": "192.0.2.7"}
USER = {"name": "app", "password": PASSWORD}
PORT = dict(SITE, redis_port=6379, redis_users=[USER])
CASES = {
    "open-port": dict(SITE, redis_port=6379),
    "users-without-a-port": dict(SITE, redis_users=[USER]),
    "port-of-root": dict(PORT, redis_port=379),
    "short-password": dict(PORT, redis_users=[dict(USER, password=SHORT)]),
    "name-twice": dict(PORT, redis_users=[USER, USER]),
    "name-of-redis": dict(PORT, redis_users=[dict(USER, name="default")]),
    "words-in-a-name": dict(PORT, redis_users=[dict(USER, name="app on nopass")]),
}
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.import_role: {name: gti.lakehouse.redis, tasks_from: validate}
    - ansible.builtin.copy:
        content: "{{ {'conf': lookup('ansible.builtin.template', '@ROLE@/templates/redis.conf.j2'),
                      'users': lookup('ansible.builtin.template', '@ROLE@/templates/users.acl.j2')} | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module", name="run")
def fixture_run(tmp_path_factory):
    hosts = dict(CASES, socket=SITE, port=PORT)
    return Run(tmp_path_factory.mktemp("redis"), PLAY.replace("@ROLE@", str(ROOT / "roles/redis")), hosts)


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_work_is_refused(run, name):
    assert not (run.folder / (name + ".json")).exists(), run.output
    assert PASSWORD not in run.output and SHORT not in run.output


def test_without_a_port_there_is_a_socket_alone(run):
    written = run.result("socket")
    assert "\nport 0\n" in written["conf"] and "tls-port" not in written["conf"] and "\nbind" not in written["conf"]
    assert written["users"].splitlines() == ["user default reset on nopass ~* &* +@all -@admin -@dangerous +info +keys +flushdb"]


def test_with_a_port_nobody_is_let_in_without_a_password(run):
    written = run.result("port")
    assert "\nport 0\n" in written["conf"] and "\ntls-port 6379\n" in written["conf"] and "\nbind 127.0.0.1 192.0.2.7\n" in written["conf"]
    nobody, app = written["users"].splitlines()
    assert nobody == "user default reset off" and PASSWORD not in app
    assert app.startswith("user app reset on #%s ~* &* +@all -@admin" % hashlib.sha256(PASSWORD.encode()).hexdigest())
