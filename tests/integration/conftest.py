# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that tests of several components use.

MinIO is the binary that MINIO_BINARY names, or else the one in the mirror's cache.
"""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
import yaml
from minio_server import Server

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
RELEASES = pathlib.Path("/var/cache/gti-lakehouse/mirror/public/releases")


@pytest.fixture(scope="session")
def minio_version():
    return yaml.safe_load((CHECKOUT / "group_vars/all/versions.yml").read_text())["lakehouse_minio_version"]


@pytest.fixture(scope="session")
def minio_binary(minio_version, tmp_path_factory):
    if os.environ.get("MINIO_BINARY"):
        return os.environ["MINIO_BINARY"]
    archive = RELEASES / f"minio-{minio_version}.tar.zst"
    if not archive.exists():
        pytest.fail(f"no MinIO to test against: set MINIO_BINARY, or fill the mirror so that it has {archive}")
    folder = tmp_path_factory.mktemp("minio-release")
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=True)
    return next(path for path in sorted(folder.rglob("minio")) if path.is_file())


@pytest.fixture(scope="session")
def minio_server(minio_binary, tmp_path_factory):
    instance = Server(minio_binary, tmp_path_factory.mktemp("minio"))
    yield instance
    instance.stop()
