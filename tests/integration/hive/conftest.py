# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away MariaDB and PostgreSQL servers on loopback, and the real metastore's files, for the tests of hive_schema."""

from __future__ import annotations

import pathlib
import secrets
import shutil
import subprocess
import tempfile

import pytest
from hive_metastore import Metastore
from hive_servers import MariaDB, PostgreSQL, Runner, running
from releases import RELEASES

METASTORE = "3.1.3"


@pytest.fixture(scope="session", autouse=True)
def packages(database_packages):
    """Every test here has a server."""


@pytest.fixture(scope="session")
def metastore_home():
    """The metastore as the mirror built it, or, where it has not, as its authors ship it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hive-home-"))
    archive = RELEASES / f"hive-metastore-{METASTORE}.tar.zst"
    if not archive.exists():
        artifact = f"org.apache.hive:hive-standalone-metastore:{METASTORE}:tar.gz:bin"
        subprocess.run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"], check=True)
        (archive,) = folder.glob("*.tar.gz")
    # Debian's tar finds zstd by itself; the upstream archive alone has a top folder.
    strip = ["--strip-components=1"] if archive.name.endswith(".gz") else []
    # The library for S3 is ten times as large as all the rest, and no test here speaks S3.
    subprocess.run(["tar", "-xf", archive, "-C", folder, "--exclude=aws-java-sdk-bundle-*", *strip], check=True)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", params=[MariaDB, PostgreSQL], ids=lambda kind: kind.backend)
def server(request, packages):
    with running(request.param) as instance:
        yield instance


@pytest.fixture
def database(server):
    name = "m" + secrets.token_hex(4)
    server.create(name)
    yield name
    server.drop(name)


@pytest.fixture
def hive_schema(server, metastore_home, tmp_path):
    return Runner(server, metastore_home, tmp_path)


@pytest.fixture
def metastore(server, database, hive_schema, metastore_home):
    if not list((metastore_home / "lib").glob("hadoop-client-api-*.jar")):
        pytest.skip("this is the upstream archive, which cannot run without the jars that the mirror adds")
    assert hive_schema(database=database)["changed"]
    # Not below pytest's own folder, which other users may not enter.
    folder = pathlib.Path(f"/tmp/hive-metastore-{secrets.token_hex(4)}")
    folder.mkdir(mode=0o755)
    try:
        instance = Metastore(server, database, metastore_home, folder)
        try:
            instance.start()
            yield instance
        finally:
            if hasattr(instance, "process"):
                instance.stop()
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)
