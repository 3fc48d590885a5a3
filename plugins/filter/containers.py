# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import difflib
import ipaddress
import re

GIB = 1 << 30
# What stands for a kind of value in a message.
WORDS = {"whole": "a whole number, like 4", "size": "a number of GiB, like 20", "text": "a text", "address": "an IPv4 address",
         "addresses": "a list of addresses ([] for none)", "texts": "a list of texts ([] for none)", "flag": "true or false",
         "mounts": "a list of mounts ([] for none)"}
CONTAINER = {
    "vmid": "whole", "ostemplate": "text", "storage": "text", "pool": "text", "bridge": "text", "gateway": "address", "prefix": "whole",
    "nameservers": "addresses", "cores": "whole", "memory": "whole", "swap": "whole", "rootfs_gib": "size", "mounts": "mounts", "tags": "texts",
    "order": "whole",
}
OPTIONAL = ("pool",)
FLAGS = ("backup", "keepattrs", "acl", "quota", "replicate", "ro", "shared")
MOUNT = {"id": "text", "path": "text", "size_gib": "size", "storage": "text", "options": "texts", **dict.fromkeys(FLAGS, "flag")}
MOUNT_NEEDS = ("id", "path", "size_gib")
# Other names that people give these things.
MEANT = {"ram": "memory", "mem": "memory", "disk": "rootfs_gib", "rootfs": "rootfs_gib", "cpu": "cores", "cpus": "cores", "template": "ostemplate",
         "id": "vmid", "gw": "gateway", "dns": "nameservers", "size": "size_gib", "disk_gib": "size_gib", "mp": "path", "startup": "order"}


def ct_problems(own, defaults):
    """What is wrong with how a container is declared; empty when nothing is.

    :param own: a host's ``lakehouse_ct``.
    :param defaults: the site's ``lakehouse_ct_defaults``.
    :returns: a list of sentences that name the variable, its value and the remedy.
    """
    problems = []
    for where, values in (("lakehouse_ct", own), ("lakehouse_ct_defaults", defaults)):
        if isinstance(values, dict):
            problems += _problems(where, values, CONTAINER)
        else:
            problems.append("%s is %s; it must be a mapping, like {vmid: 107, memory: 4096}." % (where, _shown(values)))
    if not problems:
        both = {**defaults, **own}
        problems += ["%s is not given; set it in lakehouse_ct or lakehouse_ct_defaults." % name
                     for name in CONTAINER if name not in both and name not in OPTIONAL]
    return problems


def ct_room(containers, storages):
    """Which storages have no room for the volumes that are to be made on them.

    :param containers: containers still to be made, each ``lakehouse_ct`` over ``lakehouse_ct_defaults``.
    :param storages: what proxmox_ct_info tells of the node's storages; one that is not among them is left out here.
    :returns: a list of sentences.
    """
    wanted = {}
    for container in containers:
        volumes = [{"size_gib": container["rootfs_gib"]}] + list(container.get("mounts", []))
        for volume in volumes:
            storage = volume.get("storage", container["storage"])
            wanted[storage] = wanted.get(storage, 0) + float(volume["size_gib"])
    free = {storage["storage"]: storage["avail"] // GIB for storage in storages}
    return ["The storage %s has %d GiB free; the containers still to be made want %d GiB on it. Make them smaller, or free some." % (
        storage, free[storage], gib) for storage, gib in sorted(wanted.items()) if storage in free and free[storage] < gib]


def _problems(where, values, kinds):
    found = []
    for name, value in values.items():
        here = "%s.%s" % (where, name)
        if name == "host_path" and kinds is MOUNT:
            found.append("%s: a folder of the node cannot be mounted, since Proxmox VE keeps that for root@pam; give storage and size_gib." % here)
        elif name not in kinds:
            found.append("%s is not known; %s." % (here, _nearest(str(name), kinds)))
        elif kinds[name] == "mounts" and isinstance(value, list):
            found += _mount_problems(here, value)
        elif not FITS[kinds[name]](value):
            found.append("%s is %s; it must be %s." % (here, _shown(value), WORDS[kinds[name]]))
    return found


def _mount_problems(where, mounts):
    found = []
    for number, mount in enumerate(mounts):
        here = "%s[%d]" % (where, number)
        if not isinstance(mount, dict):
            found.append("%s is %s; it must be a mapping, like {id: mp0, path: /data, size_gib: 20}." % (here, _shown(mount)))
            continue
        wrong = _problems(here, mount, MOUNT)
        found += wrong or ["%s.%s is not given." % (here, name) for name in MOUNT_NEEDS if name not in mount]
    return found


def _nearest(name, kinds):
    close = [MEANT[name]] if MEANT.get(name) in kinds else difflib.get_close_matches(name, kinds, 1)
    return "did you mean %s" % close[0] if close else "there are %s" % ", ".join(sorted(kinds))


def _shown(value):
    """The value as a person can tell it from another kind of value."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "the truth value %s" % str(value).lower()
    if isinstance(value, (int, float)):
        return "the number %s" % value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "the date %s" % value
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    return 'the text "%s"' % value


def _is_number(value, pattern):
    return not isinstance(value, bool) and (isinstance(value, (int, float)) or isinstance(value, str)) and bool(re.fullmatch(pattern, str(value)))


def _is_address(value, version=None):
    try:
        return isinstance(value, str) and ipaddress.ip_address(value).version in (version or (4, 6))
    except ValueError:
        return False


FITS = {
    "whole": lambda value: _is_number(value, r"[0-9]{1,9}"),
    "size": lambda value: _is_number(value, r"[0-9]{1,9}(\.[0-9]{1,6})?"),
    "text": lambda value: isinstance(value, str) and bool(value.strip()),
    "address": lambda value: _is_address(value, (4,)),
    "addresses": lambda value: isinstance(value, list) and all(map(_is_address, value)),
    "texts": lambda value: isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value),
    "flag": lambda value: isinstance(value, bool) or value in ("true", "false"),
    "mounts": lambda value: False,  # a list of them is looked at one by one
}


class FilterModule:
    """Filters for how containers are declared."""

    def filters(self):
        return {"ct_problems": ct_problems, "ct_room": ct_room}
