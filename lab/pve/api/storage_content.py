# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and volumes of a storage: appliances, downloads, uploads, looking at and deleting one."""

import os
import re
import tempfile

from .. import download
from ..errors import Die, ParameterError
from ..multipart import Upload
from ..router import all_of, any_of, everyone, may, route
from ..schema import boolean, enum, integer, string
from ..storage import backup_owner

EXTENSIONS = {"vztmpl": r".+\.tar\.(gz|xz|zst|bz2)", "iso": r".+\.(iso|img)", "import": r".+\.(ova|qcow2|raw|vmdk)"}
ALGORITHMS = enum("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
KINDS = enum("iso", "vztmpl", "import", required=True)
BASE = "/nodes/{node}/storage/{storage}/"
ALLOCATE = may("/storage/{storage}", "Datastore.AllocateTemplate")


# ---- appliances

@route("GET", "/nodes/{node}/aplinfo", permission=everyone)
def appliances(call):
    return call.node.appliances


@route("POST", "/nodes/{node}/aplinfo", {"storage": string("pve-storage-id", required=True),
                                         "template": string(longest=255, required=True)}, permission=ALLOCATE)
def get_appliance(call):
    """Only what is in the list, with the list's checksum (storage-025)."""
    node, name = call.node, call["template"]
    entry = next((entry for entry in node.appliances if entry["template"] == name), None)
    if not entry:
        raise ParameterError({"template": "no such template"})
    if not node.storage.holds(call["storage"], "vztmpl"):
        raise Die("storage '%s' does not support templates" % call["storage"])         # storage-026
    checksum = next(((kind, entry[kind + "sum"]) for kind in ("sha512", "md5") if entry.get(kind + "sum")), None)
    return call.task("download", name, lambda task: _fetch(task, node, call["storage"], "vztmpl", name,
                                                           entry["location"], checksum))


def _fetch(task, node, storage, content, name, url, checksum, verify=True):
    target = node.storage.path(storage, content, name)
    task.log("downloading %s to %s" % (url, target))
    if node.storage.has_file(storage, content, name):
        raise Die("refusing to override existing file '%s'" % target)                  # storage-038
    path = node.fetch(task, url, verify)
    try:
        if checksum:
            download.check(task, path, *checksum)
        node.backend.put_file(storage, content, name, path)
    finally:
        if os.path.exists(path):
            os.unlink(path)
    task.log("download of '%s' to '%s' finished" % (url, target))


# ---- downloads and uploads

def _check_name(call):
    if not re.fullmatch(EXTENSIONS[call["content"]], call["filename"]) or "/" in call["filename"]:
        raise ParameterError({"filename": "wrong file extension"})      # storage-040
    if not call.node.storage.holds(call["storage"], call["content"]):
        raise Die("storage '%s' is not configured for content-type '%s'" % (call["storage"], call["content"]))


def _checksum(call):
    given = [name for name in ("checksum", "checksum-algorithm") if call.get(name)]
    if len(given) == 1:
        missing = ({"checksum", "checksum-algorithm"} - set(given)).pop()
        raise ParameterError({missing: "missing property - '%s' requires this property" % given[0]})
    return (call["checksum-algorithm"], call["checksum"]) if given else None


@route("POST", BASE + "download-url", {
    "content": KINDS, "filename": string(longest=255, required=True),
    "url": string(pattern=r"https?://.*", required=True), "checksum": string(), "checksum-algorithm": ALGORITHMS,
    "compression": string(), "verify-certificates": boolean()},
    permission=all_of(ALLOCATE, any_of(may("/", "Sys.Audit", "Sys.Modify"),
                                       may("/nodes/{node}", "Sys.AccessNetwork"))))
def download_url(call):
    checksum = _checksum(call)
    _check_name(call)
    return call.task("download", call["filename"], lambda task: _fetch(
        task, call.node, call["storage"], call["content"], call["filename"], call["url"], checksum,
        call.flag("verify-certificates", True)))


class _File:
    """An upload in place of a text; anything else is no file."""

    is_list = required = False

    def problem(self, value, name=None):
        return None if isinstance(value, Upload) else "value does not match the regex pattern"


@route("POST", BASE + "upload", {
    "content": KINDS, "filename": string(longest=255, required=True), "checksum": string(),
    "checksum-algorithm": ALGORITHMS, "tmpfilename": _File()}, permission=ALLOCATE)
def upload(call):
    checksum = _checksum(call)
    _check_name(call)
    data = call["tmpfilename"].data
    return call.task("imgcopy", "", lambda task: _store(task, call, data, checksum))


def _store(task, call, data, checksum):
    node = call.node
    handle, path = tempfile.mkstemp(prefix="pveupload-")
    task.log("starting file import from: %s" % path)
    task.log("target node: %s" % node.name)
    task.log("target file: %s" % node.storage.path(call["storage"], call["content"], call["filename"]))
    task.log("file size is: %d" % len(data))
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(data)
        if checksum:
            download.check(task, path, *checksum)
        node.backend.put_file(call["storage"], call["content"], call["filename"], path)
    finally:
        if os.path.exists(path):
            os.unlink(path)
    task.log("finished file import successfully")


# ---- one volume

def _volid(call):
    """Of the storage that the path names, on which the rights were checked, and of no other one."""
    storage, colon, name = call["volume"].partition(":")
    if not colon:
        storage, name = call["storage"], call["volume"]
    if storage != call["storage"]:
        raise ParameterError({"volume": "storage ID missmatch (%s != %s)\n" % (storage, call["storage"])})
    return "%s:%s" % (storage, name)


@route("GET", BASE + "content/{volume}", {"volume": string(required=True)}, permission=everyone)
def attributes(call):
    storage, volid = call.node.storage, _volid(call)
    file = storage.file(volid)
    storage.check_access(call, volid, None, file[1] if file else "rootdir")
    for entry in storage.content(call["storage"]):
        if entry["volid"] == volid:
            return {"format": entry["format"] if not file else "raw", "size": entry["size"], "used": entry["size"],
                    "path": storage.path(*file) if file else "/dev/null"}
    raise Die("volume_size_info on '%s' failed - no format" % volid)                   # storage-022


@route("DELETE", BASE + "content/{volume}", {"volume": string(required=True), "delay": integer(1, 30)},
       permission=everyone)
def delete(call):
    """Deleting what is not there is no error (storage-053)."""
    storage, volid = call.node.storage, _volid(call)
    file = storage.file(volid)
    if file and file[1] == "backup" and backup_owner(file[2]):
        storage.check_access(call, volid, None, "backup")
    else:
        call.require("/storage/" + call["storage"], "Datastore.Allocate")
    storage.get(call["storage"])

    def work(task):
        if file and storage.has_file(*file):
            call.node.backend.delete_file(*file)
            task.log("Removed volume '%s'" % volid)
        elif volid in storage.volumes:
            _refuse_used(call.node, volid)
            storage.free(volid)
    return call.task("imgdel", call["storage"], work)


def _refuse_used(node, volid):
    vmid = node.storage.volumes[volid]["vmid"]
    if node.exists(vmid):
        raise Die("cannot remove image, a guest with VMID '%s' exists!\n(You can delete the image from the guest's "
                  "hardware pane)" % vmid)
