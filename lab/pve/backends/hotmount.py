# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts a volume in a running container. Runs as a process of its own, since it enters the container for good.

A plain bind mount cannot cross from one mount namespace into another; a detached copy of the mount can (open_tree and
move_mount, which the C library of Debian 12 has no Python names for).
"""

import ctypes
import os
import subprocess
import sys

from ..errors import Die

OPEN_TREE, MOVE_MOUNT = 428, 429
AT_FDCWD = -100
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, CLONE_NEWNS = 1, 4, 0x20000
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(pid, volume, target, owner):
    """Called by the server: volume (a folder of the host) onto target (a path of the container with this init)."""
    done = subprocess.run([sys.executable, "-m", __name__, str(pid), str(volume), target, str(owner)], text=True,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Die("mounting '%s' in the running container failed: %s" % (target, done.stderr.strip()))


def _call(*arguments):
    result = LIBC.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _enter_and_mount(pid, volume, target, owner):
    tree = _call(OPEN_TREE, AT_FDCWD, volume.encode(), OPEN_TREE_CLONE)
    root = os.open("/proc/%s/root" % pid, os.O_PATH | os.O_DIRECTORY)
    namespace = os.open("/proc/%s/ns/mnt" % pid, os.O_RDONLY)
    if LIBC.setns(namespace, CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.fchdir(root)
    os.chroot(".")
    os.setegid(owner)       # the mount point belongs to the container's root
    os.seteuid(owner)
    os.makedirs(target, exist_ok=True)
    os.seteuid(0)
    _call(MOVE_MOUNT, tree, b"", AT_FDCWD, target.encode(), MOVE_MOUNT_F_EMPTY_PATH)


if __name__ == "__main__":
    try:
        _enter_and_mount(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    except OSError as err:
        sys.exit(str(err))
