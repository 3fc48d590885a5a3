# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine itself has to have: Debian's packages, a range of user ids, lxcfs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lab.host import daemon, settings
from lab.host.shell import Failure, run, run_shown

LXCFS = Path('/var/lib/lxcfs')
LXCFS_PID = settings.STATE / 'lxcfs.pid'
RANGE = f'root:{settings.ID_FIRST}:{settings.ID_COUNT}'
ID_FILES = (Path('/etc/subuid'), Path('/etc/subgid'))


def missing_packages() -> list[str]:
    known = run('dpkg-query', '-W', '-f', '${db:Status-Status} ${Package}\n', *settings.DEBIAN_PACKAGES, check=False)
    installed = {line.split()[1] for line in known.stdout.splitlines() if line.startswith('installed ')}
    return [name for name in settings.DEBIAN_PACKAGES if name not in installed]


def packages(note: Callable[[str], None]) -> None:
    missing = missing_packages()
    if not missing:
        return
    quiet = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8']
    apt = [*quiet, 'apt-get', '-qy', '-o', 'DPkg::Lock::Timeout=300']
    remedy = "Debian's packages could not be installed: see that apt-get update works on this machine."
    run_shown([*quiet, 'dpkg', '--configure', '-a'], note, remedy)  # an installation that was broken off
    run_shown([*apt, 'update'], note, remedy)
    run_shown([*apt, 'install', '--no-install-recommends', *missing], note, remedy)


def folders() -> None:
    """The containers' root is a plain user here: it must pass through every folder above its files."""
    settings.STATE.mkdir(parents=True, exist_ok=True)
    settings.STATE.chmod(0o711)
    settings.LOG.mkdir(exist_ok=True)
    for folder in settings.STATE.parents:
        if not folder.stat().st_mode & 0o001:
            raise Failure(f'Containers must pass through {folder}, but it is closed to others: chmod o+x {folder}')


def user_ids() -> None:
    """Give root the range of the containers, and remember that the line is ours."""
    for file in ID_FILES:
        lines = file.read_text(encoding='utf-8').splitlines() if file.exists() else []
        if RANGE not in lines:
            file.write_text('\n'.join([*lines, RANGE]) + '\n', encoding='utf-8')
            (settings.STATE / f'added-to-{file.name}').touch()


def lxcfs_serves() -> bool:
    """Being mounted is not enough: so is what a killed one left."""
    return os.access(LXCFS / 'proc/meminfo', os.R_OK)


def lxcfs() -> None:
    """Containers see their own memory and cores through lxcfs. Where systemd runs, it has started it."""
    if lxcfs_serves():
        return
    lxcfs_down()
    LXCFS.mkdir(parents=True, exist_ok=True)
    log = settings.LOG / 'lxcfs.log'
    process = daemon.start(['/usr/bin/lxcfs', str(LXCFS)], LXCFS_PID, log, settings.STATE)
    deadline = time.monotonic() + 10
    while not lxcfs_serves():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f'lxcfs did not start; the end of {log}:\n{daemon.tail(log)}')
        time.sleep(0.05)


def lxcfs_down() -> None:
    """End the one that we started. One that was killed leaves a dead mount."""
    daemon.stop(LXCFS_PID, 'lxcfs')
    if not lxcfs_serves():
        run('umount', '--lazy', LXCFS, check=False)


def up(note: Callable[[str], None]) -> None:
    packages(note)
    folders()
    user_ids()
    lxcfs()


def take_back_user_ids() -> None:
    for file in ID_FILES:
        if (settings.STATE / f'added-to-{file.name}').exists():
            rest = [line for line in file.read_text(encoding='utf-8').splitlines() if line != RANGE]
            file.write_text(''.join(f'{line}\n' for line in rest), encoding='utf-8')


def down() -> None:
    lxcfs_down()
    take_back_user_ids()
