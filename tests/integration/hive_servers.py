# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away database servers on loopback, and a runner of the module."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

import psycopg2
import pymysql
import pytest
from ansible.module_utils.testing import patch_module_args
from loopback import free_port

from ansible_collections.gti.lakehouse.plugins.modules import hive_schema

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# Database servers refuse to run as root.
SERVER_USER = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


class Server:
    """A running database server and what a test may do to it, by other ways than the module's."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.password = secrets.token_urlsafe(12) + "\"':\\%"

    def start(self, command):
        self.log = open(self.folder / "server.log", "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.folder, **SERVER_USER)
        for attempt in range(150):
            try:
                return self.admin("SELECT 1")
            except (pymysql.MySQLError, psycopg2.Error):
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        pytest.fail((self.folder / "server.log").read_text()[-2000:])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def tables(self, database):
        rows = self.sql(database, f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{self.schema(database)}'")
        return {name.upper() for (name,) in rows}


class MariaDB(Server):
    backend = "mariadb"
    # What is lost when the machine stops is no loss here.
    careless = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                "--innodb-flush-method=nosync", "--skip-sync-frm", "--performance-schema=OFF"]

    def boot(self):
        data = self.folder / "data"
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db",
                        *self.careless], check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **SERVER_USER)
        self.start(["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.folder}/sock", f"--port={self.port}",
                    "--bind-address=127.0.0.1", "--lc-messages=pt_BR", *self.careless])
        password = self.password.replace("\\", "\\\\").replace("'", "''")
        self.admin(f"CREATE USER hive@'%' IDENTIFIED BY '{password}'")

    def _sql(self, database, statement, **who):
        with pymysql.connect(unix_socket=f"{self.folder}/sock", database=database, autocommit=True, **who) as connection:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()

    def admin(self, statement):
        return self._sql(None, statement, user="root")

    def sql(self, database, statement):
        return self._sql(database, statement, user="root")

    def schema(self, database):
        return database

    def create(self, name):
        self.admin(f"CREATE DATABASE {name} CHARACTER SET latin1")
        self.admin(f"GRANT ALL ON {name}.* TO hive@'%'")

    def drop(self, name):
        self.admin(f"DROP DATABASE IF EXISTS {name}")


class PostgreSQL(Server):
    backend = "postgresql"
    binaries = "/usr/lib/postgresql/15/bin"

    def boot(self):
        data = self.folder / "data"
        subprocess.run([f"{self.binaries}/initdb", "-D", data, "--auth=scram-sha-256", "--auth-local=trust", "--username=postgres", "--no-sync", "-E", "UTF8",
                        "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **SERVER_USER)
        self.start([f"{self.binaries}/postgres", "-D", data, "-p", str(self.port), "-k", self.folder, "-c", "fsync=off",
                    "-c", "listen_addresses=127.0.0.1"])
        self.admin("SET standard_conforming_strings = on; CREATE ROLE hive LOGIN PASSWORD '%s'" % self.password.replace("'", "''"))

    def sql(self, database, statement):
        connection = psycopg2.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def admin(self, statement):
        return self.sql("postgres", statement)

    def schema(self, database):
        return "public"

    def create(self, name):
        self.admin(f"CREATE DATABASE {name} OWNER hive")

    def drop(self, name):
        self.admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextlib.contextmanager
def running(kind):
    """A server of a kind, that runs and goes with all that it had."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"hive-{kind.backend}-"))
    if SERVER_USER:
        shutil.chown(folder, SERVER_USER["user"], SERVER_USER["group"])
    instance = kind(folder)
    try:
        instance.boot()
        yield instance
    finally:
        if hasattr(instance, "process"):
            instance.stop()
        shutil.rmtree(folder)


class Runner:
    """Runs the module in this process, where it can be measured; or, for what needs it, in one of its own as Ansible does."""

    def __init__(self, server, home, folder):
        self.server, self.home, self.folder = server, home, folder
        collection = folder / "ansible_collections" / "gti"
        collection.mkdir(parents=True)
        (collection / "lakehouse").symlink_to(REPOSITORY)

    def arguments(self, check=False, **options):
        return {"backend": self.server.backend, "metastore_home": str(self.home), "login_port": self.server.port,
                "login_password": self.server.password, "_ansible_check_mode": check, "_ansible_diff": True, **options}

    def __call__(self, **options):
        output = io.StringIO()
        with patch_module_args(self.arguments(**options)), contextlib.redirect_stdout(output):
            with contextlib.suppress(SystemExit):
                hive_schema.main()
        return self.read(output.getvalue())

    def begin(self, **options):
        path = self.folder / f"{secrets.token_hex(4)}.json"
        path.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": self.arguments(**options)}))
        # A user whose language is not English, as most of ours are.
        environment = dict(os.environ, PYTHONPATH=str(self.folder), LANG="pt_BR.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        return subprocess.Popen([sys.executable, hive_schema.__file__, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment)

    def end(self, process):
        output, errors = process.communicate(timeout=120)
        assert output, errors
        return self.read(output)

    def read(self, output):
        assert self.server.password not in output
        return json.loads(output)
