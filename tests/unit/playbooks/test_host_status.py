# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/status.yml says of a host."""

from __future__ import annotations

import importlib.util
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


def test_a_release_is_what_the_link_points_to(tmp_path):
    for version in ("3.5.6", "3.5.7"):
        (tmp_path / ("spark-" + version)).mkdir()
    (tmp_path / "spark").symlink_to(tmp_path / "spark-3.5.7")
    assert host_status.releases(str(tmp_path)) == {"spark": "3.5.7"}


@pytest.mark.parametrize(("now", "days"), [(1772582400, 7), (1773187199, 0), (1773187201, -1)])
def test_the_days_of_a_certificate_are_whole_ones(now, days):
    assert host_status.days_left("notAfter=Mar 11 00:00:00 2026 GMT\n", now) == days
