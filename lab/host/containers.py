# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's containers as LXC itself knows them, for when nobody answers at the API."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import NamedTuple

from lab.host import settings
from lab.host.shell import run

MONITOR = re.compile(rb'^\[lxc monitor\] (\S+) (\S+)')
CGROUPS = Path('/sys/fs/cgroup')


class Monitor(NamedTuple):
    pid: int
    folder: Path
    name: str


def monitors() -> list[Monitor]:
    """One process of LXC watches over each running container; its name tells which."""
    found = []
    for cmdline in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            match = MONITOR.match(cmdline.read_bytes())
        except OSError:
            continue
        if match and Path(match[1].decode()).is_relative_to(settings.STATE):
            found.append(Monitor(int(cmdline.parent.name), Path(match[1].decode()), match[2].decode()))
    return found


def stop_all() -> None:
    """End every container of the lab, whatever state it is in."""
    for monitor in monitors():
        run('lxc-stop', '-k', '-P', monitor.folder, '-n', monitor.name, check=False)
    for monitor in monitors():
        os.kill(monitor.pid, signal.SIGKILL)
    remove_cgroups()


def remove_cgroups() -> None:
    """A monitor that was killed leaves its groups behind; only empty ones can be removed."""
    names = {folder.name for folder in (settings.STATE / 'lxc').glob('*')}
    for kind in ('payload', 'monitor'):
        for name in names:
            for top in CGROUPS.glob(f'**/lxc.{kind}.{name}'):
                for group in [*sorted(top.rglob('*/'), reverse=True), top]:
                    if group.is_dir():
                        try:
                            group.rmdir()
                        except OSError:
                            pass


def resident_bytes(init: int) -> int:
    """Memory that the processes of a container hold, without the page cache that the kernel lends them."""
    groups = dict(line.split(':', 2)[1:] for line in Path(f'/proc/{init}/cgroup').read_text(encoding='utf-8').splitlines())
    if 'memory' in groups:
        folder, key = CGROUPS / 'memory' / payload(groups['memory']), 'total_rss'
    else:
        folder, key = CGROUPS / payload(groups['']), 'anon'
    stat = dict(line.split() for line in (folder / 'memory.stat').read_text(encoding='utf-8').splitlines())
    return int(stat[key])


def payload(group: str) -> str:
    """The container's own group: init may sit deeper, in one that systemd made."""
    parts = group.strip('/').split('/')
    depth = next((at for at, part in enumerate(parts) if part.startswith('lxc.payload')), len(parts) - 1)
    return '/'.join(parts[:depth + 1])


def init_pid(monitor: Monitor) -> int | None:
    said = run('lxc-info', '-P', monitor.folder, '-n', monitor.name, '-pH', check=False).stdout.strip()
    return int(said) if said.isdigit() and int(said) > 0 else None


def mounts() -> list[Path]:
    """What is mounted below the lab's state, deepest first."""
    lines = Path('/proc/self/mounts').read_text(encoding='utf-8').splitlines()
    below = [Path(line.split()[1].replace('\\040', ' ')) for line in lines]
    return sorted((path for path in below if path.is_relative_to(settings.STATE)), reverse=True)


def unmount_all() -> None:
    for path in mounts():
        run('umount', path, check=False)
    for line in run('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE', check=False).stdout.splitlines():
        device, _space, file = line.partition(' ')
        if file.strip().startswith(f'{settings.STATE}/'):
            run('losetup', '--detach', device, check=False)
    deadline = time.monotonic() + 10
    while mounts() and time.monotonic() < deadline:
        time.sleep(0.2)
        for path in mounts():
            run('umount', '--lazy', path, check=False)
