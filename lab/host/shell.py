# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs, and saying what happens."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.host import settings

# Ends a long program with the command that started it, however that one ends.
BOUND = ('setpriv', '--pdeathsig', 'KILL')
ERASE = '\r\033[K'
WIDTH = 90


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
    # Anybody may make names in that folder: a link there leads root to no file of another's.
    try:
        handle = os.open(settings.LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise Failure(f'{settings.LOCK} is a link, and the lab makes a file there: remove it.') from None
    with os.fdopen(handle) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure('Another lab command is at work on this machine: wait until it ends.') from None
        yield


def run_shown(argv: list[str], note: Callable[[str], None], remedy: str) -> None:
    """Run a program that takes a while; each of its lines is shown as it comes."""
    said: list[str] = []
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace') as process:
        for line in process.stdout:
            said.append(line.rstrip())
            note(said[-1])
    if process.returncode:
        raise Failure('\n'.join([f'{argv[0]} ended with {process.returncode}. {remedy}', *said[-20:]]))


class Progress:
    """One line for each step. What goes on inside a step is one redrawn line on a terminal, and elsewhere
    a line every half minute, so that a log shows that something still moves."""

    QUIET_SECONDS = 30

    def __init__(self) -> None:
        self.begin = self.printed = time.monotonic()
        self.phases: list[tuple[str, float]] = []
        self.live = sys.stdout.isatty()
        self.current = ''
        threading.Thread(target=self._tick, daemon=True).start()

    def elapsed(self) -> float:
        return time.monotonic() - self.begin

    @contextlib.contextmanager
    def phase(self, title: str) -> Iterator[None]:
        start = time.monotonic()
        self.say(title)
        yield
        self.current = ''
        self.phases.append((title, time.monotonic() - start))

    def say(self, text: str) -> None:
        print(f'{ERASE if self.live else ""}{self.elapsed():6.0f} s  {text}', flush=True)
        self.printed = time.monotonic()
        self.current = ''

    def detail(self, text: str) -> None:
        self.current = text

    def _tick(self) -> None:
        while True:
            time.sleep(1)
            text = self.current
            if text and self.live:
                print(f'{ERASE}{self.elapsed():6.0f} s    {text[:WIDTH]}', end='\r', flush=True)
            elif text and time.monotonic() - self.printed > self.QUIET_SECONDS:
                print(f'{self.elapsed():6.0f} s    {text}', flush=True)
                self.printed = time.monotonic()
