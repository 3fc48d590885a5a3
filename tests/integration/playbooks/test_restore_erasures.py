# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was erased since a backup is erased again after a restore, or named: by playbooks/tasks/erasures.yml and a server that answers as Airflow does."""

from __future__ import annotations

import http.server
import json
import pathlib
import threading
import urllib.parse

import pytest
from hosts_run import Run

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  vars: {restore_since: "2026-12-01T02:30:00+00:00", common_operator_name: operator, vault_airflow_admin_password: x, lakehouse_ca_file: null}
  tasks:
    - ansible.builtin.include_tasks: %s/playbooks/tasks/erasures.yml
    - ansible.builtin.copy: {dest: "%s/{{ inventory_hostname }}.json", mode: "0600", content: "{{ restore_problems | default([]) | to_json }}"}
"""
STATES = ("success", "failed", "running", "queued")


class Airflow(http.server.BaseHTTPRequestHandler):
    """Has one run of each state."""

    asked: list[dict[str, str]] = []
    begun: list[str] = []

    def said(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        self.asked.append(asked)
        self.said({"total_entries": 1, "dag_runs": [{"dag_run_id": "manual-" + asked["state"], "conf": {"request": "LGPD-" + asked["state"]}}]})

    def do_POST(self):
        self.begun.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["conf"]["request"])
        self.said({})

    def log_message(self, *dummy):
        pass


@pytest.fixture(name="ran", scope="module")
def ran_(tmp_path_factory):
    folder = tmp_path_factory.mktemp("erasures")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d" % server.server_address[1]
        run = Run(folder, PLAY % (ROOT, folder), {"again": {"airflow_api_url": url, "restore_again": True},
                                                  "beside": {"airflow_api_url": url, "restore_again": False},
                                                  "silent": {"airflow_api_url": "http://127.0.0.1:1", "restore_again": True}})
        server.shutdown()
    return run


def test_each_run_that_may_have_removed_before_what_came_back_is_done_again(ran):
    assert ran.result("again") == [], ran.output
    assert sorted(Airflow.begun) == sorted("LGPD-" + state for state in STATES)


def test_of_those_that_ended_those_since_the_backup_count(ran):
    assert {asked["state"]: asked.get("end_date_gte") for asked in Airflow.asked} == {
        **dict.fromkeys(STATES), **dict.fromkeys(("success", "failed"), "2026-12-01T02:30:00+00:00")}, ran.output


def test_what_the_erasures_do_not_reach_is_said_with_their_requests(ran):
    (problem,) = ran.result("beside")
    assert all("LGPD-" + state in problem for state in STATES)


def test_where_airflow_does_not_answer_that_is_said(ran):
    (problem,) = ran.result("silent")
    assert "by your own records" in problem
