# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/semaphore.yml makes each template once, and changes what differs."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest
import yaml
from lab.host import ansible

ROOT = pathlib.Path(__file__).resolve().parents[3]
JOBS = yaml.safe_load((ROOT / "awx/jobs.yml").read_text())["lakehouse_jobs_default"]
PATH = re.compile(r"/api/project/7/(templates|schedules)(?:/([0-9]+))?$")


class Project(http.server.BaseHTTPRequestHandler):
    """The part of Semaphore's API that keeps a project's templates and schedules."""

    def log_message(self, *dummy):
        pass

    def answer(self, status, body=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        text = b"" if body is None else json.dumps(body).encode()
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_call(self):
        where = PATH.match(self.path)
        if not where or self.headers["Authorization"] != "Bearer of-this-test":
            return self.answer(401)
        templates = self.server.templates
        if self.command == "GET":
            return self.answer(200, list((templates if where[1] == "templates" else self.server.schedules).values()))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(self.command)
        if where[1] == "schedules":
            self.server.schedules[body["name"]] = body
            return self.answer(201, body)
        number = int(where[2]) if where[2] else len(templates) + 1
        # It keeps no empty value of a question.
        asked = [{name: value for name, value in question.items() if value} for question in body["survey_vars"]]
        templates[number] = {**body, "id": number, "survey_vars": asked or None}
        return self.answer(201, templates[number]) if self.command == "POST" else self.answer(204)

    do_GET = do_POST = do_PUT = handle_call


@pytest.fixture
def semaphore():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Project)
    server.templates, server.schedules, server.calls = {}, {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def run(server):
    given = {"semaphore_url": f"http://127.0.0.1:{server.server_port}", "semaphore_project": 7, "semaphore_inventory": 1,
             "semaphore_repository": 2, "semaphore_environment": 3}
    command = [pathlib.Path(sys.executable).parent / "ansible-playbook", ROOT / "awx/semaphore.yml", "--extra-vars", json.dumps(given)]
    environment = {**os.environ, **ansible.strategy(), "SEMAPHORE_TOKEN": "of-this-test", "no_proxy": "*", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    calls, server.calls = server.calls, []
    return calls


def test_templates_are_made_once_and_what_differs_is_changed(semaphore):
    assert run(semaphore) == ["POST"] * (len(JOBS) + 1)
    (renewal,) = [number for number, template in semaphore.templates.items() if template["name"] == "lakehouse: renewal"]
    assert semaphore.schedules == {"lakehouse: renewal": {
        "project_id": 7, "template_id": renewal, "name": "lakehouse: renewal", "cron_format": "30 3 * * *", "active": True}}
    semaphore.schedules["lakehouse: renewal"]["active"] = False
    look = {template["name"]: template for template in semaphore.templates.values()}["lakehouse: site (look)"]
    assert (look["playbook"], json.loads(look["arguments"]), look["app"]) == ("site.yml", ["--check", "--diff"], "ansible")
    assert run(semaphore) == []
    look["playbook"] = "other.yml"
    status = {template["name"]: template for template in semaphore.templates.values()}["lakehouse: status"]
    days = {"name": "status_days", "title": "Days that a certificate must be good for", "type": "int", "default_value": "14"}
    assert status["survey_vars"][0] == days and not status["allow_override_args_in_task"]
    status["survey_vars"].append({"name": "ansible_user", "title": "Another"})
    assert run(semaphore) == ["PUT", "PUT"]
    assert semaphore.templates[status["id"]]["survey_vars"][0] == days
    assert "ansible_user" not in json.dumps(semaphore.templates[status["id"]])
    assert not semaphore.schedules["lakehouse: renewal"]["active"]
    assert look["name"] == "lakehouse: site (look)" and semaphore.templates[look["id"]]["playbook"] == "site.yml"
