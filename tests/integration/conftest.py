# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that tests of several components use.

MinIO is the binary that MINIO_BINARY names, or else the one in the mirror's cache.
"""

from __future__ import annotations

import os
import subprocess

import pytest
from minio_server import Server
from releases import locked_version, unpack

DATABASE_PACKAGES = {
    "/usr/sbin/mariadbd": "mariadb-server-core",
    "/usr/bin/mariadb-dump": "mariadb-client",
    "/usr/lib/postgresql/15/bin/initdb": "postgresql-15",
}


@pytest.fixture(scope="session")
def database_packages():
    missing = [package for path, package in DATABASE_PACKAGES.items() if not os.path.exists(path)]
    if missing:
        # RUNLEVEL=1 keeps Debian's scripts from starting the system's own server.
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
        command = ["apt-get", "install", "-o", "DPkg::Lock::Timeout=300", "--yes", "-qq", "--no-install-recommends", *missing]
        subprocess.run(command, check=True, env=environment)


@pytest.fixture(scope="session")
def minio_version():
    return locked_version("lakehouse_minio_version")


@pytest.fixture(scope="session")
def minio_binary(minio_version, tmp_path_factory):
    if os.environ.get("MINIO_BINARY"):
        return os.environ["MINIO_BINARY"]
    folder = unpack("minio", minio_version, tmp_path_factory.mktemp("minio-release"), "MINIO_BINARY")
    return next(path for path in sorted(folder.rglob("minio")) if path.is_file())


@pytest.fixture(scope="session")
def minio_server(minio_binary, tmp_path_factory):
    instance = Server(minio_binary, tmp_path_factory.mktemp("minio"))
    yield instance
    instance.stop()
