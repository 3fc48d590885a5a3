# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background programs of the lab. They outlive the command that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path


def command_line(pid: int) -> str:
    try:
        return Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
    except OSError:
        return ''


def pid_of(pid_file: Path, mark: str) -> int | None:
    """The process of a pid file, unless the number belongs to something else by now."""
    try:
        pid = int(pid_file.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return pid if mark in command_line(pid) else None


def alive(pid_file: Path, mark: str) -> bool:
    return pid_of(pid_file, mark) is not None


def start(argv: list[str], pid_file: Path, log: Path, folder: Path) -> subprocess.Popen:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                                   start_new_session=True)
    pid_file.write_text(f'{process.pid}\n', encoding='utf-8')
    return process


def stop(pid_file: Path, mark: str, patience: float = 10) -> None:
    pid = pid_of(pid_file, mark)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while mark in command_line(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def tail(log: Path, lines: int = 30) -> str:
    try:
        return '\n'.join(log.read_text(encoding='utf-8', errors='replace').splitlines()[-lines:])
    except OSError:
        return '(no log)'
