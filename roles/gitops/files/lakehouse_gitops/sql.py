# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files as they lie in a tree. They are text here: nothing of them runs."""

from __future__ import annotations

import dataclasses
import io
import re
import tarfile

# Times in a statement are given when it runs; any day will do to see that it is right.
PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
DAY = "2026-01-01"
LINE_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
END = re.compile(r";[ \t]*$", re.MULTILINE)
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


def files_of(archive: bytes) -> dict[str, str]:
    """The SQL files of a tree that are for Trino."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith(".sql") and not member.name.endswith(".spark.sql"):
                found[member.name] = tar.extractfile(member).read().decode(errors="replace")
    return found


def statements(file: str, text: str) -> list[Statement]:
    """Split at a semicolon that ends a line; lines that are comments go, and leave the count of lines as it is."""
    text = PLACEHOLDER.sub(DAY, LINE_COMMENT.sub("", text))
    found, start = [], 0
    for end in [match.start() for match in END.finditer(text)] + [len(text)]:
        piece = text[start:end]
        if piece.strip(" \t\r\n;"):
            blank = len(piece) - len(piece.lstrip("; \t\r\n"))
            found.append(Statement(file, text.count("\n", 0, start + blank) + 1, piece.strip("; \t\r\n")))
        start = end
    return found
