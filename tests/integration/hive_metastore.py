# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real metastore with the very settings of the role db_hive."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

import pytest
from hive_servers import REPOSITORY, SERVER_USER
from loopback import free_port

ROLE = REPOSITORY / "roles" / "db_hive"
PLAY = f"""
- hosts: localhost
  gather_facts: false
  vars_files: [{ROLE}/defaults/main.yml, {ROLE}/vars/main.yml, {REPOSITORY}/roles/common/defaults/main.yml]
  tasks:
    - ansible.builtin.copy:
        content: "{{{{ item.settings | gti.lakehouse.to_hadoop_xml }}}}"
        dest: "{{{{ __db_hive_etc }}}}/{{{{ item.name }}}}"
        mode: "0644"
      loop:
        - {{name: metastore-site.xml, settings: "{{{{ __db_hive_metastore_site | combine(db_hive_metastore_settings) }}}}"}}
        - {{name: core-site.xml, settings: "{{{{ __db_hive_core_site }}}}"}}
        - {{name: hive-site.xml, settings: "{{{{ __db_hive_secret_site }}}}"}}
    - ansible.builtin.template:
        src: {ROLE}/templates/metastore-log4j2.properties.j2
        dest: "{{{{ __db_hive_etc }}}}/metastore-log4j2.properties"
        mode: "0644"
    - ansible.builtin.copy:
        content: "{{{{ __db_hive_java }}}} {{{{ __db_hive_java_options }}}}"
        dest: "{{{{ __db_hive_etc }}}}/command"
        mode: "0644"
"""


class Metastore:
    def __init__(self, server, database, home, folder):
        self.folder, self.home, self.port = folder, home, free_port()
        self.ca = folder / "tls" / "server.crt"
        (folder / "tls").mkdir()
        store = secrets.token_urlsafe(12)
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tls/server.key",
                 "-out", "tls/server.crt", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.run("openssl", "pkcs12", "-export", "-inkey", "tls/server.key", "-in", "tls/server.crt", "-name", "server", "-out", "tls/keystore.p12",
                 "-passout", "env:STORE", env={"STORE": store})
        self.run("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", "tls/server.crt", "-keystore", "tls/truststore.p12", "-storepass", "changeit")
        url = {"mariadb": f"jdbc:mariadb://127.0.0.1:{server.port}/{database}?useMysqlMetadata=true",
               "postgresql": f"jdbc:postgresql://127.0.0.1:{server.port}/{database}"}[server.backend]
        (folder / "vars.json").write_text(json.dumps({
            "ansible_python_interpreter": sys.executable,
            "__db_hive_etc": str(folder),
            "db_hive_backend": server.backend,
            "db_hive_metastore_port": self.port,
            "db_hive_metastore_password": server.password,
            "db_hive_keystore_password": store,
            "db_hive_s3_endpoint": "https://127.0.0.1:1",
            "db_hive_s3_secret_key": secrets.token_urlsafe(12),
            "db_hive_memory_mib": 1024,
            "db_hive_metastore_heap_mib": 192,
            "db_hive_warehouse": f"file://{folder}/warehouse",
            "db_hive_log_level": "INFO",
            # The server of the test has a port of its own; and nobody waits minutes for the cleaner.
            "db_hive_metastore_settings": {"javax.jdo.option.ConnectionURL": url, "metastore.timedout.txn.reaper.start": "1s",
                                           "metastore.timedout.txn.reaper.interval": "1s"},
        }))
        (folder / "play.yml").write_text(PLAY)
        collections = folder / "ansible_collections" / "gti"
        collections.mkdir(parents=True)
        (collections / "lakehouse").symlink_to(REPOSITORY)
        self.run(pathlib.Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", "-e", "@vars.json", "play.yml",
                 env={"ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_LOCALHOST_WARNING": "false"})
        for path in [folder, *folder.glob("tls/*")]:
            path.chmod(0o755)
        (folder / "warehouse").mkdir()
        (folder / "warehouse").chmod(0o777)

    def run(self, *command, env=None):
        result = subprocess.run(command, cwd=self.folder, env=dict(os.environ, **(env or {})), capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr

    def start(self):
        self.log = open(self.folder / "log", "wb")
        command = (self.folder / "command").read_text().split()
        self.process = subprocess.Popen([*command, "-cp", f"{self.folder}:{self.home}/lib/*", "org.apache.hadoop.hive.metastore.HiveMetaStore"],
                                        stdout=self.log, stderr=self.log, cwd="/tmp", **SERVER_USER)
        for attempt in range(600):
            if self.probe().returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.3)
        pytest.fail((self.folder / "log").read_text()[-6000:])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def probe(self, ca=None, *more):
        return subprocess.run([sys.executable, ROLE / "files" / "metastore_probe.py", "127.0.0.1", str(self.port), ca or str(self.ca), *more],
                              capture_output=True, text=True, timeout=60, check=False)
