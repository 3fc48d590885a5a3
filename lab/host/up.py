# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/up: from whatever is there to a working trial."""

from __future__ import annotations

import subprocess

from lab.host import ansible, api, checks, containers, machine, network, settings, status, template
from lab.host.shell import BOUND, Failure, Progress, only_one


STEPS = ('machine', 'mirror', 'containers', 'site')
SECRETS = ('Secrets', 'playbooks/secrets.yml')
PLAYBOOKS = {
    'machine': [],
    'mirror': [SECRETS, ('Mirror', 'playbooks/mirror.yml')],
    'containers': [SECRETS, ('Containers', 'playbooks/provision.yml')],
    'site': [SECRETS, ('Site', 'site.yml'), ('Flights of 2013', 'playbooks/demo_flights.yml')],
}


def bootstrap() -> None:
    if subprocess.run([*BOUND, settings.REPO / 'bootstrap'], check=False).returncode:
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


def main(stop_after: str) -> None:
    checks.before_up(bool(containers.monitors()))
    with only_one():
        progress = Progress()
        machine_side(progress)
        link_secrets()
        changes, answer = 0, []
        for title, playbook in PLAYBOOKS[stop_after]:
            with progress.phase(title):
                done = ansible.play(playbook, progress)
                link_secrets()
            changes, answer = changes + done.changed, done.answer
        if stop_after == STEPS[-1]:
            report(progress, changes, answer)


def report(progress: Progress, changes: int, answer: list[str]) -> None:
    print('\n' + '\n'.join(answer))
    print('\n' + status.addresses())
    print(f'Passwords: .venv/bin/ansible-vault view {settings.VAULTED_LINK.relative_to(settings.REPO)}')
    print(f"Logs:      {settings.LOG}\n")
    for title, seconds in progress.phases:
        print(f'{seconds:6.0f} s  {title}')
    print(f'{progress.elapsed():6.0f} s  in all, {changes} changes')
    print('\n' + status.memory())
