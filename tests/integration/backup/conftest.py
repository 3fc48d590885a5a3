# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small site whose backups are real: MinIO with a table, a metastore's database, and a store."""

from __future__ import annotations

import io
import json
import os
import pathlib
import secrets
import subprocess
import sys

import pytest
import yaml
from hive_servers import MariaDB, PostgreSQL, running
from iceberg_table import Table
from minio.versioningconfig import ENABLED, VersioningConfig

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "roles/backup/files/lakehouse_backup.py"
SCHEMA = [
    'CREATE TABLE {q}DBS{q} ({q}DB_ID{q} BIGINT PRIMARY KEY, {q}NAME{q} VARCHAR(128))',
    'CREATE TABLE {q}TBLS{q} ({q}TBL_ID{q} BIGINT PRIMARY KEY, {q}DB_ID{q} BIGINT, {q}TBL_NAME{q} VARCHAR(256))',
    'CREATE TABLE {q}TABLE_PARAMS{q} ({q}TBL_ID{q} BIGINT, {q}PARAM_KEY{q} VARCHAR(256), {q}PARAM_VALUE{q} TEXT)',
    "INSERT INTO {q}DBS{q} VALUES (1, 'gold')",
]


@pytest.fixture(scope="session")
def database_server(request, database_packages):
    """MariaDB by default; a test asks for PostgreSQL by an indirect parameter."""
    with running({"mariadb": MariaDB, "postgresql": PostgreSQL}[getattr(request, "param", "mariadb")]) as instance:
        yield instance


class Bucket:
    def __init__(self, server):
        self.server, self.name, self.client = server, "b" + secrets.token_hex(5), server.client()
        self.client.make_bucket(self.name)
        self.client.set_bucket_versioning(self.name, VersioningConfig(ENABLED))

    def put(self, key, content):
        self.client.put_object(self.name, key, io.BytesIO(content), len(content))
        return "s3a://%s/%s" % (self.name, key)

    def delete(self, key):
        self.client.remove_object(self.name, key)

    @property
    def drive(self):
        return self.server.folder / "data"


class Site:
    """What the role's settings say of one, and a metastore that knows tables."""

    def __init__(self, store, minio, database, tmp_path):
        self.store, self.bucket, self.database, self.state = store, Bucket(minio), database, tmp_path / "state"
        self.url, self.password = "rest:%s/minio/" % store.url, store.accounts["minio"]
        self.name = "m" + secrets.token_hex(4)
        database.create(self.name)
        self.quote = "`" if database.backend == "mariadb" else '"'
        for statement in SCHEMA:
            self.sql(statement)
        if database.backend == "postgresql":
            for name in ("DBS", "TBLS", "TABLE_PARAMS"):
                self.sql('ALTER TABLE {q}%s{q} OWNER TO hive' % name)
        (tmp_path / "key").write_text("the key of a test\n")
        account = {"url": minio.endpoint, "ca": str(minio.ca_path), "region": minio.region, "bucket": self.bucket.name}
        self.settings = {
            "restic": str(store.program), "repository": self.url, "host": "minio", "password_file": str(tmp_path / "key"), "ca": str(store.ca_path),
            "environment": {"RESTIC_REST_USERNAME": "minio", "RESTIC_REST_PASSWORD": self.password}, "state": str(self.state),
            "s3": {**account, "account": "b-" + self.bucket.name, "secret": secrets.token_urlsafe(20)},
            "sets": [
                {"name": "metastore", "kind": database.backend, "databases": [self.name], "tables": True, "max_age_minutes": 30, "port": database.port,
                 "socket": str(database.folder) + ("/sock" if database.backend == "mariadb" else "")},
                {"name": "bucket", "kind": "bucket", "drives": [str(self.bucket.drive)], "max_age_minutes": 30,
                 "exclude": [str(self.bucket.drive / ".minio.sys/tmp"), str(self.bucket.drive / ".minio.sys/multipart")],
                 "lock": str(tmp_path / "forget.lock")}]}
        self.state.mkdir()
        self.path = tmp_path / "settings.json"

    def sql(self, statement):
        self.database.sql(self.name, statement.format(q=self.quote))

    def know(self, number, table):
        """Have the metastore know a table, or its newest state."""
        for name in ("TBLS", "TABLE_PARAMS"):
            self.sql("DELETE FROM {q}%s{q} WHERE {q}TBL_ID{q} = %d" % (name, number))
        self.sql("INSERT INTO {q}TBLS{q} VALUES (%d, 1, '%s')" % (number, table.listed()["table"]))
        self.sql("INSERT INTO {q}TABLE_PARAMS{q} VALUES (%d, 'metadata_location', '%s')" % (number, table.location))

    def command(self, name):
        self.path.write_text(json.dumps(self.settings))
        return [sys.executable, str(PROGRAM), str(self.path), name]

    def environment(self):
        return dict(os.environ, PGUSER="postgres", PYTHONDONTWRITEBYTECODE="1")

    def run(self, name):
        done = subprocess.run(self.command(name), capture_output=True, text=True, check=False, env=self.environment())
        assert "the key of a test" not in done.stdout + done.stderr and self.password not in done.stdout + done.stderr
        if done.stderr:
            return done.returncode, done.stderr
        told = json.loads(done.stdout)
        assert told == json.loads((self.state / "results" / (name + ".json")).read_text())
        assert done.returncode == (told["state"] != "good")
        return told

    def restic(self, *arguments):
        environment = {"RESTIC_REPOSITORY": self.url, "RESTIC_PASSWORD_FILE": self.settings["password_file"], "RESTIC_CACERT": str(self.store.ca_path),
                       "RESTIC_CACHE_DIR": str(self.state / "cache"), **self.settings["environment"]}
        return subprocess.run([self.settings["restic"], *arguments], capture_output=True, text=True, errors="replace", check=False, env=environment)

    def good(self, name):
        """Snapshots that count."""
        return [each["id"] for each in json.loads(self.restic("--no-lock", "snapshots", "--json", "--host", "minio", "--tag", "set=" + name).stdout)]


@pytest.fixture
def site(backup_store, minio_server, database_server, tmp_path):
    found = Site(backup_store, minio_server, database_server, tmp_path)
    document = json.dumps(yaml.safe_load((ROOT / "group_vars/all/backup_sets.yml").read_text())["lakehouse_backup_s3_policy"]["document"])
    policy = tmp_path / "policy.json"
    policy.write_text(document.replace("{{ lakehouse_bucket }}", found.bucket.name))
    admin, name = minio_server.admin(), found.settings["s3"]["account"]
    admin.policy_add(name, str(policy))
    admin.user_add(name, found.settings["s3"]["secret"])
    admin.policy_set(name, user=name)
    yield found
    found.database.drop(found.name)


@pytest.fixture
def table(site):
    made = Table(site.bucket, "sales").append(size=200_000).append(size=3_000)
    site.know(1, made)
    return made
