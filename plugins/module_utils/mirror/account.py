# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a piece of work as an account of less rights, in a process of its own.

What is downloaded runs code while it is built (setup.py, Maven's plugins, webpack): that code gets neither root's rights nor its environment.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import signal

# What the registries' clients need of a machine that has a proxy or an authority of its own.
KEPT = re.compile(r"^(PATH|LANG|LC_.*|TZ|.*_PROXY|.*CERT.*|.*CA_BUNDLE|PIP_.*|GO[A-Z]+|MAVEN_.*|NODE_.*|NPM_CONFIG_.*)$", re.IGNORECASE)


class AccountError(Exception):
    """The work could not be done; the message is that of what it raised."""


def run_as(name, home, work):
    """Returns what work() returns there, which JSON must be able to carry."""
    account = pwd.getpwnam(name)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(writer, account, home, work)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as stream:
        text = stream.read()
    status = os.waitpid(child, 0)[1]
    if not text:
        raise AccountError("the process of the account %s ended without an answer (status %d)" % (name, status))
    answer = json.loads(text)
    if "error" in answer:
        raise AccountError(answer["error"])
    return answer["result"]


def end_processes(user):
    """Ends what an account has left running, by its number: it could change what was built while that is read."""
    while True:
        left = False
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat("/proc/" + process).st_uid == user and _state("/proc/%s/stat" % process) != "Z":
                    os.kill(int(process), signal.SIGKILL)
                    left = True
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
        if not left:
            return


def _state(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read().rpartition(")")[2].split()[0]


def _answer(writer, account, home, work):
    """Never returns: the process is a copy of the module's and must not go on as one."""
    try:
        _become(account, home)
        answer = {"result": work()}
    except BaseException as error:  # pylint: disable=broad-except # whatever it is, the parent reports it
        answer = {"error": str(error) or repr(error)}
    try:
        with os.fdopen(writer, "w", encoding="utf-8") as stream:
            json.dump(answer, stream)
    finally:
        os._exit(0)


def _become(account, home):
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.umask(0o022)
    for variable in list(os.environ):
        if not KEPT.match(variable):
            del os.environ[variable]
    os.environ.update(HOME=home, USER=account.pw_name, LOGNAME=account.pw_name)
