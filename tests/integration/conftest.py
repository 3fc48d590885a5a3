# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that tests of several components use.

MinIO is the binary that MINIO_BINARY names, or else the one in the mirror's cache; Kafka's jars are in the folder that KAFKA_LIBS
names, and Spark, with tables in a folder of this machine, in the one that SPARK_HOME names, or else those of the releases there; so are
restic and its rest-server, or those that RESTIC_BINARY and REST_SERVER_BINARY name.
"""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from backup_store import Store
from kafka_broker import Broker
from minio_server import Server
from releases import locked_version, unpack

CATALOG = {
    "": "org.apache.iceberg.spark.SparkCatalog",
    ".type": "hadoop",
    ".cache-enabled": "false",
}
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


@pytest.fixture(scope="session")
def restic_binary(tmp_path_factory):
    return os.environ.get("RESTIC_BINARY") or unpack(
        "restic", locked_version("lakehouse_restic_version"), tmp_path_factory.mktemp("restic-release"), "RESTIC_BINARY") / "bin/restic"


@pytest.fixture(scope="session")
def rest_server_binary(tmp_path_factory):
    return os.environ.get("REST_SERVER_BINARY") or unpack(
        "rest-server", locked_version("lakehouse_rest_server_version"), tmp_path_factory.mktemp("rest-server-release"), "REST_SERVER_BINARY"
    ) / "bin/rest-server"


@pytest.fixture
def backup_store(restic_binary, rest_server_binary, tmp_path):
    """A store of its own for each test, with the accounts of two hosts and of the controller."""
    (tmp_path / "store").mkdir()
    instance = Store(rest_server_binary, restic_binary, tmp_path / "store", {name: "password-of-" + name for name in ("minio", "db-hive", "controller")})
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def spark_home(tmp_path_factory):
    if os.environ.get("SPARK_HOME"):
        return pathlib.Path(os.environ["SPARK_HOME"])
    # What belongs to S3 is half of it, and nothing here needs it.
    without = "--exclude=aws-java-sdk-bundle-*"
    return unpack("spark", locked_version("lakehouse_spark_version"), tmp_path_factory.mktemp("spark-release"), "SPARK_HOME", without)


@pytest.fixture(scope="session")
def submit(spark_home, tmp_path_factory):
    """Runs a program in a session of its own, with a catalog of another kind and further settings if need be, and returns what it printed."""
    warehouse = tmp_path_factory.mktemp("warehouse")

    def call(*program, catalog=None, **more):
        catalog = catalog or CATALOG
        settings = {f"spark.sql.catalog.lakehouse{name}": value for name, value in {".warehouse": f"file://{warehouse}", **catalog}.items()}
        settings.update({
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.defaultCatalog": "lakehouse",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            # A session ends before the best compiler's work pays: a third less time.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            **more,
        })  # fmt: skip
        options = [option for name, value in settings.items() for option in ("--conf", f"{name}={value}")]
        environment = {
            "HOME": str(warehouse),
            "PATH": "/usr/bin:/bin",
            "SPARK_HOME": str(spark_home),
            "PYTHONPATH": f"{spark_home}/python/lib/pyspark.zip",
            "PYSPARK_PYTHON": "/usr/bin/python3",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [str(spark_home / "bin/spark-submit"), "--master", "local[2]", "--driver-memory", "512m", *options, *map(str, program)],
            capture_output=True, text=True, env=environment, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    return call


@pytest.fixture(scope="session")
def jars(tmp_path_factory):
    if os.environ.get("KAFKA_LIBS"):
        return pathlib.Path(os.environ["KAFKA_LIBS"])
    return unpack("kafka", locked_version("lakehouse_kafka_version"), tmp_path_factory.mktemp("kafka-release"), "KAFKA_LIBS") / "libs"


@pytest.fixture(scope="session")
def broker(jars, tmp_path_factory):
    instance = Broker(jars, tmp_path_factory.mktemp("kafka"))
    instance.tool("kafka.tools.StorageTool", "format", "-t", instance.cluster_id, "-c", instance.config)
    try:
        instance.start()
        instance.set_admin_password()
        yield instance
    finally:
        instance.stop()
