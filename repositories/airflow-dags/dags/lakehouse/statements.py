# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements out of a file of SQL, with its parameters filled in: the one reading that the check, the deployment and the run share.

SQL is text: nothing in it is evaluated. A parameter is written `{{ params.NAME }}` and declared in the folder's params.json as
{"NAME": {"type": "date", "example": "2026-01-31"}}; the check reads the file with the examples, the run with its own values.

The platform has its own copy of this file, by which pull requests are checked, and the flow refuses a tree that has another one. It needs
nothing but Python's library.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

PARAMETERS = "params.json"
NAME = re.compile(r"[a-z][a-z0-9_]*")
# No value has a quote, a semicolon, a brace or a minus sign at its beginning, so that it stays what it is wherever it is put.
TYPES = {
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), datetime.date.fromisoformat),
    "timestamp": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}){1,2})?"), datetime.datetime.fromisoformat),
    "integer": (re.compile(r"0|[1-9][0-9]{0,17}"), int),
}
BRACES = re.compile(r"\{\{ *params\.([a-z][a-z0-9_]*) *\}\}|\{[{%#]")
# As Trino reads it. A doubled quote within quotes ends one text and begins another, which is the same to a splitter.
TOKEN = re.compile(
    r"""(?P<comment>--[^\r\n]*|/\*.*?\*/)
      | (?P<quoted>'[^']*'|"[^"]*"|`[^`]*`|\$\$.*?\$\$)
      | (?P<open>/\*|'|"|`|\$\$)
      | (?P<end>;)""",
    re.DOTALL | re.VERBOSE,
)


class Fault(ValueError):
    """What is wrong with a file, in words for its author."""


def checked(name: str, kind: str, value: Any) -> str:
    """A value as it is put into the text, if it is of its type."""
    pattern, parse = TYPES[kind]
    text = str(value)
    try:
        if pattern.fullmatch(text):
            parse(text)
            return text
    except ValueError:
        pass
    raise Fault(f"params.{name} is {text[:60]!r}, which is no {kind}")


def declared(content: bytes) -> dict[str, dict[str, Any]]:
    """What a params.json declares."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Fault(f"it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Fault("it is no object of parameters by name")
    for name, parameter in found.items():
        if not NAME.fullmatch(name):
            raise Fault(f"{name!r} is no name of a parameter: small letters, digits and underscores")
        if not isinstance(parameter, dict) or set(parameter) != {"type", "example"} or parameter["type"] not in list(TYPES):
            raise Fault(f'{name} is to be {{"type": one of {", ".join(TYPES)}, "example": a value of it}}')
        checked(name, parameter["type"], parameter["example"])
    return found


def examples(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values by which the check reads a file."""
    return {name: parameter["example"] for name, parameter in parameters.items()}


def statements(content: bytes, parameters: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Line and text of each statement of a file. One ends with a semicolon that is in no comment and no quotes; comments are left out."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Fault("it is not UTF-8") from error

    def filled(start: int, end: int) -> str:
        def value_of(found: re.Match) -> str:
            name = found.group(1)
            if name is None:
                raise Fault(f"line {line_of(start + found.start())}: braces hold {{{{ params.NAME }}}} and nothing else")
            if name not in parameters:
                raise Fault(f"line {line_of(start + found.start())}: params.{name} is not declared in {PARAMETERS}")
            if name not in values:
                raise Fault(f"params.{name} has no value")
            return checked(name, parameters[name]["type"], values[name])

        return BRACES.sub(value_of, text[start:end])

    def line_of(position: int) -> int:
        return text.count("\n", 0, position) + 1

    found, piece, begun, at = [], "", 1, 0
    for token in [*TOKEN.finditer(text), None]:
        start, end, kind = (token.start(), token.end(), token.lastgroup) if token else (len(text), len(text), "end")
        piece += filled(at, start)
        if kind == "open":
            raise Fault(f"line {line_of(start)}: {token.group()} is not closed")
        if kind == "quoted":
            piece += filled(start, end)
        elif kind == "comment":
            piece += re.sub(r"[^\r\n]+", " ", token.group())
        elif kind == "end":
            if piece.strip():
                blank = len(piece) - len(piece.lstrip())
                found.append((begun + piece.count("\n", 0, blank), piece.strip()))
            piece, begun = "", line_of(end)
        at = end
    return found
