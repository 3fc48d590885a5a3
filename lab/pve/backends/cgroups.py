# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of a container as control group settings, for v1 and v2 alike."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MIB = 1 << 20
PERIOD = 100000


def is_v2():
    return (ROOT / "cgroup.controllers").exists()


def swap_is_counted():
    return is_v2() or (ROOT / "memory/memory.memsw.limit_in_bytes").exists()


def limits(conf, cpus):
    """[(key, value)] in the order in which they must be set; `cpus` are the CPUs to pin to (None: all)."""
    memory = int(conf.get("memory", 512)) * MIB
    swap = int(conf.get("swap", 512)) * MIB
    settings = _memory_v2(memory, swap) if is_v2() else _memory_v1(memory, swap)
    settings += _cpu(float(conf.get("cpulimit", 0)), int(conf.get("cpuunits", 0)))
    if cpus is not None:
        settings.append(("cpuset.cpus", ",".join(map(str, cpus))))
    return settings


def _memory_v2(memory, swap):
    return [("memory.max", str(memory)), ("memory.swap.max", str(swap))]


def _memory_v1(memory, swap):
    settings = [("memory.limit_in_bytes", str(memory))]
    if swap_is_counted():
        settings.append(("memory.memsw.limit_in_bytes", str(memory + swap)))
    return settings


def _cpu(limit, units):
    quota = int(limit * PERIOD) if limit else None
    settings = []
    if is_v2():
        settings.append(("cpu.max", "%s %d" % (quota or "max", PERIOD)))
        if units:
            settings.append(("cpu.weight", str(units)))
    else:
        settings.append(("cpu.cfs_period_us", str(PERIOD)))
        settings.append(("cpu.cfs_quota_us", str(quota or -1)))
        if units:
            settings.append(("cpu.shares", str(units)))
    return settings


def prefix():
    return "lxc.cgroup2" if is_v2() else "lxc.cgroup"


def choose_cpus(cores, taken):
    """Which CPUs a container with `cores` gets: the least used ones. None when it may use all of them.

    `taken` are the choices made for other containers.
    """
    available = sorted(os.sched_getaffinity(0))
    if not cores or cores >= len(available):
        return None
    load = {cpu: sum(cpu in choice for choice in taken) for cpu in available}
    return sorted(sorted(available, key=lambda cpu: (load[cpu], cpu))[:cores])
