# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/restore.yml stops are units that roles make, and of those what this host has."""

from __future__ import annotations

import pathlib
import re

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).parents[3]
VARIABLES = yaml.safe_load((ROOT / "playbooks/vars/restore.yml").read_text())


def rendered(template, **variables):
    known = {**VARIABLES, "app_db_databases": [{"name": name} for name in ("airflow", "gitea", "lakehouse", "superset")],
             "spark_streams_streams": [{"name": "radius"}], "restore": "all", "groups": {"app_db": ["a"]}, **variables}
    return Templar(loader=DataLoader(), variables={key: trusted(value) for key, value in known.items()}).template(trusted(template))


def trusted(value):
    """A template is one of this collection: newer releases of ansible-core want that said."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return value
    return trust_as_template(value) if isinstance(value, str) else value


def play(name):
    plays = yaml.safe_load((ROOT / "playbooks/restore.yml").read_text())
    return next(each for each in plays if each["name"] == name)


def test_what_it_stops_are_units_that_roles_make():
    made = {name.strip() for path in (ROOT / "roles").glob("*/tasks/*.yml") for name in re.findall(r"common_unit_name: (.+)", path.read_text())}
    names = rendered(VARIABLES["restore_units"], group_names=["spark_iceberg", "db_hive", "minio", "gitea", "superset", "airflow", "airflow_workers"])
    assert {re.sub("^spark-stream-.+", "spark-stream-{{ __spark_streams_name }}", name) for name in names} <= made
    assert len(names) == 10


def test_it_stops_those_alone_that_the_host_has():
    """systemctl fails for a unit that there is not, as is a worker's where nothing goes by Celery."""
    look, stop = play("Stop what works on it")["tasks"]
    assert look["ansible.builtin.stat"]["path"] == "/etc/systemd/system/{{ item }}.service"
    found = {"results": [{"item": "superset", "stat": {"exists": True}}, {"item": "superset-worker", "stat": {"exists": False}}]}
    assert rendered(stop["ansible.builtin.command"]["argv"], units=rendered(stop["vars"]["units"], __restore_units=found)) == ["systemctl", "stop", "superset"]
    assert rendered("{{ %s }}" % stop["when"][0], units=[]) is False
