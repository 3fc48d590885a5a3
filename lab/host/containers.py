# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's containers as LXC itself knows them, for when nobody answers at the API."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path
from typing import NamedTuple

from lab.host import settings
from lab.host.shell import run
from lab.pve import guestconf

MONITOR = re.compile(rb'\[lxc monitor\] ([^\s\0]+) ([^\s\0]+)')
CGROUPS = Path('/sys/fs/cgroup')


class Monitor(NamedTuple):
    """The process of LXC that watches over one running container."""

    pid: int
    folder: Path
    name: str


class Container(NamedTuple):
    """A container of the lab, as its configuration file describes it."""

    vmid: str
    name: str
    address: str
    memory_mib: int

    @property
    def init(self) -> int | None:
        """The host's number of the container's first process; None when it does not run."""
        return next((init_pid(monitor) for monitor in monitors() if monitor.name == self.vmid), None)

    def disk_bytes(self) -> int:
        volumes = list((settings.STATE / 'storage').glob(f'*/images/*-{self.vmid}-disk-*'))
        if not volumes:
            return 0
        # Files come and go while they are counted: du's complaints about that say nothing.
        said = run('du', '--summarize', '--block-size=1', '--one-file-system', *volumes, check=False).stdout
        return sum(int(line.split()[0]) for line in said.splitlines())


def known() -> list[Container]:
    """Every container that the API has made, running or not."""
    found = []
    for file in sorted(settings.GUESTS.glob('*.conf')):
        conf = guestconf.parse(file.read_text(encoding='utf-8')).current
        address = re.search(r'(?:^|,)ip=([0-9.]+)', conf.get('net0', ''))
        found.append(Container(file.stem, conf.get('hostname', file.stem).partition('.')[0],
                               address[1] if address else '', int(conf.get('memory', 0))))
    return found


def monitors() -> list[Monitor]:
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
    names = {container.vmid for container in known()}
    for monitor in monitors():
        names.add(monitor.name)
        run('lxc-stop', '-k', '-P', monitor.folder, '-n', monitor.name, check=False)
    for monitor in monitors():
        os.kill(monitor.pid, signal.SIGKILL)
    for name in names:
        remove_groups(name)


def remove_groups(name: str) -> None:
    """A monitor that was killed leaves its control groups behind. The kernel removes only empty ones."""
    for kind in ('payload', 'monitor'):
        for top in (*CGROUPS.glob(f'**/lxc.{kind}.{name}'), *CGROUPS.glob(f'**/lxc.{kind}.{name}-[0-9]*')):
            for folder, _folders, _files in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


def resident_bytes(init: int) -> int:
    """Memory that the processes of a container hold, without the page cache that the kernel lends them."""
    lines = Path(f'/proc/{init}/cgroup').read_text(encoding='utf-8').splitlines()
    groups = dict(line.split(':', 2)[1:] for line in lines)
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


def listens(container: Container, port: int) -> bool:
    init = container.init
    return init is not None and bool(
        run('nsenter', '--net', '--target', str(init), 'ss', '-Htln', f'sport = :{port}').stdout)


def releases(init: int) -> dict[str, str]:
    """What is deployed in a running container, by the links that say which version is in use."""
    links = [link for link in Path(f'/proc/{init}/root/opt/datalake').glob('*') if link.is_symlink()]
    return {link.name: link.readlink().name.removeprefix(f'{link.name}-') for link in sorted(links)}


def mounts() -> list[Path]:
    """What is mounted below the lab's state, deepest first."""
    lines = Path('/proc/self/mounts').read_text(encoding='utf-8').splitlines()
    below = [Path(line.split()[1].replace('\\040', ' ')) for line in lines]
    return sorted((path for path in below if path.is_relative_to(settings.STATE)), reverse=True)


def unmount_all() -> None:
    for path in mounts():
        run('umount', '--lazy', path)
    for line in run('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE', check=False).stdout.splitlines():
        device, _space, file = line.partition(' ')
        if file.strip().startswith(f'{settings.STATE}/'):
            run('losetup', '--detach', device, check=False)
