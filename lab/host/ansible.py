# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks on the trial: all of their words into a log, the gist on the terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from lab.host import settings
from lab.host.shell import BOUND, Failure, Progress

HEADING = re.compile(r'^(PLAY|TASK|RUNNING HANDLER|PLAY RECAP)(?: \[(.*)\])? \**$')
RECAP = re.compile(r'^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)')
COUNTED = re.compile(r'^(?:ok|changed): \[.*\] => \(item=(\d+ of \d+: .+)\)\s*$')  # of a loop that says how far it is
ANSWER = re.compile(r'^    - (.+)$')  # a list that a task shows; only the demo does
TAIL_LINES = 60


class Reader:
    """Follows ansible-playbook's output: what runs now, what failed, how much changed."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task: list[str] = []
        self.name = ''
        self.failed: list[str] = []
        self.changed = 0
        self.answer: list[str] = []

    def line(self, text: str) -> None:
        heading = HEADING.match(text)
        if heading:
            kind, name = heading.groups()
            self.task, self.name = [], name
            if kind == 'PLAY':
                self.progress.say(f'  {name}')
            elif name:
                self.progress.detail(name)
        self.task.append(text)
        counted = COUNTED.match(text)
        if counted:
            self.progress.detail(f'{self.name}: {counted[1]}')
        answer = ANSWER.match(text)
        if answer:
            self.answer.append(answer[1])
        if text.startswith(('fatal:', 'failed:', 'ERROR!', '[ERROR]')):
            self.failed = self.task
        recap = RECAP.match(text)
        if recap:
            self.changed += int(recap[3])


def strategy() -> dict[str, str]:
    """What makes Ansible keep one interpreter on each container: three times as fast, where it is installed.

    By lab/strategy: on two or three processors Mitogen itself would put Ansible's processes, and all that a playbook starts
    (the containers among it), on what is left after the first.
    """
    found = any(settings.REPO.glob('.venv/lib/python3*/site-packages/ansible_mitogen'))
    return {'ANSIBLE_STRATEGY_PLUGINS': str(settings.REPO / 'lab/strategy'), 'ANSIBLE_STRATEGY': 'mitogen_linear',
            'ANSIBLE_DEPRECATION_WARNINGS': '0'} if found else {}


def environment() -> dict[str, str]:
    venv = settings.REPO / '.venv/bin'
    mine = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
    return {**mine, **strategy(), 'ANSIBLE_CONFIG': str(settings.REPO / 'ansible.cfg'), 'LC_ALL': 'C.UTF-8',
            'PATH': f"{venv}:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}",
            'ANSIBLE_FORCE_COLOR': '0', 'ANSIBLE_NOCOLOR': '1'}


def problems() -> list[str]:
    """What playbooks/status.yml finds not to be well."""
    log, said = settings.LOG / 'status.log', settings.LOG / 'status.json'
    said.unlink(missing_ok=True)
    argv = [*BOUND, str(settings.REPO / '.venv/bin/ansible-playbook'), '-i', str(settings.INVENTORY), 'playbooks/status.yml',
            '-e', f'status_file={said}']
    with log.open('w', encoding='utf-8') as out:
        subprocess.run(argv, cwd=settings.REPO, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False)
    if not said.exists():
        return [f'playbooks/status.yml could not tell; all it said is in {log}']
    return json.loads(said.read_text(encoding='utf-8'))['problems']


def play(playbook: str, progress: Progress) -> Reader:
    """Run one playbook; what was read of it."""
    log = settings.LOG / f'{Path(playbook).stem}.log'
    argv = [*BOUND, str(settings.REPO / '.venv/bin/ansible-playbook'), '-i', str(settings.INVENTORY), playbook]
    reader = Reader(progress)
    with log.open('w', encoding='utf-8') as out, subprocess.Popen(
            argv, cwd=settings.REPO, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace') as process:
        for text in process.stdout:
            out.write(text)
            out.flush()
            reader.line(text.rstrip('\n'))
    if process.returncode:
        words = '\n'.join((reader.failed or reader.task)[-TAIL_LINES:])
        raise Failure(f'{playbook} failed. All it said is in {log}; the failing task:\n{words}')
    return reader
