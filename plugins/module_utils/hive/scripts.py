# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL scripts that come with a Hive Metastore: what they run, and which tables they leave.

Everything here is pure: it reads script files and knows no database.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

# The folder of each backend below the metastore's home, which is also the suffix of its scripts.
DIALECTS = {"mariadb": "mysql", "postgresql": "postgres"}

_TOKENS = re.compile(
    r"""
      (?P<comment>  --[^\n]* | /\*(?!!).*?\*/ )
    | (?P<quoted>   '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `[^`]*` | /\*!.*?\*/ )
    | (?P<end>      ; )
    | (?P<other>    [^;'"`/-]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLIENT_COMMAND = re.compile(r"(?:\\|source\b|delimiter\b)", re.IGNORECASE)
_TABLE = r"""[`"]?(\w+)[`"]?"""
_CREATE = re.compile(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + _TABLE, re.IGNORECASE)
_DROP = re.compile(r"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?" + _TABLE, re.IGNORECASE)
_VERSION = r"\d+(?:\.\d+)*"


class ScriptError(Exception):
    """The scripts of the metastore are missing, or say something that cannot be run here."""


class Statement(NamedTuple):
    text: str
    line: int


class Script(NamedTuple):
    path: str
    statements: list


def version_key(version):
    """Order versions as numbers; None for what is no version."""
    if not re.fullmatch(_VERSION, version or ""):
        return None
    return tuple(int(part) for part in version.split("."))


def split_statements(text):
    """Cut a script into its statements, without comments, each with the line that it starts on."""
    statements, pieces, line, start = [], [], 1, 1

    def close():
        statement = "".join(pieces).strip()
        pieces.clear()
        if _CLIENT_COMMAND.match(statement):
            raise ScriptError("line %d is a command of a database client, not SQL: %s" % (start, statement.splitlines()[0]))
        if statement:
            statements.append(Statement(statement, start))

    for match in _TOKENS.finditer(text):
        token = match.group()
        if match.lastgroup == "end":
            close()
        elif match.lastgroup != "comment":
            if not token.isspace() and not "".join(pieces).strip():
                start = line + token[: len(token) - len(token.lstrip())].count("\n")
            pieces.append(token)
        line += token.count("\n")
    close()
    return statements


def tables_after(statements, tables=()):
    """The names of the tables, in upper case, that are there once the statements have run over the given ones."""
    names = set(tables)
    for statement in statements:
        created, dropped = _CREATE.match(statement.text), _DROP.match(statement.text)
        if created:
            names.add(created.group(1).upper())
        elif dropped:
            names.discard(dropped.group(1).upper())
    return frozenset(names)


class SchemaScripts:
    """The scripts of one backend in one installed metastore."""

    def __init__(self, home, backend):
        self.dialect = DIALECTS[backend]
        self.folder = os.path.join(home, "scripts", "metastore", "upgrade", self.dialect)
        self._read = {}
        try:
            names = os.listdir(self.folder)
        except OSError as error:
            raise ScriptError("the metastore's SQL scripts are not readable: %s" % error) from error
        self.schemas = self._matching(names, r"hive-schema-(%s)\.%s\.sql" % (_VERSION, self.dialect))
        self.upgrades = self._matching(names, r"upgrade-(%s)-to-(%s)\.%s\.sql" % (_VERSION, _VERSION, self.dialect))
        if not self.schemas:
            raise ScriptError("there is no hive-schema-*.%s.sql in %s" % (self.dialect, self.folder))

    @staticmethod
    def _matching(names, pattern):
        """File names by what the groups of the pattern hold: a version, or a pair of versions."""
        found = {}
        for name in names:
            match = re.fullmatch(pattern, name)
            if match:
                found[match.groups() if len(match.groups()) > 1 else match.group(1)] = name
        return found

    def _script(self, name):
        if name not in self._read:
            path = os.path.join(self.folder, name)
            try:
                with open(path, encoding="utf-8") as stream:
                    self._read[name] = Script(path, split_statements(stream.read()))
            except (OSError, ScriptError) as error:
                raise ScriptError("%s: %s" % (path, error)) from error
        return self._read[name]

    def newest(self):
        return max(self.schemas, key=version_key)

    def schema(self, version):
        """The script that makes a whole schema of that version."""
        if version not in self.schemas:
            known = ", ".join(sorted(self.schemas, key=version_key))
            raise ScriptError("%s makes schemas of the versions %s, not %s" % (self.folder, known, version))
        return self._script(self.schemas[version])

    def upgrade_path(self, old, new):
        """The scripts that lead from the old version to the new one, in order; None when no such way exists."""
        path, at = [], old
        while at != new:
            # Each release ships one step from each version, so there is nothing to choose from.
            step = next((pair for pair in self.upgrades if pair[0] == at), None)
            if step is None or version_key(step[1]) <= version_key(at):
                return None
            path.append(self._script(self.upgrades[step]))
            at = step[1]
        return path

    def tables(self, version):
        """The names of the tables of a whole schema of that version; None when the scripts do not know it.

        Versions without a script of their own are the last whole one before them plus the upgrades since.
        """
        for base in sorted(self.schemas, key=version_key, reverse=True):
            if version_key(base) > version_key(version):
                continue
            path = self.upgrade_path(base, version)
            if path is not None:
                names = tables_after(self.schema(base).statements)
                for script in path:
                    names = tables_after(script.statements, names)
                return names
        return None

    def all_tables(self):
        """Every name that a table of Hive ever had in these scripts."""
        names = set()
        for name in list(self.schemas.values()) + list(self.upgrades.values()):
            names |= tables_after([s for s in self._script(name).statements if not _DROP.match(s.text)])
        return frozenset(names)
