# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagen with an account of its own, as the role makes it, on a real MinIO."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import secrets
import subprocess
import sys

import pytest
import urllib3
import yaml
from minio import MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials import StaticProvider
from minio.versioningconfig import VersioningConfig
from minio_server import Server

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = CHECKOUT / "roles/datagen/files/datagen/src"
sys.path.insert(0, str(SOURCE))

from lakehouse_datagen import settings as datagen_settings
from lakehouse_datagen.app import App


def admin_of(server):
    return MinioAdmin(
        endpoint=f"127.0.0.1:{server.port}",
        credentials=StaticProvider(server.root_user, server.root_secret),
        region=server.region,
        http_client=urllib3.PoolManager(ca_certs=str(server.ca_path)),
    )


def allow(server, bucket):
    """A bucket, and an account that may do in it what the site's policy says; returns its name and secret."""
    document = yaml.safe_load((CHECKOUT / "group_vars/all/s3.yml").read_text())
    (policy,) = [policy["document"] for policy in document["minio_policies_default"] if policy["name"] == "datagen"]
    text = json.dumps(policy).replace("{{ lakehouse_bucket }}", bucket)
    assert "{{" not in text
    admin = admin_of(server)
    account, secret = f"datagen-{bucket}", secrets.token_urlsafe(20)
    server.client().make_bucket(bucket, server.region)
    server.client().set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    admin.policy_add(account, policy=json.loads(text))
    admin.user_add(account, secret)
    admin.attach_policy([account], user=account)
    return account, secret


@dataclasses.dataclass
class Site:
    server: object
    settings: datagen_settings.Settings

    @property
    def bucket(self):
        return self.settings.s3.bucket

    @property
    def app(self):
        """A new process, as it were: nothing but what is on the disk is known."""
        return App(self.settings)

    @property
    def admin(self):
        return admin_of(self.server)

    def process(self, *arguments, patch=""):
        """The command in a process of its own, in which something may have been changed before."""
        document = dataclasses.asdict(self.settings)
        secret = document["s3"].pop("secret_key")
        document.update(state_dir=str(self.settings.state_dir), log_dir=str(self.settings.log_dir))
        path = self.settings.state_dir.parent / "datagen.yml"
        path.write_text(yaml.safe_dump(document))
        script = f"import os, signal, sys\nfrom lakehouse_datagen import app, buffer, cli, sinks\n{patch}\nsys.exit(cli.main(sys.argv[1:]))"
        return subprocess.Popen(
            [sys.executable, "-c", script, "--settings", path, *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "DATAGEN_S3_SECRET_KEY": secret},
        )

    def versions(self):
        """Every object, as often as it was ever put."""
        found = self.server.client().list_objects(self.bucket, recursive=True, include_version=True)
        return sorted(entry.object_name for entry in found)

    def where(self):
        state = self.settings.state_dir
        return {path.name: path.parent.name for path in state.glob("*_*/*.jsonl.gz")}

    def logs(self, kind):
        return [json.loads(line) for line in self.app.journal.last(kind, 10_000)]


def make_site(server, tmp_path):
    bucket = "b" + secrets.token_hex(5)
    account, secret = allow(server, bucket)
    s3 = datagen_settings.S3(
        endpoint=server.endpoint, bucket=bucket, access_key=account, secret_key=secret,
        region=server.region, ca_file=str(server.ca_path), timeout_seconds=3,
    )  # fmt: skip
    settings = datagen_settings.Settings(
        s3=s3, seed=42, state_dir=tmp_path / "state", log_dir=tmp_path / "log", backoff_seconds=0.01,
    )  # fmt: skip
    return Site(server, settings)


@pytest.fixture
def site(minio_server, tmp_path):
    return make_site(minio_server, tmp_path)


@pytest.fixture(scope="module")
def own_server(minio_binary, tmp_path_factory):
    """One that tests may stop and start."""
    instance = Server(minio_binary, tmp_path_factory.mktemp("own-minio"))
    yield instance
    instance.stop()


@pytest.fixture
def shaky(own_server, tmp_path):
    if own_server.process.poll() is not None:
        own_server.start()
    return make_site(own_server, tmp_path)


@pytest.fixture
def small(minio_binary, tmp_path):
    """One whose disk is small enough to be filled."""
    data = tmp_path / "minio/data"
    data.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", data], check=True)
    try:
        server = Server(minio_binary, tmp_path / "minio")
        try:
            yield make_site(server, tmp_path)
        finally:
            server.stop()
    finally:
        subprocess.run(["umount", data], check=True)
