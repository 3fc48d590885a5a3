# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files as they lie in a tree. They are text here: nothing of them runs. How they are read is the run's own way: statements.py is
the file by which Airflow's tasks read them, in the platform's copy."""

from __future__ import annotations

import dataclasses
import io
import pathlib
import posixpath
import re
import tarfile

from . import statements

# Where the repository of DAGs has what is read here from this package.
COPY = "dags/lakehouse/statements.py"
CREATES = re.compile(r"\s*create\s+(?:or\s+replace\s+)?(?:table|view|schema)\s+(?:if\s+not\s+exists\s+)?([\w.\"]+)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Statement:
    file: str
    line: int
    text: str

    @property
    def creates(self) -> str:
        """The table, view or schema that it makes, if it makes one."""
        found = CREATES.match(self.text)
        return found.group(1).replace('"', "").lower() if found else ""

    @property
    def changes_tables(self) -> bool:
        """Whether it makes or alters tables, which the account that looks at it may not."""
        return re.match(r"\s*(create|alter|drop|comment|call|analyze|refresh)\b", self.text, re.IGNORECASE) is not None


def files_of(archive: bytes) -> dict[str, bytes]:
    """The SQL files of a tree that are for Trino, and the declarations of their parameters."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            declares = posixpath.basename(member.name) == statements.PARAMETERS
            if member.isfile() and (declares or member.name.endswith(".sql") and not member.name.endswith(".spark.sql")):
                found[member.name] = tar.extractfile(member).read()
    return found


def read(files: dict[str, bytes]) -> tuple[list[Statement], list[str]]:
    """The statements of a tree's files, and what is wrong with the files themselves."""
    found, problems = [], []
    for name, content in files.items():
        parameters = posixpath.join(posixpath.dirname(name), statements.PARAMETERS)
        try:
            declared = statements.declared(files.get(parameters, b"{}"))
            if name != parameters:
                read = statements.statements(content, declared, statements.examples(declared))
                found += [Statement(name, line, text) for line, text in read]
        except statements.Fault as fault:
            problems.append(f"{name}: {fault}")
    return found, problems


def copy_problems(archive: bytes) -> list[str]:
    """A tree of DAGs reads SQL in the way in which it is checked, or it is refused."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        theirs = [tar.extractfile(member).read() for member in tar if member.name == COPY and member.isfile()]
    ours = pathlib.Path(statements.__file__).read_bytes()
    if all(content == ours for content in theirs):
        return []
    return [f"{COPY}: it is not the platform's, by which SQL is checked; take {statements.__file__} of the host that deploys"]
