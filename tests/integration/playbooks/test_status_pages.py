# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/status.yml says where each page of the site is, here of the trial. No host is reached."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).parents[3]


def test_each_page_is_there_once(tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all").symlink_to(ROOT / "group_vars/all")
    names = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())["lakehouse_secrets"]
    play = {"hosts": "trino", "gather_facts": False, "connection": "local", "become": False,
            "vars": {"asked": "{{ groups['lakehouse'] | difference(groups['mirror']) }}"},
            "tasks": [{"name": "Write the pages down", "ansible.builtin.copy": {
                "dest": str(tmp_path / "pages.json"), "mode": "0600",
                "content": "{{ lookup('ansible.builtin.template', '%s/playbooks/templates/status_pages.json.j2') }}" % ROOT}}]}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    (tmp_path / "values.json").write_text(json.dumps(dict.fromkeys(names, "for-a-test-only")))
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(ROOT / "inventories/lab/hosts.yml"), "-e", "@%s/values.json" % tmp_path,
         "-e", "ansible_python_interpreter=" + sys.executable, str(tmp_path / "play.json")],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    pages = json.loads((tmp_path / "pages.json").read_text())
    found = {page["name"]: page["url"].rpartition("/")[2] for page in pages}
    assert len(pages) == len(found) and found == {
        "MinIO console": "minio.gti.local:9001", "Spark master": "spark.gti.local:8480", "Spark history": "spark.gti.local:18480",
        "Trino": "trino.gti.local:8443", "Gitea": "gitea.gti.local:3000", "Airflow": "airflow.gti.local:8089", "Superset": "superset.gti.local:8088"}
