# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages, the names of their volumes and files, and who may use them."""

import re
import threading
import time

from . import formats
from .errors import ApiError, Die, ParameterError

FILE = "storage.json"
FOLDERS = {"vztmpl": "template/cache", "backup": "dump", "iso": "template/iso", "snippets": "snippets"}
GIB = 1 << 30
NEW_DISK = re.compile(r"([^:\s]+):(\d+(?:\.\d+)?)")
CONTENTS = ("backup", "images", "import", "iso", "none", "rootdir", "snippets", "vztmpl")


def split_volid(volid):
    storage, colon, name = volid.partition(":")
    if not colon or not name:
        raise Die("unable to parse volume ID '%s'" % volid)
    return storage, name


def mount_type(volume):
    """volume, bind or device, as the first part of a mount point says."""
    if volume.startswith("/dev/"):
        return "device"
    return "bind" if volume.startswith("/") else "volume"


class Storages:
    """Definitions (`config`) and the register of volumes (`volumes`: volid -> size, vmid, ...)."""

    def __init__(self, files, backend, defaults, clock=time.time):
        self.files = files
        self.backend = backend
        self.clock = clock
        self.lock = threading.RLock()
        stored = files.read_json(FILE, {"config": defaults, "volumes": {}})
        self.config = stored["config"]
        self.volumes = stored["volumes"]

    def save(self):
        self.files.write_json(FILE, {"config": self.config, "volumes": self.volumes})

    # ---- definitions

    def get(self, name):
        if name not in self.config:
            raise Die("storage '%s' does not exist" % name)
        return self.config[name]

    def holds(self, name, content):
        return content in self.get(name)["content"].split(",")

    def check_rootdir(self, name):
        if not self.holds(name, "rootdir"):         # create-034
            raise ParameterError({"storage": "storage '%s' does not support container directories" % name})

    def can_snapshot(self, name):
        return self.get(name)["type"] in ("btrfs", "zfspool")

    # ---- volumes of containers

    def _volume_name(self, kind, vmid, number, size):
        if kind == "zfspool":
            return "subvol-%s-disk-%d" % (vmid, number)
        if size:
            return "%s/vm-%s-disk-%d.raw" % (vmid, vmid, number)
        return "%s/subvol-%s-disk-%d.subvol" % (vmid, vmid, number)

    def parse(self, volid):
        """(storage, name) of a legal volume id; raises as the storage's plug-in does (create-007)."""
        storage, name = split_volid(volid)
        kind = self.get(storage)["type"]
        if kind == "zfspool":
            if not re.fullmatch(r"(subvol|basevol)-\d+-\S+", name):
                raise Die("unable to parse zfs volume name '%s'" % name)
        elif not re.fullmatch(r"\d+/(vm|base|subvol|basevol)-\d+-\S+\.(raw|subvol)", name):
            raise Die("unable to parse directory volume name '%s'" % name)
        return storage, name

    def allocate(self, storage, vmid, size, unprivileged=True):
        """Make a volume; returns its id. Names count up per guest and storage; sizes are whole blocks (misc-008)."""
        size -= size % 4096
        with self.lock:
            kind = self.get(storage)["type"]
            taken = {int(match[1]) for volid, entry in self.volumes.items()
                     if entry["vmid"] == int(vmid) and volid.startswith(storage + ":")
                     for match in [re.search(r"-disk-(\d+)", volid)] if match}
            number = next(n for n in range(len(taken) + 1) if n not in taken)
            volid = "%s:%s" % (storage, self._volume_name(kind, vmid, number, size))
            self.check_space(volid, size)
            self.backend.create_volume(volid, size, unprivileged)
            self.volumes[volid] = {"vmid": int(vmid), "size": size, "ctime": int(self.clock()),
                                   "format": "subvol" if "subvol" in volid else "raw"}
            self.save()
        return volid

    def check_space(self, volid, size, verb="create"):
        """A volume may not be larger than all of its storage; the text is the image tool's (put-stopped-132)."""
        storage, name = split_volid(volid)
        if size <= self.backend.space(storage)[0]:
            return
        path = "%s/images/%s" % (self.path(storage), name)
        if verb == "resize":
            raise Die("command '/usr/bin/qemu-img resize '--preallocation=off' -f raw %s %d' failed: exit code 1"
                      % (path, size))
        raise Die("unable to create image: qemu-img: %s: The image size is too large for file format 'raw'" % path)

    def free(self, volid):
        with self.lock:
            if self.volumes.pop(volid, None) is not None:
                self.save()
            self.backend.delete_volume(volid)

    def resize(self, volid, size):
        with self.lock:
            self.volumes[volid]["size"] = size
            self.save()

    def size(self, volid):
        entry = self.volumes.get(volid)
        return entry["size"] if entry else None

    def of_guest(self, vmid):
        return [volid for volid, entry in self.volumes.items() if entry["vmid"] == int(vmid)]

    # ---- files

    def path(self, storage, content=None, name=None):
        parts = [self.get(storage).get("path", "/" + self.get(storage).get("pool", storage))]
        if content:
            parts.append(FOLDERS[content])
        return "/".join(parts + ([name] if name else []))

    def file(self, volid):
        """(storage, content, name) of a file's volume id, None when it names no file."""
        match = re.fullmatch(r"([^:]+):(vztmpl|backup|iso|snippets)/([^/]+)", volid)
        return match.groups() if match else None

    def has_file(self, storage, content, name):
        return any(found == name for found, _size, _ctime in self.backend.list_files(storage, content))

    def content(self, storage, wanted=None, vmid=None):
        """What the storage holds, as the content list shows it."""
        self.get(storage)
        found = []
        for content in FOLDERS:
            if wanted in (None, content) and self.holds(storage, content):
                found += [_file_entry(storage, content, *entry) for entry in
                          self.backend.list_files(storage, content)]
        for volid, entry in sorted(self.volumes.items()):
            if volid.startswith(storage + ":") and wanted in (None, "rootdir"):
                found.append({"volid": volid, "content": "rootdir", **entry})
        return [entry for entry in found if vmid is None or entry.get("vmid") == int(vmid)]

    # ---- rights

    def check_access(self, call, volid, vmid, content):
        """May the caller use this volume (a template, a backup, a disk) for the guest `vmid`?"""
        storage, name = split_volid(volid)
        self.get(storage)
        place = "/storage/" + storage
        if call.allowed(place, "Datastore.Allocate"):
            return
        if content in ("vztmpl", "iso"):
            call.require(place, "Datastore.AllocateSpace", "Datastore.Audit", any_of=True)
            return
        if content == "backup":
            call.require(place, "Datastore.AllocateSpace")
            call.require("/vms/%s" % backup_owner(name), "VM.Backup")
            return
        self.parse(volid)
        owner = re.search(r"-(\d+)-", name)[1]
        if vmid is None or owner != str(vmid):      # another guest's disk needs rights on that guest (put-volumes-033)
            call.require(place, "Datastore.Audit")
            call.require("/vms/" + owner, "VM.Config.Disk")


def backup_owner(name):
    """The guest that a backup is of, by the file's name; None when it says none."""
    match = re.search(r"(?:^|/)vzdump-lxc-(\d+)-", name)
    return match and match[1]


def _file_entry(storage, content, name, size, ctime):
    kind = re.search(r"\.(tar\.gz|tgz|tar\.zst|tar\.xz|tar|vma\.zst|iso)$", name)
    short = {"tar.gz": "tgz", "tar.zst": "tzst", "tar.xz": "txz"} if content != "backup" else {}
    entry = {"volid": "%s:%s/%s" % (storage, content, name), "content": content, "size": size, "ctime": ctime,
             "format": short.get(kind[1], kind[1]) if kind else name.rsplit(".", 1)[-1]}
    guest = backup_owner(name)
    if guest and content == "backup":
        entry["vmid"] = int(guest)
        entry["subtype"] = "lxc"
    return entry


def check_content_type(name):
    if name not in CONTENTS:
        raise formats.Invalid("invalid content type '%s'" % name)


formats.FORMATS["pve-storage-content"] = check_content_type
__all__ = ["ApiError", "FOLDERS", "GIB", "NEW_DISK", "Storages", "mount_type", "split_volid"]
