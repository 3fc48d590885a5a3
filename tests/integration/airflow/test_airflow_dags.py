# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped DAGs' own tests pass with the Airflow that a site gets, as the flow has them run."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess

import pytest

DAGS = pathlib.Path(__file__).resolve().parents[3] / "repositories/airflow-dags"
# What pytest is made of; nothing else of the tests' environment, or Airflow would meet libraries of other versions.
PYTEST = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
PROGRAM = "import sys; sys.path.append({!r}); import pytest; sys.exit(pytest.main())"


@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo"])  # the flow's own checks are in UTC
def test_the_tests_of_the_dags_pass(venv, tmp_path, zone):
    (tmp_path / "pytest").mkdir()
    for name in PYTEST:
        found = pathlib.Path(importlib.util.find_spec(name).origin)
        found = found.parent if found.name == "__init__.py" else found
        (tmp_path / "pytest" / found.name).symlink_to(found)
    run = subprocess.run(
        [venv / "bin/python3", "-c", PROGRAM.format(str(tmp_path / "pytest")), "-q", "-p", "no:cacheprovider", "tests"], cwd=DAGS,
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
             "AIRFLOW__WEBSERVER__DEFAULT_UI_TIMEZONE": zone},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
