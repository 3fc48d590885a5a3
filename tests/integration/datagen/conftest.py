# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagen with an account of its own, as the role makes it, on a real MinIO."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import secrets
import sys

import pytest
import urllib3
import yaml
from minio import MinioAdmin
from minio.credentials import StaticProvider

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = CHECKOUT / "roles/datagen/files/datagen/src"
sys.path.insert(0, str(SOURCE))

from lakehouse_datagen import settings as datagen_settings  # noqa: E402
from lakehouse_datagen.app import App  # noqa: E402
from lakehouse_datagen.generators import TYPES  # noqa: E402


def allow(server, bucket):
    """A bucket, and an account that may do in it what the site's policy says; returns its name and secret."""
    document = yaml.safe_load((CHECKOUT / "group_vars/all/s3.yml").read_text())
    (policy,) = [policy["document"] for policy in document["minio_policies"] if policy["name"] == "datagen"]
    text = json.dumps(policy).replace("{{ lakehouse_bucket }}", bucket)
    assert "{{" not in text
    admin = MinioAdmin(
        endpoint=f"127.0.0.1:{server.port}",
        credentials=StaticProvider(server.root_user, server.root_secret),
        region=server.region,
        http_client=urllib3.PoolManager(ca_certs=str(server.ca_path)),
    )
    account, secret = f"datagen-{bucket}", secrets.token_urlsafe(20)
    server.client().make_bucket(bucket, server.region)
    admin.policy_add(account, policy=json.loads(text))
    admin.user_add(account, secret)
    admin.attach_policy([account], user=account)
    return account, secret


@dataclasses.dataclass
class Site:
    server: object
    bucket: str
    settings: datagen_settings.Settings

    @property
    def app(self):
        """A new process, as it were: nothing but what is on the disk is known."""
        return App(self.settings)

    def objects(self):
        found = self.server.client().list_objects(self.bucket, recursive=True, include_version=True)
        return sorted(entry.object_name for entry in found)

    def logs(self, kind):
        return [json.loads(line) for line in self.app.journal.last(kind, 10_000)]


def make_site(server, tmp_path):
    bucket = "b" + secrets.token_hex(5)
    account, secret = allow(server, bucket)
    s3 = datagen_settings.S3(
        endpoint=server.endpoint, bucket=bucket, access_key=account, secret_key=secret,
        region=server.region, ca_file=str(server.ca_path), timeout_seconds=2,
    )  # fmt: skip
    settings = datagen_settings.Settings(
        s3=s3, seed=42, state_dir=tmp_path / "state", log_dir=tmp_path / "log", backoff_seconds=0.01,
        scheduled={name: 900 for name in TYPES if name != "sales"},
    )  # fmt: skip
    return Site(server, bucket, settings)


@pytest.fixture
def site(minio_server, tmp_path):
    return make_site(minio_server, tmp_path)
