# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog of the role spark_iceberg and the jobs, by a real Spark on a real metastore."""

from __future__ import annotations

import json
import subprocess

import pytest
from hive_servers import REPOSITORY, MariaDB

JOBS = REPOSITORY / "repositories/spark-jobs/jobs"
SOURCE = REPOSITORY / "roles/spark_iceberg/files/LakehouseCatalog.scala"


@pytest.fixture
def steps(metastore, spark_home, submit, tmp_path):
    jar = tmp_path / "catalog.jar"
    subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{spark_home}/jars/*", "scala.tools.nsc.Main", "-usejavacp", "-d", jar, SOURCE], check=True)
    tables = metastore.folder / "warehouse" / "given"
    printed = submit(
        "--jars", jar, REPOSITORY / "tests/integration/hive/spark_catalog.py", JOBS, tables,
        catalog={
            "": "org.apache.iceberg.spark.SparkCatalog", ".catalog-impl": "gti.lakehouse.LakehouseCatalog", ".cache-enabled": "false",
            ".uri": f"thrift://127.0.0.1:{metastore.port}", ".warehouse": f"file://{metastore.folder}/warehouse",
        },
        **{
            "spark.hadoop.hive.metastore.uris": f"thrift://127.0.0.1:{metastore.port}",
            "spark.hadoop.hive.metastore.use.SSL": "true",
            "spark.hadoop.hive.metastore.truststore.path": f"{metastore.folder}/tls/truststore.p12",
            "spark.hadoop.hive.metastore.truststore.password": "changeit",
        },
    )  # fmt: skip
    return {step["what"]: step for step in map(json.loads, filter(lambda line: line.startswith('{"what"'), printed.splitlines()))}


@pytest.mark.parametrize("server", [MariaDB], indirect=True)  # the catalog does not see which database the metastore has
def test_tables_of_people(steps, server, database):
    """In one session, since each costs a metastore and a JVM."""
    assert steps["comment"]["comment"] == "tensão ≥ 10 kV"
    assert steps["renamed"] == {"what": "renamed", "old": [1], "new": [3], "shared": {}}

    refused = steps["refused"]
    assert all("is refused: " in message for message in refused["messages"].values()), refused["messages"]
    assert refused["tables"] == [f"lakehouse.telemetry.{name}" for name in ("leituras", "leituras_2025", "parted")]
    assert steps["nulls"]["left"] == {"": [1, [1, 3]], "partitioned by (at)": [1, [1, 3]]}

    maintained = steps["maintained"]
    found = {(result["table_name"].rpartition(".")[2], result["action"], result["outcome"]) for result in maintained["found"]}
    assert found == {("broken", "load", "failed"), ("seen", "check", "warned"), ("inner", "check", "failed"), ("outer", "check", "failed")}
    kept = {}
    for result in maintained["kept"]:
        kept.setdefault(result["table_name"].removeprefix("lakehouse."), {})[result["action"]] = result["outcome"]
    assert [kept["2026.2027"][action] for action in ("rewrite_data_files", "expire_snapshots", "remove_orphan_files")] == ["done", "done", "nothing"]
    assert all(outcome in ("done", "nothing") for outcome in kept["2026.2027"].values()), kept
    for name in ("inner", "outer"):
        assert [kept[f"telemetry.{name}"][action] for action in ("expire_snapshots", "remove_orphan_files")] == ["failed", "failed"]
    assert "telemetry.broken" not in kept and maintained["written"] == len(maintained["found"]) + len(maintained["kept"])
    assert maintained["files"][0] == maintained["files"][1] == 2
    assert steps["registered"]["rows"] == [1, 2]
    # Nobody listens to what the metastore does, so it keeps no log of it, which would grow.
    assert server.sql(database, "SELECT count(*) FROM NOTIFICATION_LOG") == ((0,),)
