# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module airflow_content, run by Airflow's own Python as Ansible runs it, on a database of its own.

Airflow is the virtual environment that AIRFLOW_VENV names, or else the release in the mirror's cache.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
from cryptography.fernet import Fernet
from releases import locked_version, unpack

# Stays, since loading Airflow takes longer than what is asked of it. Each line is a task: the keys, and arguments of the module or a program.
WORKER = """
import contextlib, io, json, os, sys
from airflow.models import crypto
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.modules import airflow_content
for line in sys.stdin:
    task, output = json.loads(line), io.StringIO()
    os.environ["AIRFLOW__CORE__FERNET_KEY"], crypto._fernet = ",".join(task["keys"]), None
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        if "program" in task:
            exec(task["program"])
        else:
            with patch_module_args(task["arguments"]):
                airflow_content.main()
    print(json.dumps(output.getvalue()), flush=True)
"""


class Airflow:
    def __init__(self, venv, home, python_path):
        self.python, self.keys, self.worker = venv / "bin/python3", [Fernet.generate_key().decode()], None
        self.environment = {"PATH": os.environ["PATH"], "PYTHONPATH": python_path, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        self.environment.update({"AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False", "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"})

    def start(self):
        self.worker = subprocess.Popen(
            [self.python, "-c", WORKER], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def command(self, *arguments):
        environment = dict(self.environment, AIRFLOW__CORE__FERNET_KEY=",".join(self.keys))
        done = subprocess.run([self.python, "-m", "airflow", *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_key(self):
        self.keys.insert(0, Fernet.generate_key().decode())

    def task(self, **task):
        self.worker.stdin.write(json.dumps(dict(task, keys=self.keys)) + "\n")
        self.worker.stdin.flush()
        return json.loads(self.worker.stdout.readline()).strip()

    def ask(self, program):
        return self.task(program=program)

    def have(self, check=False, secrets=(), **wish):
        """What the module says to a wish; without what it was asked, which it repeats."""
        answer = self.task(arguments={**wish, "_ansible_check_mode": check, "_ansible_diff": True})
        assert not any(secret in answer for secret in secrets)
        result = json.loads(answer.splitlines()[-1])
        result.pop("invocation", None)
        return result


@pytest.fixture(scope="session")
def venv(tmp_path_factory):
    if os.environ.get("AIRFLOW_VENV"):
        return pathlib.Path(os.environ["AIRFLOW_VENV"])
    return unpack("airflow", locked_version("lakehouse_airflow_version"), tmp_path_factory.mktemp("venv"), "AIRFLOW_VENV")


@pytest.fixture(scope="session")
def python_path(tmp_path_factory):
    """Ansible's own utilities and the collections, and nothing else of the tests' environment."""
    import ansible
    import ansible_collections.gti.lakehouse as collection

    folder = tmp_path_factory.mktemp("path")
    (folder / "ansible").symlink_to(pathlib.Path(ansible.__file__).parent)
    (folder / "ansible_collections/gti").mkdir(parents=True)
    (folder / "ansible_collections/gti/lakehouse").symlink_to(next(iter(collection.__path__)))
    return str(folder)


@pytest.fixture(scope="session")
def airflow(venv, python_path, tmp_path_factory):
    server = Airflow(venv, tmp_path_factory.mktemp("airflow"), python_path)
    server.command("db", "migrate")
    server.command("sync-perm")
    server.start()
    yield server
    server.worker.stdin.close()
    server.worker.wait(30)
