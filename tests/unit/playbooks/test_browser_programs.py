# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that look at pages say what they could not do, where their playbook reads it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

FILES = pathlib.Path(__file__).resolve().parents[3] / "molecule/default/files"
NOWHERE = "https://127.0.0.1:9"
SITE = {"url": NOWHERE, "ca_path": "no-such-authority.pem", "username": "admin", "password": "no-password", "pictures": "."}


@pytest.mark.parametrize("program, wish", [
    ("browser.py", SITE),
    ("browser.py", {**SITE, "more_than": 1}),
    ("pages.py", {"ca_path": SITE["ca_path"], "pictures": ".", "airflow": {"url": NOWHERE}, "gitea": {"url": NOWHERE}}),
])
def test_a_site_that_cannot_be_looked_at_is_said_in_the_proof(tmp_path, program, wish):
    looked = subprocess.run([sys.executable, FILES / program], input=json.dumps(wish), capture_output=True, text=True, cwd=tmp_path, check=False)
    assert looked.returncode == 1, looked.stderr
    said = json.loads(looked.stdout)
    assert said["held"] == []
    assert "no-such-authority.pem" in said["broken"][0] or "FileNotFoundError" in said["broken"][0], said
