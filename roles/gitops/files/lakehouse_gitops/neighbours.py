# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Trino takes and another engine cannot bear, as far as a statement's text shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A text, a name in quotes, a word, or a sign.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|[^\s\w]")
NAME_LENGTH = 128  # as the metastore's table of locks has it
FORMAT_3 = re.compile(r"\bformat_version\s*=\s*3\b", re.IGNORECASE)
DAYS = r"date_trunc\s*\(\s*'\w+'\s*,[^;]{1,200}?\)"
DATE = r"date\s*'[^']*'"
DAY_IS_DATE = re.compile(rf"{DAYS}\s*(?:=|<>|!=|in\s*\()\s*{DATE}|{DATE}\s*(?:=|<>|!=)\s*date_trunc\b", re.IGNORECASE)
OPENING, CLOSING = {"(", "["}, {")", "]"}


def problems(text: str) -> list[str]:
    """Why a statement that makes or alters something is refused; nothing where it does neither."""
    tokens = TOKEN.findall(text)
    verb = [token.lower() for token in tokens[:4] if token.lower() not in ("or", "replace")]
    if verb[:2] == ["create", "view"]:
        return ["a view of Trino cannot be read by Spark; have a table, or a query where it is needed"]
    if verb[:2] not in (["create", "table"], ["alter", "table"], ["create", "schema"]):
        return []
    found = ["format version 3 keeps deletions that Trino cannot read, and there is no way back; leave it out"] if FORMAT_3.search(text) else []
    whole, rest = name_at(tokens, verb[1])
    found += [problem for name in whole for problem in of_name(name, nested=False)]
    if verb[:2] == ["create", "table"] and rest[:1] == ["("]:
        for column in pieces(inside(rest)):
            if column[0].lower() != "like":
                found += of_column(column[0], column[1:])
    for start in (place for place in range(len(rest)) if [token.lower() for token in rest[place : place + 2]] == ["add", "column"]):
        path, kind = name_at(rest[start:], "column")
        for part in path:
            found += of_name(part, nested=len(path) > 1)
        found += of_type(path[-1], kind) if path else []
    for start in (place for place in range(len(rest)) if rest[place].lower() == "to"):
        found += of_name(rest[start + 1], nested=False) if start + 1 < len(rest) else []
    return list(dict.fromkeys(found))


def warnings(text: str) -> list[str]:
    if DAY_IS_DATE.search(text):
        return ["date_trunc of a time with a zone is never equal to a date: compare with a timestamp, or cast to a date"]
    return []


def name_at(tokens: list[str], word: str) -> tuple[list[str], list[str]]:
    """The parts of the name behind a word, and what follows it."""
    at = [token.lower() for token in tokens].index(word) + 1
    while at < len(tokens) and tokens[at].lower() in ("if", "not", "exists"):
        at += 1
    parts = tokens[at : at + 1]
    at += 1
    while at + 1 < len(tokens) and tokens[at] == ".":
        parts.append(tokens[at + 1])
        at += 2
    return [plain(part) for part in parts], tokens[at:]


def plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def inside(tokens: list[str]) -> list[str]:
    """What stands between a bracket, the first token, and its other end."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token in OPENING) - (token in CLOSING)
        if not depth:
            return tokens[1:place]
    return tokens[1:]


def pieces(tokens: list[str]) -> Iterator[list[str]]:
    """Apart at commas that are in no brackets."""
    depth, piece = 0, []
    for token in tokens:
        depth += (token in OPENING) - (token in CLOSING)
        if token == "," and not depth:
            if piece:
                yield piece
            piece = []
        else:
            piece.append(token)
    if piece:
        yield piece


def of_column(name: str, kind: list[str]) -> list[str]:
    return of_name(plain(name), nested=False) + of_type(plain(name), kind)


def of_type(name: str, kind: list[str]) -> list[str]:
    """What is wrong with a column's type; what follows it, such as a comment, has no brackets of a row."""
    found = []
    if kind and kind[0].lower() == "uuid":
        found.append(f"{name} is a uuid, by which Spark cannot filter; make it a varchar")
    for place, token in enumerate(kind):
        if token.lower() in ("array", "map") and kind[place + 1 : place + 2] == ["("]:
            found += [problem for piece in pieces(inside(kind[place + 1 :])) for problem in of_type(name, piece)]
            break
        if token.lower() == "row" and kind[place + 1 : place + 2] == ["("]:
            fields = [piece for piece in pieces(inside(kind[place + 1 :])) if len(piece) > 1]
            seen: dict[str, str] = {}
            for field in fields:
                part = plain(field[0])
                if part.lower() in seen:
                    found.append(f"{name} has the fields {seen[part.lower()]} and {part}, which differ by nothing but case: engines take one for the other")
                seen.setdefault(part.lower(), part)
                found += of_name(part, nested=True) + of_type(f"{name}.{part}", field[1:])
            break
    return found


def of_name(name: str, nested: bool) -> list[str]:
    found = []
    if len(name) > NAME_LENGTH:
        found.append(f"{name[:40]}... has {len(name)} characters, and the metastore holds {NAME_LENGTH}")
    try:
        name.encode("latin-1")
    except UnicodeEncodeError:
        found.append(f"{name} has signs that the metastore does not hold: it is latin1")
    if nested and re.search("[-:]", name):
        found.append(f"the nested field {name} has a - or :, which Spark or the metastore cannot read")
    return found
