# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/down: leaves nothing of the lab, however much of it is there."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil

from lab.host import api, checks, containers, daemon, machine, network, settings
from lab.host.shell import only_one, run


def main(keep_cache: bool) -> None:
    checks.is_root(os.geteuid())
    with only_one():
        api.down()
        containers.stop_all()
        daemon.stop(settings.MIRROR_PID, 'nginx')
        network.down()
        containers.unmount_all()
        machine.down()
        remove()
        if not keep_cache:
            shutil.rmtree(settings.CACHE, ignore_errors=True)
        settings.LOCK.unlink(missing_ok=True)
    kept = f' The cache stays in {settings.CACHE}.' if keep_cache and settings.CACHE.exists() else ''
    print(f'The lab is gone.{kept}')


def remove() -> None:
    """The files; never through a mount that could not be ended."""
    for link in (settings.SECRETS_LINK, settings.VAULTED_LINK):
        if link.is_symlink():
            link.unlink()
    run('rm', '-rf', '--one-file-system', settings.STATE, settings.MIRROR_CONFIG)
    with contextlib.suppress(OSError):  # not there, or in use by something else
        settings.MIRROR_CONFIG.parent.rmdir()
    with contextlib.suppress(KeyError):
        pwd.getpwnam(settings.MIRROR_BUILDER)
        run('userdel', settings.MIRROR_BUILDER)
