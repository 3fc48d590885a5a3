# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/restore.yml stops are units that roles make, and of those what this host has. No name is taken for more than a name."""

from __future__ import annotations

import pathlib
import re
import shlex

import pytest
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


def play(name, playbook="restore"):
    plays = yaml.safe_load((ROOT / "playbooks" / (playbook + ".yml")).read_text())
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
    units = rendered(stop["vars"]["units"], __restore_units=found)
    assert rendered(stop["ansible.builtin.command"]["argv"], units=units) == ["systemctl", "stop", "superset"]
    assert rendered("{{ %s }}" % stop["when"][0], units=[]) is False


def test_the_metastores_dump_passes_by_folders_that_are_roots_alone():
    assert VARIABLES["restore_folder"].startswith("/var/lib/datalake/")
    first, take, *dummy = play("Fetch the metastore that belongs to the bucket")["tasks"][0]["block"]
    folder = first["ansible.builtin.file"]
    assert (folder["path"], folder["owner"], folder["mode"]) == ("{{ restore_folder }}", "root", "0700")
    assert rendered(first["loop"], inventory_hostname="m", groups={"db_hive": ["h"]}) == ["m", "h"]
    assert "restore_folder" in take["ansible.builtin.command"]["argv"]


@pytest.mark.parametrize("name, taken", [("gold.sales", True), ("gold.sales-2026_12", True), ("gold.sales\n", False), ("gold.a b", False),
                                         ("gold.$(id)", False), ("gold.região", False), ("sales", False), ("a.b.c", False)])
def test_a_tables_name_is_one_that_neither_a_shell_nor_sql_reads_anything_into(name, taken):
    check = play("Choose the backup", "restore_table")
    assert rendered("{{ restore_table is match(restore_name) }}", restore_table=name, restore_name=check["vars"]["restore_name"]) is taken


def test_the_shell_gets_each_argument_of_the_table_as_it_is():
    (block,) = play("Bring back the table", "restore_table")["tasks"]
    (command,) = [task["ansible.builtin.script"]["cmd"] for task in block["block"] if "ansible.builtin.script" in task]
    arguments = ["lakehouse", "s3a://b/w/gold.db/sales $(id)/metadata/'1'.json", "gold.sales", "beside"]
    said = rendered(command, **dict(zip(("catalog", "restore_target", "restore_how"), arguments[:1] + arguments[2:])), files={"location": arguments[1]})
    assert shlex.split(said)[1:] == arguments


def test_a_name_that_is_counted_stays_a_name():
    (block,) = play("Say how it is")["tasks"]
    said = rendered(block["block"][0]["ansible.builtin.command"]["argv"][2], names=["gold.it's \"so\"", "gold.a.b"])
    assert " ".join(said.split()) == ("select 'gold.it''s \"so\"', count(*) from lakehouse.\"gold\".\"it's \"\"so\"\"\" union all "
                                      "select 'gold.a.b', count(*) from lakehouse.\"gold\".\"a.b\"")


APPLICATIONS = {"a": {"restore_plans": [{"set": "applications", "time": "2026-12-01T02:30:00+00:00"}]}}


def test_that_airflow_knows_no_erasure_after_its_own_backup_is_said():
    assert "is as of 2026-12-01T02:30:00+00:00, and knows no erasure since" in rendered(VARIABLES["restore_past"], hostvars=APPLICATIONS)
    assert rendered(VARIABLES["restore_past"], hostvars={}, restore="bucket") == ""


def test_an_airflow_of_an_older_time_is_a_problem():
    problems = play("Say how it is")["vars"]["problems"]
    known = {"hostvars": {**APPLICATIONS, "w": {}}, "groups": {"app_db": ["a"], "airflow": ["w"]}, "found": {"faults": []}, "went": {}}
    assert rendered(problems, **known) == []
    assert len(rendered(problems, restore_time="2026-12-01 03:00", **known)) == 1
    assert rendered(problems, restore_time="2026-12-01 03:00", **{**known, "restore": "bucket"}) == []


def test_erasures_are_done_again_after_each_kind_of_restore():
    for playbook in ("restore", "restore_table"):
        tasks = play("Erase again who was erased since the backup", playbook)["tasks"]
        assert tasks[0]["ansible.builtin.include_tasks"] == "tasks/erasures.yml"


def test_files_that_were_put_back_to_be_read_go_again_whatever_became_of_the_table():
    (block,) = play("Bring back the table", "restore_table")["tasks"]
    (back,) = block["always"]
    assert rendered(back["ansible.builtin.command"]["argv"], restore_program=["restore"]) == ["restore", "take-back"]
    assert back["delegate_to"] == "{{ groups['minio'][0] }}" and back["become_user"] == "root"
