# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking over a Unix socket to what runs elsewhere, with other rights: the checks, and what follows a deploy.

The request is one line of JSON, the rest of it is bytes; the answer is one JSON object.
"""

from __future__ import annotations

import json
import socket
import time

from .settings import Unfinished

ANSWER_BYTES = 1024 * 1024
PROBLEMS = 100


def ask(path: str, request: dict, content: bytes, seconds: int) -> list[str]:
    """The problems that it finds."""
    until = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
                if len(answer) > ANSWER_BYTES:
                    return ["what checks says more than it may"]
                connection.settimeout(max(0.1, until - time.monotonic()))
    except TimeoutError:
        return [f"not done after {seconds} s"]
    except (BrokenPipeError, ConnectionResetError):
        return ["it was ended before it had read all, by a limit of its memory or time"]
    except OSError as error:
        raise Unfinished(f"{path}: {error}") from error
    return problems_of(answer)


def problems_of(answer: bytes) -> list[str]:
    """What answers is not trusted: anything but a list of texts is a problem itself."""
    if not answer:
        return ["it was ended before it answered, by a limit of its memory or time"]
    try:
        problems = json.loads(answer)["problems"]
        if not isinstance(problems, list) or not all(isinstance(problem, str) for problem in problems):
            raise TypeError("problems are texts")
    except (ValueError, KeyError, TypeError):
        return ["what answers is no list of problems"]
    return [problem[:2000] for problem in problems[:PROBLEMS]]
