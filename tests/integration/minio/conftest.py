# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MinIO of the locked release on loopback, over TLS, and the modules run against it.

The binary is the one that MINIO_BINARY names, or else the one in the mirror's cache.
"""

from __future__ import annotations

import base64
import datetime
import importlib
import io
import ipaddress
import json
import os
import pathlib
import secrets
import socket
import subprocess
import time

import pytest
import urllib3
import yaml
from ansible.module_utils.testing import patch_module_args
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from minio import Minio

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
RELEASES = pathlib.Path("/var/cache/gti-lakehouse/mirror/public/releases")


@pytest.fixture(scope="session")
def minio_version():
    return yaml.safe_load((CHECKOUT / "group_vars/all/versions.yml").read_text())["lakehouse_minio_version"]


@pytest.fixture(scope="session")
def binary(minio_version, tmp_path_factory):
    if os.environ.get("MINIO_BINARY"):
        return os.environ["MINIO_BINARY"]
    archive = RELEASES / f"minio-{minio_version}.tar.zst"
    if not archive.exists():
        pytest.fail(f"no MinIO to test against: set MINIO_BINARY, or fill the mirror so that it has {archive}")
    folder = tmp_path_factory.mktemp("minio-release")
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", folder], check=True)
    return next(path for path in sorted(folder.rglob("minio")) if path.is_file())


def make_authority():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, make_certificate("test authority", key, "test authority", key, authority=True)


def make_certificate(name, key, issuer, issuer_key, authority=False):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Server:
    region = "sa-test-1"

    def __init__(self, binary, folder):
        self.folder = folder
        self.root_user = "root-" + secrets.token_hex(4)
        self.root_secret = secrets.token_urlsafe(24)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"https://127.0.0.1:{self.port}"

        (folder / "certs" / "CAs").mkdir(parents=True)
        authority_key, authority = make_authority()
        key = ec.generate_private_key(ec.SECP256R1())
        self.ca_path = folder / "certs" / "CAs" / "ca.crt"
        self.ca_path.write_bytes(pem(authority))
        (folder / "certs" / "public.crt").write_bytes(pem(make_certificate("minio", key, "test authority", authority_key)))
        (folder / "certs" / "private.key").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        self.other_ca_path = folder / "other.crt"
        self.other_ca_path.write_bytes(pem(make_authority()[1]))

        self.log = open(folder / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "server", folder / "data", "--address", f"127.0.0.1:{self.port}", "--certs-dir", folder / "certs"],
            env={
                "HOME": str(folder),
                "PATH": "/usr/bin:/bin",
                "MINIO_ROOT_USER": self.root_user,
                "MINIO_ROOT_PASSWORD": self.root_secret,
                "MINIO_REGION": self.region,
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
                "MINIO_KMS_SECRET_KEY": "test-key:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            },
            stdout=self.log,
            stderr=self.log,
        )
        self._wait()

    def _wait(self):
        http = urllib3.PoolManager(ca_certs=str(self.ca_path), retries=False, timeout=2)
        for attempt in range(150):
            try:
                if http.request("GET", self.endpoint + "/minio/health/cluster").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        self.stop()
        pytest.fail("MinIO did not come up: " + (self.folder / "log").read_text()[-2000:])

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

    def put(self, bucket, name, content=b"x"):
        return self.client().put_object(bucket, name, io.BytesIO(content), len(content)).version_id


@pytest.fixture(scope="session")
def server(binary, tmp_path_factory):
    instance = Server(binary, tmp_path_factory.mktemp("minio"))
    yield instance
    instance.stop()


class Outcome(dict):
    @property
    def failed(self):
        return self.get("failed", False)


@pytest.fixture
def run(server, capfd):
    """Run a module as Ansible does and return what it prints; no secret may be in that."""

    def call(module_name, /, check=False, **options):
        arguments = {
            "endpoint": server.endpoint,
            "access_key": server.root_user,
            "secret_key": server.root_secret,
            "ca_path": str(server.ca_path),
            "region": server.region,
            **options,
        }
        arguments = {key: value for key, value in arguments.items() if value is not None}
        secret_values = [value for key, value in arguments.items() if key in ("secret_key", "secret")]
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        module = importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{module_name}")
        capfd.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        output, errors = capfd.readouterr()
        result = Outcome(json.loads(output))
        # Ansible shows warnings itself where its controller's part is loaded too, as other tests do.
        result.warned = str(result.pop("warnings", "")) + errors
        for value in secret_values:
            assert value not in output + errors
        return result

    return call


@pytest.fixture
def twice(run):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""

    def call(module_name, /, **options):
        foreseen = run(module_name, check=True, **options)
        done = run(module_name, **options)
        assert not foreseen.failed and not done.failed, (foreseen, done)
        assert foreseen["changed"] == done["changed"]
        assert foreseen.get("diff") == done.get("diff")
        again = run(module_name, **options)
        assert not again.failed and again["changed"] is False and "diff" not in again, again
        return done

    return call


@pytest.fixture
def name():
    return "t" + secrets.token_hex(5)
