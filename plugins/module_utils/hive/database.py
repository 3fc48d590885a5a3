# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A metastore's database on MariaDB or PostgreSQL: connect, lock, look, run scripts, dump.

Decisions rest on the drivers' error codes and on the catalogues, never on messages, which servers translate.
"""

from __future__ import annotations

import os
import tempfile
import traceback
import zlib

from ansible_collections.gti.lakehouse.plugins.module_utils.hive.state import Facts

DRIVER_ERRORS = {}
try:
    import pymysql
except ImportError:
    DRIVER_ERRORS["mariadb"] = ("PyMySQL", traceback.format_exc())
try:
    import psycopg2
except ImportError:
    DRIVER_ERRORS["postgresql"] = ("psycopg2", traceback.format_exc())


class DatabaseError(Exception):
    """The database could not be reached, or refused something."""


class DatabaseAbsent(DatabaseError):
    """The server knows the user, but has no such database for it."""


class Connection(object):
    """What both backends share; ``params`` holds the module's options of the same names."""

    default_port = 0

    def __init__(self, params):
        self.name = params["database"]
        self.user = params["login_user"]
        self.password = params["login_password"]
        self.host = params["login_host"]
        self.port = params["login_port"] or self.default_port
        self.socket = params["login_unix_socket"]
        self.ca_cert = params["ca_cert"]
        self.timeout = params["lock_timeout"]
        self.where = self.socket or "%s:%s" % (self.host, self.port)
        self.connection = self._connect(self.name)

    def _unreachable(self, error):
        return DatabaseError("cannot sign in to %s at %s as %s: %s" % (self.name, self.where, self.user, error))

    def _absent(self):
        return DatabaseAbsent("the database %s does not exist at %s, or %s may not use it" % (self.name, self.where, self.user))

    def query(self, statement, values=None):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def narrow_columns(self):
        """Columns of people's own words that cannot hold every letter; there are some on MariaDB alone."""
        return []

    def facts(self):
        tables = frozenset(row[0].upper() for row in self.query(self.list_tables))
        return Facts(tables, self._versions() if "VERSION" in tables else None)

    def _versions(self):
        columns = {row[0] for row in self.query(self.list_version_columns)}
        if "SCHEMA_VERSION" not in columns:
            return None
        return tuple(row[0] for row in self.query(self.read_versions))

    def _run(self, script):
        with self.connection.cursor() as cursor:
            for statement in script.statements:
                try:
                    cursor.execute(statement.text)
                except self.driver_error as error:
                    raise DatabaseError("%s, line %d: %s" % (script.path, statement.line, error)) from error

    def dump(self, module, path):
        """Write a dump, whole or not at all, readable by root alone."""
        handle, part = tempfile.mkstemp(prefix=".hive_schema-", dir=os.path.dirname(path))
        os.close(handle)
        try:
            rc, dummy, err = self._dump(module, part)
            if rc != 0:
                raise DatabaseError("the dump before the upgrade failed, nothing was changed: %s" % err.strip())
            os.rename(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)


# Comments, properties, types and texts of views: no index has them, so that they may be as wide as need be.
WORDS = ("COMMENT", "DESC", "PARAM_VALUE", "PKEY_COMMENT", "TYPE_NAME", "VIEW_EXPANDED_TEXT", "VIEW_ORIGINAL_TEXT")


