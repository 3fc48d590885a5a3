# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is forgotten of tables' metadata in a real bucket, by the role's own policy, and what that refuses."""

from __future__ import annotations

import fcntl
import io
import json
import pathlib
import secrets
import subprocess
import sys

import pytest
import yaml
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles/minio"
TABLE = "warehouse/gold.db/sales-0f/"


@pytest.fixture
def site(server, run, name):
    return Site(server, run, name)


class Site:
    def __init__(self, server, run, name):
        self.server, self.bucket, self.s3 = server, name, server.client()
        self.account, self.secret = f"forget-{name}", secrets.token_urlsafe(20)
        assert not run("minio_bucket", name=name, versioning="enabled").failed
        text = json.dumps(yaml.safe_load((ROLE / "vars/main.yml").read_text())["__minio_forget_policy"])
        for formula, value in (("{{ minio_tables.split('/')[0] }}", name), ("{{ minio_tables.split('/', 1)[1] }}", "warehouse/"),
                               ("{{ minio_tables }}", f"{name}/warehouse/")):
            text = text.replace(formula, value)
        assert not run("minio_policy", name=self.account, document=json.loads(text)).failed
        assert not run("minio_user", name=self.account, secret=self.secret, policies=[self.account]).failed

    def put(self, key):
        return self.s3.put_object(self.bucket, key, io.BytesIO(b"x"), 1).version_id

    def delete(self, key):
        self.s3.remove_object(self.bucket, key)

    def versions(self, prefix=""):
        found = {}
        for each in self.s3.list_objects(self.bucket, prefix, recursive=True, include_version=True):
            found[each.object_name] = found.get(each.object_name, 0) + 1
        return found

    def forget(self, tmp_path, minutes=0):
        settings = {"url": self.server.endpoint, "ca": str(self.server.ca_path), "region": self.server.region, "account": self.account,
                    "secret": self.secret, "tables": f"{self.bucket}/warehouse/", "minutes": minutes, "lock": str(tmp_path / "lock")}
        (tmp_path / "lock").touch()
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        return subprocess.run([sys.executable, ROLE / "files/forget_versions.py", tmp_path / "settings.json"], capture_output=True, text=True, check=False)


def test_a_busy_table_is_forgotten_over_several_pages_and_a_dropped_one_is_not(site, tmp_path):
    dropped = [f"warehouse/gold.db/dropped/{name}" for name in ("data/a b.parquet", "metadata/00001-a.metadata.json", "metadata/m0.avro")]
    for key in [*dropped, f"{TABLE}data/a.parquet"]:
        site.put(key)
        site.delete(key)
    first = f"{TABLE}metadata/00000-é +a.metadata.json"
    keys = [f"{TABLE}metadata/{number:05}-é +a.metadata.json" for number in range(1, 1101)]
    site.put(first)
    for key in keys:
        site.put(key)
    assert not list(site.s3.remove_objects(site.bucket, [DeleteObject(key) for key in keys]))
    site.put(f"{TABLE}metadata/01101-a.metadata.json")
    held = site.forget(tmp_path, minutes=60)
    assert held.returncode == 0 and json.loads(held.stdout)["versions"] == 0, held.stderr
    done = site.forget(tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout) == {"versions": 2200, "bytes": 1100, "faults": []}, done.stderr
    assert site.versions() == {**{key: 2 for key in dropped}, f"{TABLE}data/a.parquet": 2, first: 1, f"{TABLE}metadata/01101-a.metadata.json": 1}


def test_nothing_is_forgotten_while_somebody_copies_the_bucket(site, tmp_path):
    keys = [f"{TABLE}metadata/{number:05}-a.metadata.json" for number in (1, 2, 3)]
    for key in keys:
        site.put(key)
    site.delete(keys[0])
    site.put(f"{TABLE}metadata/00004-a.metadata.json")
    with open(tmp_path / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = site.forget(tmp_path)
        assert held.returncode == 0 and json.loads(held.stdout) == {"held": str(tmp_path / "lock")}
    assert json.loads(site.forget(tmp_path).stdout)["versions"] == 2


def test_the_account_may_do_nothing_else(site):
    version = site.put(f"{TABLE}data/a.parquet")
    site.put(f"{TABLE}metadata/1.metadata.json")
    client = site.server.client(site.account, site.secret)
    for refused in (
        lambda: client.get_object(site.bucket, f"{TABLE}metadata/1.metadata.json"),
        lambda: client.put_object(site.bucket, f"{TABLE}metadata/2.metadata.json", io.BytesIO(b"x"), 1),
        lambda: client.remove_object(site.bucket, f"{TABLE}data/a.parquet"),
        lambda: client.remove_object(site.bucket, f"{TABLE}data/a.parquet", version),
        lambda: list(client.list_objects(site.bucket, "raw/", include_version=True)),
        lambda: list(client.list_objects(site.bucket, "warehouse/")),
    ):
        with pytest.raises(S3Error, match="AccessDenied"):
            refused()
    assert [error.code for error in client.remove_objects(site.bucket, [DeleteObject(f"{TABLE}data/a.parquet", version)])] == ["AccessDenied"]


def test_what_the_server_refuses_is_told(site, tmp_path):
    site.secret = "another-than-it-has"
    done = site.forget(tmp_path)
    assert done.returncode == 1 and "SignatureDoesNotMatch" in done.stderr
