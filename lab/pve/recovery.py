# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does about the past when it starts: half-made containers, locks of dead tasks, a restarted machine."""

import re
from pathlib import Path

from .api.backup import SNAPSHOT
from .api.guest_power import start_by_node
from .errors import ApiError
from .making import remove_guest

BOOT_FILE = "boot-id"


def clean(node, log):
    """No task survives the server, so whatever a task had locked is free, and what it had half made is removed."""
    for vmid in node.guests.ids():
        conf = node.guests.load(vmid)
        lock = conf.current.get("lock")
        if lock == "create":
            log("CT %s was half created: removed" % vmid)
            remove_guest(node, vmid)
        elif lock in ("destroyed",):
            log("CT %s was half destroyed: removed" % vmid)
            if node.backend.running(vmid):
                node.backend.stop(None, vmid)
            remove_guest(node, vmid)
        elif lock in ("backup", "snapshot", "snapshot-delete", "rollback", "disk"):
            log("CT %s: lock '%s' of a task that is gone: removed" % (vmid, lock))
            if lock == "backup":
                for volid in node.storage.of_guest(vmid):
                    node.backend.delete_snapshot(volid, SNAPSHOT)
            del conf.current["lock"]
            node.guests.save(vmid, conf)
    known = set(node.guests.ids())
    for volid, entry in list(node.storage.volumes.items()):
        if entry["vmid"] not in known:
            log("volume %s belongs to no container: removed" % volid)
            node.storage.free(volid)


def start_on_boot(node, log):
    """After a restart of the machine: the containers with onboot=1, in their order."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    if node.files.read(BOOT_FILE) == boot:
        return
    first_time = node.files.read(BOOT_FILE) is None
    node.files.write(BOOT_FILE, boot)
    if first_time:
        return
    guests = {vmid: node.guests.load(vmid).current for vmid in node.guests.ids()}
    for vmid in sorted((vmid for vmid, conf in guests.items() if conf.get("onboot") == "1"),
                       key=lambda vmid: (_order(guests[vmid]), vmid)):
        try:
            if not node.backend.running(vmid):
                start_by_node(node, vmid)
        except ApiError as err:
            log("CT %s did not start on boot: %s" % (vmid, err.reason))


def restart_rebooted(node, log):
    """The second half of a reboot from inside; called again and again by the server."""
    for vmid in node.backend.wants_restart():
        if node.exists(vmid):
            log("CT %s rebooted" % vmid)
            start_by_node(node, vmid)


def _order(conf):
    match = re.search(r"(?:^|,)(?:order=)?(\d+)(?:,|$)", conf.get("startup", ""))
    return int(match[1]) if match else 1 << 30