class MariaDB(Connection):
    default_port = 3306
    list_tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    list_version_columns = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'VERSION'"
    )
    read_versions = "SELECT SCHEMA_VERSION FROM VERSION"
    half_made_on_error = "MariaDB commits each statement, so the schema is now half-made"

    def _connect(self, database):
        self.driver_error = pymysql.MySQLError
        options = {"user": self.user, "password": self.password or "", "database": database, "autocommit": True,
                   "charset": "utf8mb4", "connect_timeout": 10}
        if self.socket:
            options["unix_socket"] = self.socket
        else:
            options.update(host=self.host, port=self.port)
            if self.ca_cert:
                options["ssl"] = {"ca": self.ca_cert, "check_hostname": True}
        try:
            return pymysql.connect(**options)
        except (pymysql.MySQLError, OSError) as error:
            # To a user without rights in it, MariaDB does not tell whether a database exists.
            if error.args and error.args[0] in (1044, 1049):
                raise self._absent() from error
            raise self._unreachable(error) from error

    def lock(self):
        """A lock of the server, named after the database; it goes with the connection, however that ends."""
        name = "hive_schema.%08x" % zlib.crc32(self.name.encode("utf-8"))
        if self.query("SELECT GET_LOCK(%s, %s)", (name, self.timeout))[0][0] != 1:
            raise DatabaseError("another run has held the lock of %s for %d seconds" % (self.name, self.timeout))

    def run(self, script):
        self._run(script)

    def narrow_columns(self):
        """The scripts say latin1, or leave it to the database: what is beyond it would come back as question marks."""
        return self.query(
            "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND column_name IN %s AND character_set_name <> 'utf8mb4' AND column_key = '' ORDER BY table_name, column_name", (WORDS,))

    def widen(self, columns):
        """What is there is converted. Each statement is whole, and a run that is cut short goes on with the next one."""
        self.query("SET lock_wait_timeout = %s", (self.timeout,))  # a metastore may be at work
        for table, column, kind, nullable in columns:
            statement = "ALTER TABLE `%s` MODIFY `%s` %s CHARACTER SET utf8mb4 COLLATE utf8mb4_bin %s" % (
                table, column, kind, "NULL" if nullable == "YES" else "NOT NULL")
            try:
                self.query(statement)
            except pymysql.MySQLError as error:
                raise DatabaseError("%s: %s" % (statement, error)) from error

    def _dump(self, module, path):
        tool = module.get_bin_path("mariadb-dump", required=True)
        lines = ["[client]", "user=%s" % _quoted(self.user), "password=%s" % _quoted(self.password or "")]
        if self.socket:
            lines.append("socket=%s" % _quoted(self.socket))
        else:
            lines += ["host=%s" % _quoted(self.host), "port=%d" % self.port, "protocol=tcp"]
            if self.ca_cert:
                lines += ["ssl-ca=%s" % _quoted(self.ca_cert), "ssl-verify-server-cert"]
        with tempfile.NamedTemporaryFile("w", prefix="hive_schema-", suffix=".cnf") as options:
            options.write("\n".join(lines) + "\n")
            options.flush()
            return module.run_command([tool, "--defaults-file=" + options.name, "--single-transaction", "--no-tablespaces",
                                       "--result-file=" + path, self.name])


class PostgreSQL(Connection):
    default_port = 5432
    # The scripts work in the schema "public" whatever the search path says. The information schema hides what is not
    # the user's own, the catalogue does not.
    list_tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
    list_version_columns = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('public.\"VERSION\"')"
    read_versions = 'SELECT "SCHEMA_VERSION" FROM public."VERSION"'
    half_made_on_error = "PostgreSQL took the whole script back, so the schema is as it was"

    def _connect(self, database):
        self.driver_error = psycopg2.Error
        try:
            connection = self._sign_in(database)
        except psycopg2.Error as error:
            if self._is_absent(database):
                raise self._absent() from error
            raise self._unreachable(error) from error
        connection.autocommit = True
        return connection

    def _sign_in(self, database):
        options = {"user": self.user, "password": self.password, "dbname": database, "port": self.port,
                   "host": self.socket or self.host, "connect_timeout": 10}
        if self.ca_cert and not self.socket:
            options.update(sslmode="verify-full", sslrootcert=self.ca_cert)
        return psycopg2.connect(**options)

    def _is_absent(self, database):
        """A failed sign-in carries no code here, only translated text: so ask the maintenance database, if it lets us."""
        try:
            connection = self._sign_in("postgres")
        except psycopg2.Error:
            return False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
                return cursor.fetchone() is None
        finally:
            connection.close()

    def lock(self):
        """An advisory lock of this database; it goes with the connection, however that ends."""
        self.query("SELECT set_config('lock_timeout', %s, false)", (str(self.timeout * 1000),))
        try:
            self.query("SELECT pg_advisory_lock(%s)", (zlib.crc32(b"gti.lakehouse.hive_schema"),))
        except psycopg2.Error as error:
            if error.pgcode != "55P03":  # lock_not_available
                raise
            raise DatabaseError("another run has held the lock of %s for %d seconds" % (self.name, self.timeout)) from error

    def run(self, script):
        self.connection.autocommit = False
        try:
            self._run(script)
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        finally:
            self.connection.autocommit = True

    def _dump(self, module, path):
        tool = module.get_bin_path("pg_dump", required=True)
        with tempfile.NamedTemporaryFile("w", prefix="hive_schema-", suffix=".pgpass") as passwords:
            passwords.write("*:*:*:*:%s\n" % (self.password or "").replace("\\", "\\\\").replace(":", "\\:"))
            passwords.flush()
            environment = {"PGPASSFILE": passwords.name}
            if self.ca_cert and not self.socket:
                environment.update(PGSSLMODE="verify-full", PGSSLROOTCERT=self.ca_cert)
            return module.run_command([tool, "--host=" + (self.socket or self.host), "--port=%d" % self.port, "--username=" + self.user,
                                       "--no-password", "--file=" + path, self.name], environ_update=environment)


def _quoted(text):
    """A value of a MariaDB option file."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def connect(backend, params):
    return {"mariadb": MariaDB, "postgresql": PostgreSQL}[backend](params)
