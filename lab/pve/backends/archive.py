# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of containers: tar archives, as Proxmox VE's vzdump writes them.

The configuration comes first, then the root file system, then each mount point below its path: an archive of its own
each, one after another in one file, which tar reads as one (--ignore-zeros) and compressors do, too. So no volume need
be mounted into another, and no link that a container's root has set leads out of its own files: tar runs as that root.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from ..errors import Die
from .rootfs import AS_CONTAINER

CONFIG = "./etc/vzdump/pct.conf"
PACK = {".zst": ["--zstd"], ".gz": ["--gzip"], ".tar": []}
KEEP = ["--numeric-owner", "--sparse", "--acls", "--xattrs", "--xattrs-include=security.capability", "--totals"]


def _tar(path, *arguments):
    return ["tar", *PACK[Path(path).suffix], "-f", "-", *arguments]


def _renamed(old, new):
    """Names, and the targets of hard links, moved from one folder to another; symbolic links stay as they are."""
    return "--transform=s,^%s,%s,S" % (re.sub(r"([\\.*^$\[\]])", r"\\\1", old), re.sub(r"([\\&])", r"\\\1", new))


def _inside(path):
    """./var/lib/kafka of /var/lib/kafka/, and a dot of the root."""
    return "./" + path.strip("/") if path.strip("/") else "."


def write(task, target, name, config, trees):
    """`trees` is [(path in the container, folder)], the root first; `name` says how the archive is packed."""
    with open(target, "wb") as out, tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / CONFIG
        file.parent.mkdir(parents=True)
        file.write_text(config)
        task.run(_tar(name, "-c", "-C", scratch, CONFIG), stdout=out)
        for path, folder in trees:
            task.run([*AS_CONTAINER, *_tar(name, "-c", *KEEP, "-C", str(folder), _renamed(".", _inside(path)), ".")],
                     stdout=out)


def config(path):
    """The configuration's text; it is the first file, so no more than that is read."""
    with open(path, "rb") as handle:
        done = subprocess.run(_tar(path, "-x", "-O", "--occurrence=1", CONFIG), stdin=handle, text=True,
                              capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise Die("unable to read the configuration of '%s'" % path)
    return done.stdout


def read(task, path, trees):
    """Each folder from its part of the archive; the root's without what belongs to the others."""
    others = [_inside(place) for place, _folder in trees if _inside(place) != "."]
    task.log("extracting archive '%s'" % path)
    for place, folder in trees:
        place = _inside(place)
        skipped = [CONFIG, *("%s/*" % other for other in others if other != place and not place.startswith(other + "/"))]
        with open(path, "rb") as handle:
            task.run([*AS_CONTAINER, *_tar(path, "-x", "-p", "--ignore-zeros", *KEEP, "-C", str(folder), "--anchored",
                                           *("--exclude=" + name for name in skipped), _renamed(place, "."), place)],
                     stdin=handle)
