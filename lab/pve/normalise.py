# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the server rewrites values before it stores them."""

import os
import re

from .ctparams import NET, kind_of
from .formats import split_list

MAC_PREFIX = "BC:24:11"


def new_mac():
    return MAC_PREFIX + ":" + ":".join("%02X" % byte for byte in os.urandom(3))


def net(text):
    """Adds type and, when missing, a new hardware address; fixed order of keys."""
    keys = NET.parse(text)
    keys.setdefault("type", "veth")
    keys.setdefault("hwaddr", new_mac())
    return NET.print(keys)


def tags(text, options):
    """Lower case, sorted, each once, joined by ; - unless the datacenter's tag-style says otherwise."""
    style = options.get("tag-style", "")
    items = split_list(text)
    if "case-sensitive=1" not in style:
        items = [item.lower() for item in items]
    items = list(dict.fromkeys(items))
    if "ordering=config" not in style:
        items.sort()
    return ";".join(items)


def cpuunits(text, v2):
    """Clamped before it is stored: at most 10000 with cgroup v2, at least 2 with v1."""
    value = int(text)
    return str(min(max(value, 1), 10000)) if v2 else str(max(value, 2))


def value(name, text, options):
    """The text of a key as it goes into pending. An empty string is kept as one blank (put-stopped-047)."""
    kind = kind_of(name)
    if kind in ("nameserver", "searchdomain"):
        text = " ".join(split_list(text))
    elif kind == "tags":
        text = tags(text, options)
    elif kind == "description":
        return re.sub(r"([^\n])\Z", r"\1\n", text)
    return text or " "


def stored(name, text, v2):
    """The text of a key as it goes from pending into the current section."""
    kind = kind_of(name)
    if kind == "net":
        return net(text)
    if kind == "cpuunits":
        return cpuunits(text, v2)
    return text
