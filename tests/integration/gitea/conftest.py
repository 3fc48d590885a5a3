# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, run as Ansible runs them, against a real Gitea of the trial's release with a PostgreSQL of its own.

Gitea is the binary that GITEA_BINARY names, or else the one in the mirror's cache.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

import pytest
import urllib3
from ansible.module_utils.testing import patch_module_args
from certificates import NAME, make_authority, make_certificate, make_key, pem, pem_key
from hive_servers import SERVER_USER, PostgreSQL
from loopback import free_port, wait_until_well
from releases import locked_version, unpack

ACCOUNT = SERVER_USER.get("user", os.environ.get("USER", ""))


class Gitea:
    def __init__(self, binary, folder, database, database_name="gitea", secrets_of=None):
        self.binary, self.folder, self.database, self.database_name = binary, folder, database, database_name
        self.port, self.ssh_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.admin, self.password = "test-admin", secrets_of.password if secrets_of else secrets.token_urlsafe(24)
        self.secrets = secrets_of.secrets if secrets_of else [secrets.token_hex(20), secrets.token_hex(20), secrets.token_urlsafe(32)]
        self.config, self.ca_path = folder / "app.ini", folder / "ca.crt"
        authority_key, authority = make_authority()
        key = make_key()
        self.ca_path.write_bytes(pem(authority))
        (folder / "server.crt").write_bytes(pem(make_certificate("gitea", key, NAME, authority_key)))
        (folder / "server.key").write_bytes(pem_key(key))
        self.config.write_text(self.settings())
        (folder / "data").mkdir(exist_ok=True)
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o755)
            if SERVER_USER:
                shutil.chown(path, SERVER_USER["user"], SERVER_USER["group"])

    def settings(self):
        return f"""
RUN_USER = {ACCOUNT}
WORK_PATH = {self.folder}/data
[server]
PROTOCOL = https
ROOT_URL = {self.url}/
LOCAL_ROOT_URL = {self.url}/
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {self.port}
CERT_FILE = {self.folder}/server.crt
KEY_FILE = {self.folder}/server.key
START_SSH_SERVER = true
SSH_LISTEN_HOST = 127.0.0.1
SSH_PORT = {self.ssh_port}
SSH_LISTEN_PORT = {self.ssh_port}
BUILTIN_SSH_SERVER_USER = git
OFFLINE_MODE = true
[database]
DB_TYPE = postgres
HOST = 127.0.0.1:{self.database.port}
NAME = {self.database_name}
USER = hive
PASSWD = `{self.database.password}`
SSL_MODE = disable
[security]
INSTALL_LOCK = true
SECRET_KEY = {self.secrets[0]}
INTERNAL_TOKEN = {self.secrets[1]}
[oauth2]
ENABLED = false
JWT_SECRET = {self.secrets[2]}
[service]
DISABLE_REGISTRATION = true
REQUIRE_SIGNIN_VIEW = true
[webhook]
ALLOWED_HOST_LIST = 127.0.0.1
SKIP_TLS_VERIFY = true
[actions]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
MODE = console
LEVEL = Warn
"""

    def start(self):
        environment = {"HOME": str(self.folder), "USER": ACCOUNT, "PATH": "/usr/bin:/bin"}
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [self.binary, "web", "--config", self.config], cwd=self.folder, env=environment, stdout=self.log, stderr=self.log, **SERVER_USER
        )
        wait_until_well(self.process, self.url + "/api/healthz", self.ca_path, self.folder / "log")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()

    def api(self, method, path, body=None, who=None):
        """By another way than the modules'."""
        http = urllib3.PoolManager(ca_certs=str(self.ca_path), retries=False, timeout=20)
        headers = urllib3.make_headers(basic_auth=":".join(who or (self.admin, self.password)))
        answer = http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers)
        return answer.status, json.loads(answer.data or b"null") if answer.headers.get("content-type", "").startswith("application/json") else None


@pytest.fixture(scope="session")
def make_folder():
    """Folders of the account that the servers run as, gone at the end."""
    made = []

    def make_folder(prefix):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        made.append(folder)
        if SERVER_USER:
            shutil.chown(folder, SERVER_USER["user"], SERVER_USER["group"])
        return folder

    yield make_folder
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def gitea_binary(make_folder):
    if os.environ.get("GITEA_BINARY"):
        return os.environ["GITEA_BINARY"]
    return str(unpack("gitea", locked_version("lakehouse_gitea_version"), make_folder("gitea-release-"), "GITEA_BINARY") / "bin/gitea")


@pytest.fixture(scope="session")
def bare_server(gitea_binary, make_folder, database_packages):
    """Without an administrator."""
    database = PostgreSQL(make_folder("gitea-postgresql-"))
    instance = None
    try:
        database.boot()
        database.create("gitea")
        instance = Gitea(gitea_binary, make_folder("gitea-"), database)
        instance.start()
        yield instance
    finally:
        if instance and hasattr(instance, "process"):
            instance.stop()
        if hasattr(database, "process"):
            database.stop()


class Outcome(dict):
    @property
    def failed(self):
        return self.get("failed", False)


@pytest.fixture(scope="session")
def call(bare_server):
    """Run a module as Ansible does."""

    def call(module_name, /, check=False, **options):
        arguments = {
            "url": bare_server.url,
            "username": bare_server.admin,
            "password": bare_server.password,
            "ca_path": str(bare_server.ca_path),
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        module = importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{module_name}")
        output = io.StringIO()
        with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            module.main()
        assert arguments["password"] not in output.getvalue()
        return Outcome(json.loads(output.getvalue()))

    return call


@pytest.fixture(scope="session")
def administrator(bare_server):
    return {
        "email": "admin@example.org",
        "binary": bare_server.binary,
        "config": str(bare_server.config),
        "account": ACCOUNT,
    }


@pytest.fixture(scope="session")
def server(bare_server, call, administrator):
    made = call("gitea_admin", **administrator)
    assert not made.failed, made
    return bare_server


@pytest.fixture
def twice(server, call):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""

    def twice(module_name, /, **options):
        foreseen = call(module_name, check=True, **options)
        done = call(module_name, **options)
        assert not foreseen.failed and not done.failed, (foreseen, done)
        assert foreseen["changed"] == done["changed"] and foreseen.get("diff") == done.get("diff")
        again = call(module_name, **options)
        assert not again.failed and again["changed"] is False, again
        return done

    return twice


@pytest.fixture
def name():
    return "t" + secrets.token_hex(5)


@pytest.fixture
def organization(server, name):
    status, dummy = server.api("POST", "/orgs", {"username": name, "visibility": "private"})
    assert status == 201
    return name


@pytest.fixture
def key(tmp_path):
    """A fresh public key."""

    def key(comment="somebody"):
        path = tmp_path / secrets.token_hex(4)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path], check=True)
        return path.with_suffix(".pub").read_text().strip()

    return key
