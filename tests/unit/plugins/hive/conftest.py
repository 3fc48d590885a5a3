# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A metastore of three small schemas, whose history is like that of Hive's own."""

from __future__ import annotations

import pytest

SCRIPTS = {
    "hive-schema-1.0.0": "CREATE TABLE `VERSION` (a int); CREATE TABLE TBLS (a int); CREATE TABLE OLD_COLUMNS (a int); INSERT INTO VERSION VALUES ('1.0.0');",
    "hive-schema-2.0.0": "CREATE TABLE VERSION (a int); CREATE TABLE TBLS (a int); CREATE TABLE LOCKS (a int); INSERT INTO VERSION VALUES ('2.0.0');",
    "hive-schema-10.0.0": "CREATE TABLE VERSION (a int); CREATE TABLE TBLS (a int); CREATE TABLE LOCKS (a int);\nCREATE TABLE CATALOGS (a int);",
    "upgrade-1.0.0-to-1.1.0": "CREATE TABLE LOCKS (a int); UPDATE VERSION SET SCHEMA_VERSION = '1.1.0';",
    "upgrade-1.1.0-to-2.0.0": "UPDATE VERSION SET SCHEMA_VERSION = '2.0.0';",
    "upgrade-2.0.0-to-10.0.0": "CREATE TABLE CATALOGS (a int); UPDATE VERSION SET SCHEMA_VERSION = '10.0.0';",
    "create-user": "CREATE TABLE NOT_OF_THE_SCHEMA (a int);",
}


@pytest.fixture
def hive_home(tmp_path):
    folder = tmp_path / "home" / "scripts" / "metastore" / "upgrade" / "mysql"
    folder.mkdir(parents=True)
    for name, text in SCRIPTS.items():
        (folder / (name + ".mysql.sql")).write_text(text, encoding="utf-8")
    return str(tmp_path / "home")
