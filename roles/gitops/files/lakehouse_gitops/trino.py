# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has Trino look at statements without running them."""

from __future__ import annotations

import base64
import concurrent.futures
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request

from .gitea import Straight
from .settings import Unfinished
from .sql import Statement

TIMEOUT = 60
AT_ONCE = 4
MISSING = {"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND"}


class Trino:
    def __init__(self, url: str, user: str, password: str):
        self.url = url.rstrip("/")
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode(),
            "X-Trino-User": user,
            "X-Trino-Source": "gitops",
        }
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight)

    def explain(self, text: str) -> dict | None:
        """Trino's error, or None. It takes one statement a request, so what comes is explained, whatever it is."""
        answer = self._call("POST", self.url + "/v1/statement", ("EXPLAIN (TYPE VALIDATE) " + text).encode())
        while "nextUri" in answer and "error" not in answer:
            # Whatever name Trino knows itself by, the answer comes from where the question went.
            following = urllib.parse.urlsplit(answer["nextUri"])
            answer = self._call("GET", f"{self.url}{following.path}?{following.query}" if following.query else self.url + following.path)
        return answer.get("error")

    def _call(self, method: str, url: str, data: bytes | None = None) -> dict:
        request = urllib.request.Request(url, data=data, headers=self.headers, method=method)
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Unfinished(f"Trino answers {error.code}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unfinished(f"Trino does not answer: {error}") from error


def missing_name(error: dict) -> str:
    """The table or schema that an error says is not there."""
    found = re.search(r"(?:Table|Schema|View) '([^']+)'", error.get("message", ""))
    return found.group(1).lower() if found else ""


def problem(statement: Statement, error: dict | None, created: set[str], bygone: bool) -> str:
    """The words for an error, or nothing where it is none of this change."""
    if error is None:
        return ""
    name = error.get("errorName", "")
    if error.get("errorType") != "USER_ERROR":
        raise Unfinished(f"Trino could not look at {statement.file}: {error.get('message')}")
    if name in MISSING:
        missing = missing_name(error)
        if bygone or any(table == missing or table.endswith("." + missing) for table in created):
            return ""
    if name == "PERMISSION_DENIED" and statement.changes_tables:
        return ""  # it was understood, and its tables are known; to run it is for another account
    return f"{statement.file}:{statement.line}: {error.get('message', name)}"


def problems(trino: Trino, found: list[Statement], bygone: set[str]) -> list[str]:
    """What is wrong with a tree's statements. A table that is not there yet is right where the tree makes it, or in a bygone file,
    which runs as it is already."""
    created = {statement.creates for statement in found} - {""}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        errors = pool.map(lambda statement: trino.explain(statement.text), found)
        words = [problem(statement, error, created, statement.file in bygone) for statement, error in zip(found, errors)]
    return [word for word in words if word]
