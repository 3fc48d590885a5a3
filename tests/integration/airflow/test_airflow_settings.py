# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Airflow's processes see modules beside DAGs that came, or were replaced, after Airflow had started."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

ROLE_FILES = pathlib.Path(__file__).resolve().parents[3] / "roles/airflow/files"
# As a scheduler does that starts before the first release is there: each look is a process of its own.
SCHEDULER = """
import os, sys
import airflow.settings
airflow.settings.initialize()

def look():
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            import beside
            os.write(write, beside.RELEASE.encode())
        except ImportError as error:
            os.write(write, b"nothing")
        os._exit(0)
    os.wait()
    return os.read(read, 100).decode()

looks = [look()]
for release in ("one", "two"):
    os.symlink(os.path.join(sys.argv[1], release), sys.argv[1] + "/fresh")
    os.rename(sys.argv[1] + "/fresh", sys.argv[1] + "/dags")
    looks.append(look())
print(*looks)
"""


def looks(airflow, folder, python_path):
    environment = dict(airflow.environment, AIRFLOW__CORE__FERNET_KEY="", AIRFLOW__CORE__DAGS_FOLDER=str(folder / "dags"), PYTHONPATH=python_path)
    done = subprocess.run([airflow.python, "-c", SCHEDULER, str(folder)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-3:]


def test_a_release_that_came_later_is_seen(airflow, tmp_path):
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "beside.py").write_text(f"RELEASE = {release!r}\n")
    (tmp_path / "settings").mkdir()
    shutil.copy(ROLE_FILES / "airflow_local_settings.py", tmp_path / "settings")
    assert looks(airflow, tmp_path, str(tmp_path / "settings")) == ["nothing", "one", "two"]


def test_without_the_settings_it_would_not_be(airflow, tmp_path):
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "beside.py").write_text(f"RELEASE = {release!r}\n")
    assert looks(airflow, tmp_path, "") == ["nothing"] * 3
