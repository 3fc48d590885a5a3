# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/up: from whatever is there to a working trial."""

from __future__ import annotations

import subprocess

from lab.host import ansible, api, checks, containers, machine, network, settings, status, template
from lab.host.shell import Failure, Progress, only_one


def bootstrap() -> None:
    if subprocess.run([settings.REPO / 'bootstrap'], check=False).returncode:
        raise Failure('./bootstrap failed, see above.')


def link_secrets() -> None:
    """The trial's secrets live with its state; this checkout reaches them through two links."""
    settings.SECRETS.mkdir(mode=0o700, exist_ok=True)
    vaulted = settings.SECRETS / 'secrets.yml'
    link(settings.SECRETS_LINK, settings.SECRETS, True)
    link(settings.VAULTED_LINK, vaulted, vaulted.exists())


def link(place, target, wanted: bool) -> None:
    if place.is_symlink() and (not wanted or place.readlink() != target):
        place.unlink()
    if wanted and not place.is_symlink():
        place.symlink_to(target)


def machine_side(progress: Progress) -> None:
    """Everything that the playbooks need of this machine; each step repairs what it finds."""
    with progress.phase('Packages of this machine'):
        machine.up(progress.detail)
    with progress.phase("Controller's tools"):
        bootstrap()
    with progress.phase('Bridge and fence'):
        checks.routes()
        network.up()
    with progress.phase('Container template'):
        template.up(progress.detail)
    with progress.phase('Proxmox-compatible API'):
        api.up()


def main(host_only: bool = False) -> None:
    checks.before_up(bool(containers.monitors()))
    with only_one():
        progress = Progress()
        machine_side(progress)
        link_secrets()
        if host_only:
            return
        changes = 0
        for title, playbook in (('Secrets', 'playbooks/secrets.yml'), ('Site', 'site.yml'),
                                ('Flights of 2013', 'playbooks/demo_flights.yml')):
            with progress.phase(title):
                changes += ansible.play(playbook, progress)
                link_secrets()
        report(progress, changes)


def report(progress: Progress, changes: int) -> None:
    print('\n' + status.addresses())
    print(f'Passwords: .venv/bin/ansible-vault view {settings.VAULTED_LINK.relative_to(settings.REPO)}')
    print(f"Logs:      {settings.LOG}\n")
    for title, seconds in progress.phases:
        print(f'{seconds:6.0f} s  {title}')
    print(f'{progress.elapsed():6.0f} s  in all, {changes} changes')
    print('\n' + status.memory())
