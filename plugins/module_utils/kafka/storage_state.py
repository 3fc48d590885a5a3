# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the log folders of a Kafka node are: empty, this node's, or none of its business."""

from __future__ import annotations

import os
from collections import namedtuple

EMPTY, FORMATTED = "empty", "formatted"
META = "meta.properties"
# What a new file system comes with.
OF_THE_DISK = {"lost+found"}

# entries: names in the folder, meta: the settings of its meta.properties, None without one.
Folder = namedtuple("Folder", ["path", "entries", "meta"])


class Foreign(Exception):
    """The folders must not be touched; the message says why and what to do."""


def look(path):
    """Read a folder; one that is not there has nothing in it."""
    try:
        entries = sorted(set(os.listdir(path)) - OF_THE_DISK)
    except FileNotFoundError:
        return Folder(path, [], None)
    except NotADirectoryError as error:
        raise Foreign(f"{path} is no folder") from error
    if META not in entries:
        return Folder(path, entries, None)
    with open(os.path.join(path, META), encoding="iso-8859-1") as file:
        return Folder(path, entries, parse(file.read()))


def parse(text):
    """The settings of a Java properties file as simple as Kafka writes this one."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def state_of(folders, cluster_id, node_id):
    """EMPTY or FORMATTED; anything else is raised."""
    faults = [fault for folder in folders for fault in faults_of(folder, cluster_id, node_id)]
    if faults:
        raise Foreign("; ".join(faults) + ". Nothing was changed")
    if all(folder.meta is None for folder in folders):
        return EMPTY
    if folders[0].meta is None:
        raise Foreign(
            f"{folders[0].path}, the folder of the cluster's metadata, is empty, while others are in use: bring its disk back, or name"
            " the folder first that holds __cluster_metadata-0. Nothing was changed"
        )
    return FORMATTED


def faults_of(folder, cluster_id, node_id):
    if folder.meta is None:
        if folder.entries:
            some = ", ".join(folder.entries[:3])
            yield (
                f"{folder.path} has no {META} and is not empty ({some}): it is not Kafka's, or was formatted by half. Look at it, and"
                " empty it if nothing of worth is there"
            )
        return
    for key, wanted, what in (("cluster.id", cluster_id, "cluster"), ("node.id", str(node_id), "node")):
        if folder.meta.get(key) != wanted:
            yield (
                f"{folder.path} belongs to {what} {folder.meta.get(key)}, not to {wanted}: this is another's disk, or {key} was"
                " changed. Change it back, or give the node an empty folder"
            )
    if folder.meta.get("version") != "1":
        yield f"{folder.path}/{META} has version {folder.meta.get('version')}, which is not that of a KRaft node"
