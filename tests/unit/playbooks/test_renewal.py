# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The renewal reaches every certificate: each is made by an entry point of its role that the playbook knows."""
from __future__ import annotations

import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_each_role_with_a_certificate_is_renewed():
    plays = yaml.safe_load((ROOT / "playbooks/renewal.yml").read_text())
    (renewal,) = [play for play in plays if "certified" in play.get("vars", {})]
    making = {path for path in ROOT.glob("roles/*/tasks/*.yml") if "tasks_from: tls" in path.read_text()}
    assert {path.name for path in making} == {"certificate.yml"}
    # These two are no components of their own.
    assert sorted(path.parents[1].name for path in making) == sorted(renewal["vars"]["certified"] + ["mirror", "redis"])


def test_a_deployment_makes_what_the_renewal_does():
    for path in ROOT.glob("roles/*/tasks/certificate.yml"):
        if path.parents[1].name != "common":
            configured = yaml.safe_load((path.parent / "configure.yml").read_text())
            assert "certificate.yml" in [task.get("ansible.builtin.import_tasks") for task in configured], path
