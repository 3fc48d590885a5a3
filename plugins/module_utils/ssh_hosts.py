# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host keys of SSH servers: fingerprints, and what is to be done with the keys that are known and those that are seen."""

from __future__ import annotations

import base64
import binascii
import hashlib

from dataclasses import dataclass


class HostKeyError(Exception):
    """The server that answers is not the one that was meant."""


@dataclass(frozen=True)
class HostKey:
    """One public key of a server, as a line of known_hosts tells it."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen shows it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def parse_keys(text: str) -> list[HostKey]:
    """The keys of lines of known_hosts, which ssh-keyscan and ssh-keygen -F print too; marked lines are left out."""
    keys = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 3 or line.startswith(("#", "@")):
            continue
        try:
            base64.b64decode(fields[2], validate=True)
        except (ValueError, binascii.Error):
            continue
        keys.append(HostKey(fields[1], fields[2]))
    return keys


def is_known(known: list[HostKey], wanted: list[str]) -> bool:
    """Whether every known key is one of the wanted ones, and there is one."""
    return bool(known) and all(key.fingerprint in wanted for key in known)


def choose(known: list[HostKey], seen: list[HostKey], wanted: list[str], where: str) -> list[HostKey] | None:
    """The keys to know the server by from now on; None when it goes on being known by those that are known.

    Raises HostKeyError when the server is neither the one that was made nor the one that is known.
    """
    pinned = [key for key in seen if key.fingerprint in wanted]
    if pinned:
        return pinned
    if any(key in known for key in seen):
        return None  # its keys were changed since it was made, and somebody has said so here
    raise HostKeyError(
        "%s answers with the host keys %s, which are not those of the container (%s). Either another machine has its address, or its keys were "
        "changed after it was made: then write the new key down" % (
            where, ", ".join(key.fingerprint for key in seen), ", ".join(wanted)))
