# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/ssh, lab/trino and lab/spark-sql: to a container as the operator."""

from __future__ import annotations

import os
import shlex
import sys

from lab.host import checks, containers, settings
from lab.host.shell import Failure

KEY = settings.SECRETS / 'ssh/id_ed25519'
KNOWN_HOSTS = settings.SECRETS / 'known_hosts'


def address_of(host: str) -> str:
    known = {container.name: container.address for container in containers.known()}
    if host not in known:
        raise Failure(f"The lab has no container {host}. It has: {', '.join(sorted(known)) or 'none; run ./lab/up'}.")
    return known[host]


def ssh(host: str, command: list[str], terminal: bool) -> list[str]:
    """The command line. Several words reach the remote program as they were typed; one alone is a line for the remote shell."""
    line = command[0] if len(command) == 1 else shlex.join(command)
    return ['ssh', '-i', str(KEY), '-o', 'IdentitiesOnly=yes', '-o', f'UserKnownHostsFile={KNOWN_HOSTS}',
            '-o', 'StrictHostKeyChecking=accept-new', '-o', 'LogLevel=ERROR', *(['-t'] if terminal else []),
            f'{settings.OPERATOR}@{address_of(host)}', *([line] if command else [])]


def main(host: str, command: list[str]) -> None:
    checks.is_root(os.geteuid())
    if not KEY.exists():
        raise Failure('The lab has no key yet: run ./lab/up first.')
    argv = ssh(host, command, bool(command) and sys.stdin.isatty() and sys.stdout.isatty())
    os.execvp(argv[0], argv)
