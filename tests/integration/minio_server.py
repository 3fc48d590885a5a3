# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MinIO of the locked release on loopback, over TLS."""

from __future__ import annotations

import base64
import io
import secrets
import subprocess

import urllib3
from certificates import NAME, make_authority, make_certificate, make_key, pem, pem_key
from loopback import free_port, wait_until_well
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider


class Server:
    region = "sa-test-1"

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.root_user = "root-" + secrets.token_hex(4)
        self.root_secret = secrets.token_urlsafe(24)
        self.port, self.console_port = free_port(), free_port()
        self.endpoint = f"https://127.0.0.1:{self.port}"

        (folder / "certs" / "CAs").mkdir(parents=True)
        authority_key, authority = make_authority()
        key = make_key()
        self.ca_path = folder / "certs" / "CAs" / "ca.crt"
        self.ca_path.write_bytes(pem(authority))
        (folder / "certs" / "public.crt").write_bytes(pem(make_certificate("minio", key, NAME, authority_key)))
        (folder / "certs" / "private.key").write_bytes(pem_key(key))
        self.other_ca_path = folder / "other.crt"
        self.other_ca_path.write_bytes(pem(make_authority()[1]))

        self.environment = {
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "MINIO_ROOT_USER": self.root_user,
            "MINIO_ROOT_PASSWORD": self.root_secret,
            "MINIO_REGION": self.region,
            "MINIO_UPDATE": "off",
            "MINIO_KMS_SECRET_KEY": "test-key:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        self.start()

    def start(self):
        """Also after a stop: it has what it had."""
        address = f"127.0.0.1:{self.port}"
        self.log = open(self.folder / "log", "a+b")
        self.process = subprocess.Popen(
            [self.binary, "server", self.folder / "data", "--address", address, "--console-address", f"127.0.0.1:{self.console_port}",
             "--certs-dir", self.folder / "certs"],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )
        wait_until_well(self.process, self.endpoint + "/minio/health/cluster", self.ca_path, self.folder / "log")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def client(self, access_key=None, secret_key=None):
        """The SDK's own client, to look at what the modules did by another way than theirs."""
        http = urllib3.PoolManager(ca_certs=str(self.ca_path), retries=False, timeout=10)
        return Minio(
            f"127.0.0.1:{self.port}",
            access_key=access_key or self.root_user,
            secret_key=secret_key or self.root_secret,
            region=self.region,
            http_client=http,
        )

    def admin(self):
        """The SDK's client of the administration, as root."""
        http = urllib3.PoolManager(ca_certs=str(self.ca_path), retries=False, timeout=10)
        provider = StaticProvider(self.root_user, self.root_secret)
        return MinioAdmin(endpoint=f"127.0.0.1:{self.port}", credentials=provider, region=self.region, http_client=http)

    def put(self, bucket, name, content=b"x"):
        return self.client().put_object(bucket, name, io.BytesIO(content), len(content)).version_id
