# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares an answer with a recorded one: generated values aside, everything must agree."""

from __future__ import annotations

import re

UPID = re.compile(r"UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:([^:]*):([^:]*):([^:]+):")
MAC = re.compile(r"hwaddr=([0-9A-Fa-f:]{17})")
BACKUP = re.compile(r"vzdump-lxc-(\d+)-[\d_]+-[\d_]+\.tar\.zst")
COMMAND = re.compile(r"command '.*' failed", re.DOTALL)

# Made anew each time, or measured; only that they are there is compared.
GENERATED = {
    "CSRFPreventionToken", "avail", "cpu", "ctime", "digest", "disk", "diskread", "diskwrite", "endtime", "loadavg",
    "maxdisk", "mem", "memhost", "memory", "netin", "netout", "pid", "pstart", "rootfs", "size", "snaptime",
    "ssl_fingerprint", "starttime", "ticket", "total", "uptime", "used", "used_fraction", "value",
}
# In a configuration these are no measurements.
SETTINGS = {"memory", "rootfs", "size", "value"}
# Keys that may be missing on our side: counters of the kernel and markers of the recorder.
OPTIONAL = {"_shortened", "digest", "parent", "saved", "used", "pid", "pstart", "memhost", "disk", "maxdisk",
            "ssl_fingerprint", "inet6"}
# Lists whose order means nothing.
BY = ("key", "volid", "upid", "vmid", "storage", "poolid", "tokenid", "sid", "name", "roleid", "userid", "id")


class Comparison:
    """Knows which generated values of the recording stand for which of ours (UPIDs, MAC addresses, digests, backups)."""

    def __init__(self):
        self.upids, self.macs, self.digests, self.backups = {}, {}, {}, {}

    def differences(self, recorded, ours):
        """Texts, one for each difference between two bodies."""
        found = []
        if not isinstance(recorded, dict) or not isinstance(ours, dict):
            return [] if _plain(recorded) == _plain(ours) else ["body: %r, not %r" % (ours, recorded)]
        shortened = "_shortened" in recorded
        for key in ("errors", "message"):
            if recorded.get(key) != ours.get(key) and not _same_text(recorded.get(key), ours.get(key)):
                found.append("%s: %r, not %r" % (key, ours.get(key), recorded.get(key)))
        self._value("data", recorded.get("data"), ours.get("data"), found, shortened, False)
        return found

    def _value(self, where, recorded, ours, found, shortened, settings):
        if isinstance(recorded, dict) and isinstance(ours, dict):
            self._dict(where, recorded, ours, found, shortened)
        elif isinstance(recorded, list) and isinstance(ours, list):
            self._list(where, recorded, ours, found, shortened)
        elif isinstance(recorded, str) and isinstance(ours, str):
            self._text(where, recorded, ours, found)
        elif recorded != ours or isinstance(recorded, bool) != isinstance(ours, bool):
            found.append("%s: %r, not %r" % (where, ours, recorded))

    def _dict(self, where, recorded, ours, found, shortened):
        is_config = "ostype" in recorded or "lock" in recorded or "key" in recorded
        if recorded.get("digest") and ours.get("digest"):
            self.digests[recorded["digest"]] = ours["digest"]
        if recorded.get("key") == "digest":
            self.digests[recorded["value"]] = ours["value"]
            return
        for key in sorted({*recorded, *ours}):
            here = "%s.%s" % (where, key)
            if key not in ours:
                if key not in OPTIONAL:
                    found.append("%s: missing, recorded %r" % (here, recorded[key]))
            elif key not in recorded:
                if key not in OPTIONAL and not shortened:
                    found.append("%s: %r, not recorded" % (here, ours[key]))
            elif key not in GENERATED or is_config and key in SETTINGS:
                self._value(here, recorded[key], ours[key], found, shortened, is_config)

    def _list(self, where, recorded, ours, found, shortened):
        if _is_log(recorded):
            self._log(where, recorded, ours, found)
            return
        if shortened:
            return
        if len(recorded) != len(ours):
            found.append("%s: %d entries %r, not %d" % (where, len(ours), [_short(entry) for entry in ours],
                                                        len(recorded)))
            return
        for index, (left, right) in enumerate(zip(_ordered(recorded), _ordered(ours), strict=True)):
            self._value("%s[%d]" % (where, index), left, right, found, shortened, False)

    def _log(self, where, recorded, ours, found):
        """The end and the warnings of a task's log; what the tools in between say is theirs."""
        def telling(lines):
            lines = [entry["t"] for entry in lines]
            return [line for line in lines if line.startswith(("WARN", "TASK"))] or lines[-1:]
        if not _same_text([self.translate(line) for line in telling(recorded)], telling(ours)):
            found.append("%s: log ends %r, not %r" % (where, telling(ours), telling(recorded)))

    def _text(self, where, recorded, ours, found):
        if UPID.fullmatch(recorded) and UPID.fullmatch(ours):
            self.upids[recorded] = ours
        backups = BACKUP.search(recorded), BACKUP.search(ours)
        if all(backups) and backups[0][1] == backups[1][1]:
            self.backups[backups[0][0]] = backups[1][0]
        if where.endswith(".content") and sorted(recorded.split(",")) == sorted(ours.split(",")):
            return
        macs = MAC.search(recorded), MAC.search(ours)
        if all(macs):
            theirs, mine = macs[0][1], macs[1][1]
            expected = self.macs.setdefault(theirs, mine) if theirs != mine else mine
            if expected != mine:
                found.append("%s: the MAC address changed" % where)
        if where.rsplit(".", 1)[-1] in ("hwaddr", "hardware-address") or "fe80::" in recorded:
            return
        if not _same_text(self.translate(recorded), ours):
            found.append("%s: %r, not %r" % (where, ours, recorded))

    def translate(self, text):
        """A recorded text with our generated values in place of the recorded ones."""
        for known in (self.upids, self.digests, self.backups):
            for recorded, ours in known.items():
                text = text.replace(recorded, ours)
        return text


def _mask(value):
    if isinstance(value, dict):
        return {key: _mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    if not isinstance(value, str):
        return value
    value = UPID.sub(r"UPID:\1:\2:\3", value)
    value = COMMAND.sub("command '...' failed", value)
    return MAC.sub("hwaddr=MAC", value)


def _same_text(recorded, ours):
    return _mask(recorded) == _mask(ours)


def _plain(body):
    return body.rstrip("\n") if isinstance(body, str) else body


def _is_log(entries):
    return bool(entries) and isinstance(entries[0], dict) and set(entries[0]) == {"n", "t"}


def _ordered(entries):
    """Sorted by what names an entry; task lists and rules stay as they are."""
    if not entries or not isinstance(entries[0], dict) or "upid" in entries[0] or "pos" in entries[0]:
        return entries
    if "ugid" in entries[0]:
        return sorted(entries, key=lambda entry: (entry["path"], entry["type"], entry["ugid"], entry["roleid"]))
    name = next((name for name in BY if name in entries[0]), None)
    return sorted(entries, key=lambda entry: str(entry.get(name))) if name else entries


def _short(entry):
    if not isinstance(entry, dict):
        return entry
    return next((entry[name] for name in BY if name in entry), entry)
