# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError

STEP = 64


def heap_mib(memory_mib, beside_mib=1024, share=0.85):
    """Say how much heap a JVM may take on a machine of its own.

    :param memory_mib: memory of the machine.
    :param beside_mib: what the JVM needs beside its heap, with the operating system.
    :param share: the most of the memory that is ever heap, since what a JVM needs beside it grows too.
    :returns: whole steps of 64 MiB; 0 when nothing is left.
    :raises AnsibleFilterError: something is no number.
    """
    try:
        memory, beside, most = int(memory_mib), int(beside_mib), float(share)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError("heap_mib takes numbers: %s" % error) from error
    heap = min(memory - beside, int(memory * most))
    return max(heap // STEP * STEP, 0)


class FilterModule:
    """Filters that compute sizes."""

    def filters(self):
        return {"heap_mib": heap_mib}
