# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs, and saying what happens."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lab.host import settings


class Failure(Exception):
    """Something a person has to know; its text names the remedy."""


def run(*argv: str | Path, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program quietly; when it fails, its own words become the failure."""
    done = subprocess.run([str(arg) for arg in argv], input=stdin, capture_output=True, text=True, check=False)
    if check and done.returncode:
        words = '\n'.join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise Failure(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{words}")
    return done


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Keep two commands from changing the lab at once."""
    with settings.LOCK.open('w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure('Another lab command is at work on this machine: wait until it ends.') from None
        yield


class Progress:
    """One line for each step, with the seconds it took; on a terminal the running one is redrawn."""

    def __init__(self) -> None:
        self.begin = time.monotonic()
        self.phases: list[tuple[str, float]] = []
        self.live = sys.stdout.isatty()

    def elapsed(self) -> float:
        return time.monotonic() - self.begin

    @contextlib.contextmanager
    def phase(self, title: str) -> Iterator[None]:
        start = time.monotonic()
        self.say(title)
        yield
        self.phases.append((title, time.monotonic() - start))

    def say(self, text: str) -> None:
        self._clear()
        print(f'{self.elapsed():6.0f} s  {text}', flush=True)

    def detail(self, text: str) -> None:
        """What is going on inside a step: worth a redrawn line, not a line of its own."""
        if self.live:
            self._clear()
            print(f'{self.elapsed():6.0f} s    {text[:90]}', end='\r', flush=True)

    def _clear(self) -> None:
        if self.live:
            print('\033[K', end='')
