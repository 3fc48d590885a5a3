# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/soak.yml reads of a real bucket."""

from __future__ import annotations

import io
import json
import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files/soak/bucket.py"


def test_current_and_old_versions_are_told_apart(server, run, name):
    assert not run("minio_bucket", name=name, versioning="enabled").failed
    s3 = server.client()
    for key, size in (("warehouse/gold.db/a/data/1.parquet", 100), ("warehouse/gold.db/a/data/1.parquet", 50),
                      ("warehouse/gold.db/a/metadata/1.metadata.json", 7), ("raw/sales/1.json", 20), ("tmp/x", 3)):
        s3.put_object(name, key, io.BytesIO(b"x" * size), size)
    s3.remove_object(name, "warehouse/gold.db/a/metadata/1.metadata.json")
    asked = {"endpoint": server.endpoint, "access_key": server.root_user, "secret_key": server.root_secret, "region": server.region,
             "ca_path": str(server.ca_path), "bucket": name, "tables": "warehouse/", "raw": "raw/"}
    done = subprocess.run([sys.executable, SCRIPT], input=json.dumps(asked), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "data": {"current": 70, "old": 100, "versions": 3}, "metadata": {"current": 0, "old": 7, "versions": 2},
        "tmp/": {"current": 3, "old": 0, "versions": 1}}
