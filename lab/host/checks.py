# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before the lab changes anything. Each check says what is wrong and what to do."""

from __future__ import annotations

import ipaddress
import json
import os
import platform
import shutil
from pathlib import Path

from lab.host import settings
from lab.host.shell import Failure, run


def is_root(uid: int) -> None:
    if uid != 0:
        raise Failure('The lab makes containers and a bridge, which only root may do: run this command as root.')


def is_debian_12(os_release: str, machine: str) -> None:
    facts = dict(line.split('=', 1) for line in os_release.splitlines() if '=' in line)
    system = facts.get('ID', '?').strip('"'), facts.get('VERSION_ID', '?').strip('"')
    if system != ('debian', '12'):
        raise Failure(f"The lab is made for Debian 12; this machine has {' '.join(system)}. "
                      'Run it on a machine (a virtual one will do) with Debian 12.')
    if machine != 'x86_64':
        raise Failure(f'The lab is made for amd64 machines; this one is {machine}.')


def enough_memory(meminfo: str, need_mib: int) -> None:
    kib = {line.split(':')[0]: int(line.split()[1]) for line in meminfo.splitlines() if ':' in line}
    have_mib = kib['MemAvailable'] // 1024
    if have_mib < need_mib:
        raise Failure(f'The lab needs {need_mib} MiB of memory; {have_mib} MiB are available, '
                      f'so {need_mib - have_mib} MiB are missing. End other programs or give the machine more.')


def enough_disk(folder: Path, free_bytes: int, need_gib: int) -> None:
    missing = need_gib - free_bytes / 2**30
    if missing > 0:
        raise Failure(f'The lab needs {need_gib} GiB free at {folder}; {missing:.1f} GiB are missing. '
                      'Free some space there (LAKEHOUSE_LAB_CACHE may point the cache to another disk).')


def subnet_is_ours(routes: list[dict[str, str]]) -> None:
    for route in routes:
        if route['dst'] == 'default' or route.get('dev') == settings.BRIDGE:
            continue
        if ipaddress.ip_network(route['dst'], strict=False).overlaps(settings.NETWORK):
            way = ' '.join(f'{word} {route[word]}' for word in ('via', 'gateway', 'dev') if word in route)
            raise Failure(f"The lab's subnet {settings.NETWORK} is already routed elsewhere: {route['dst']} {way}. "
                          'Remove that route (ip route), or use a machine outside that network.')


def existing(folder: Path) -> Path:
    """The nearest folder above that exists, to ask its disk."""
    return folder if folder.exists() else existing(folder.parent)


def before_up(containers_running: bool) -> None:
    """Every check of `lab/up`, on this machine as it is."""
    is_root(os.geteuid())
    is_debian_12(Path('/etc/os-release').read_text(encoding='utf-8'), platform.machine())
    if not containers_running:
        enough_memory(Path('/proc/meminfo').read_text(encoding='utf-8'), settings.MEMORY_MIB)
    held = 'lab' if containers_running else 'cache' if settings.CACHE.exists() else 'nothing'
    for folder in (settings.STATE, settings.CACHE):
        enough_disk(folder, shutil.disk_usage(existing(folder)).free, settings.DISK_GIB[held])
    if shutil.which('ip'):
        routes()


def routes() -> None:
    subnet_is_ours(json.loads(run('ip', '-4', '-json', 'route', 'show', 'table', 'all').stdout or '[]'))
