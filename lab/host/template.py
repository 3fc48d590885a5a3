# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one Debian 12 template that every container is a copy of."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.host import settings
from lab.host.shell import BOUND, run, run_shown

PACKAGES = (
    'ca-certificates', 'curl', 'dbus', 'iproute2', 'less', 'nftables', 'openssh-server', 'procps', 'python3',
    'python3-apt', 'python3-cryptography', 'sudo', 'systemd', 'systemd-sysv', 'tzdata', 'zstd',
)
# Nobody reads manuals in a trial, and a trial's disk need not survive a power cut.
DPKG_OPTIONS = (
    'path-exclude=/usr/share/doc/*', 'path-exclude=/usr/share/man/man?/*', 'path-exclude=/usr/share/locale/*',
    'force-unsafe-io',
)
# What it mounts and starts is seen by nobody else and ends with it, even when it is killed half-way.
ALONE = (*BOUND, 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc')
SCRATCH = settings.STATE / 'tmp'
CUSTOMISE = Path(__file__).with_name('customise-template')


def command(target: Path) -> list[str]:
    return [
        *ALONE, 'env', f'TMPDIR={SCRATCH}', 'mmdebstrap', '--mode=root', '--format=tar', '--variant=minbase',
        '--architectures=amd64',
        '--include=' + ','.join(PACKAGES),
        *(f'--dpkgopt={option}' for option in DPKG_OPTIONS),
        f'--customize-hook={CUSTOMISE} "$1"',
        'bookworm', str(target),
    ]


def recipe() -> str:
    """What the template is made of; another recipe means another template."""
    ingredients = '\n'.join((*PACKAGES, *DPKG_OPTIONS)) + CUSTOMISE.read_text(encoding='utf-8')
    return hashlib.sha256(ingredients.encode()).hexdigest()


def build(archive: Path, note: Callable[[str], None]) -> None:
    """Build into a file beside the final one: a template that exists is whole."""
    partial = archive.with_name('partial-' + archive.name)
    partial.unlink(missing_ok=True)
    remove_scratch()
    SCRATCH.mkdir(parents=True)
    SCRATCH.chmod(0o711)
    run_shown(command(partial), note, "The container template comes from Debian's archive: can this machine reach it?")
    partial.replace(archive)
    remove_scratch()


def remove_scratch() -> None:
    run('rm', '-rf', '--one-file-system', SCRATCH)


def up(note: Callable[[str], None]) -> None:
    archive = settings.CACHE / settings.TEMPLATE
    stamp = archive.with_suffix('.recipe')
    current = stamp.read_text(encoding='utf-8') if stamp.exists() else ''
    if not archive.exists() or current != recipe():
        settings.CACHE.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        build(archive, note)
        stamp.write_text(recipe(), encoding='utf-8')
    installed = settings.TEMPLATES / settings.TEMPLATE
    if not installed.exists() or installed.stat().st_mtime < archive.stat().st_mtime:
        settings.TEMPLATES.mkdir(parents=True, exist_ok=True)
        partial = installed.with_name('partial-' + installed.name)
        shutil.copy2(archive, partial)
        partial.replace(installed)
