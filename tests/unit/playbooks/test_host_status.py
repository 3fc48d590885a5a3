# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/status.yml says of a host."""

from __future__ import annotations

import datetime
import importlib.util
import json
import pathlib

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files/host_status.py"
spec = importlib.util.spec_from_file_location("host_status", SCRIPT)
host_status = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host_status)

SHOWN = """\
Type={kind}
Id=minio.service
ActiveState={state}
Result={result}
NRestarts=2
ExecMainStartTimestamp=Tue 2026-11-24 13:00:00 -03
"""


@pytest.mark.parametrize(
    ("kind", "state", "result", "well"),
    [
        ("exec", "active", "success", True),
        ("exec", "failed", "exit-code", False),
        ("exec", "inactive", "success", False),
        ("oneshot", "inactive", "success", True),
        ("oneshot", "inactive", "timeout", False),
    ],
)
def test_a_service_is_well_when_it_runs_and_a_job_when_its_last_run_was(kind, state, result, well):
    (service,) = host_status.services(SHOWN.format(kind=kind, state=state, result=result))
    assert (service["name"], service["restarts"], service["well"]) == ("minio", 2, well)


def test_each_block_is_a_service():
    block = SHOWN.format(kind="exec", state="active", result="success")
    assert len(host_status.services(block + "\n" + block)) == 2


def test_units_of_others_templates_and_links_are_left_out(tmp_path):
    (tmp_path / "minio.service").write_text(host_status.MARK + "\n[Unit]\n")
    (tmp_path / "check@.service").write_text(host_status.MARK + "\n[Unit]\n")
    (tmp_path / "strange.service").write_text("[Unit]\n")
    (tmp_path / "alias.service").symlink_to(tmp_path / "minio.service")
    assert host_status.managed_units(str(tmp_path)) == ["minio.service"]


def test_backups_are_what_the_hosts_programs_say(tmp_path, monkeypatch):
    assert host_status.backups(str(tmp_path)) == []
    monkeypatch.setattr(host_status, "PROGRAMS", str(tmp_path))
    for account, program in host_status.BACKUPS.items():
        (tmp_path / program).write_text('import json, sys; print(json.dumps([{"set": sys.argv[2], "of": "%s"}]))' % account)
        (tmp_path / account).mkdir()
        (tmp_path / account / "settings.json").touch()
    assert host_status.backups(str(tmp_path)) == [{"set": "--report", "of": account} for account in host_status.BACKUPS]


def test_a_release_is_what_the_link_points_to(tmp_path):
    for version in ("3.5.6", "3.5.7"):
        (tmp_path / ("spark-" + version)).mkdir()
    (tmp_path / "spark").symlink_to(tmp_path / "spark-3.5.7")
    assert host_status.releases(str(tmp_path)) == {"spark": "3.5.7"}


@pytest.mark.parametrize(("now", "days"), [(1772582400, 7), (1773187199, 0), (1773187201, -1)])
def test_the_days_of_a_certificate_are_whole_ones(now, days):
    assert host_status.days_left("notAfter=Mar 11 00:00:00 2026 GMT\n", now) == days


NOW = datetime.datetime(2026, 12, 1, tzinfo=datetime.timezone.utc).timestamp()


def say(folder, at="2026-11-30T23:59:58+00:00", **topics):
    (folder / "spark-stream-isp").mkdir()
    (folder / "spark-stream-isp/status.json").write_text(json.dumps({"at": at, "stream": "isp", "topics": topics}))


def of_topic(state="running", failures=0, fault=None):
    return {"state": state, "failures": failures, "fault": fault}


@pytest.mark.parametrize(("topic", "told"), [
    (of_topic(), False),
    (of_topic("starting"), False),
    (of_topic("failing", 1, "away"), False),
    (of_topic("failing", 2, "away"), False),
    (of_topic("failing", 3, "away"), True),
    (of_topic("failing", 0, "raw.t.c is BIGINT"), True),
])
def test_a_streams_fault_is_told_once_it_is_no_passing_one(tmp_path, topic, told):
    say(tmp_path, rede_a=of_topic(), rede_t=topic)
    assert host_status.streams(tmp_path, NOW) == (["stream isp, rede_t: %s" % topic["fault"]] if told else [])


@pytest.mark.parametrize(("at", "said"), [
    ("2026-11-30T23:57:00+00:00", []),
    ("2026-11-30T23:56:00+00:00", ["stream isp has not updated its status for 240 s"]),
])
def test_a_status_that_nobody_writes_any_more_is_told(tmp_path, at, said):
    say(tmp_path, at=at, t=of_topic())
    assert host_status.streams(tmp_path, NOW) == said


def test_a_stream_that_stops_and_a_host_without_any_have_nothing_to_say(tmp_path):
    (tmp_path / "spark-stream-isp").mkdir()
    (tmp_path / "spark-stream-isp/status.json").symlink_to(tmp_path / "gone")
    assert host_status.streams(tmp_path, NOW) == host_status.streams(tmp_path / "none", NOW) == []
