# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's configuration file in Proxmox's own format: current values, pending ones and snapshots."""

import hashlib
import re
from urllib.parse import unquote

from . import ctparams
from .errors import Die
from .schema import CONTROL


class Section(dict):
    """The keys of one section, with `lxc` as a list of raw pairs."""

    @property
    def unprivileged(self):
        return self.get("unprivileged") == "1"


class GuestConf:
    """One guest: `current`, `pending`, `delete` (names pending deletion) and `snapshots` by name."""

    def __init__(self):
        self.current = Section()
        self.pending = Section()
        self.delete = {}
        self.snapshots = {}
        self.raw_lxc = []

    @property
    def digest(self):
        return hashlib.sha1(self.text().encode()).hexdigest()

    def effective(self):
        """The pending view: what the configuration becomes at the next start."""
        merged = Section(self.current)
        for name in self.delete:
            merged.pop(name, None)
        merged.update(self.pending)
        return merged

    def text(self):
        lines = _section_lines(self.current)
        lines += ["%s: %s" % pair for pair in self.raw_lxc]
        if self.pending or self.delete:
            lines += ["", "[pve:pending]"]
            if self.delete:
                lines.append("delete: " + ",".join(("!" if force else "") + name
                                                   for name, force in sorted(self.delete.items())))
            lines += _section_lines(self.pending)
        for name in sorted(self.snapshots):
            lines += ["", "[%s]" % name] + _section_lines(self.snapshots[name])
        return "\n".join(lines) + "\n" if lines else ""


def _section_lines(section):
    lines = ["#" + _quote(line) for line in section.get("description", "").split("\n")]
    if lines[-1] == "#":
        lines.pop()
    return lines + [_line(name, section[name]) for name in sorted(section) if name != "description"]


def _line(name, value):
    """The last guard of the file: a value that holds a line break would be a setting of its own."""
    if CONTROL.search(value.replace("\0", "") if name == "env" else value):
        raise Die("property '%s' contains a line feed" % name)
    return "%s: %s" % (name, value)


def _quote(text):
    """Percent and control characters of a description line; everything else stays readable."""
    return re.sub(r"[%\x00-\x1f\x7f]", lambda match: "%%%02X" % ord(match[0]), text)


def parse(text):
    conf = GuestConf()
    section = conf.current
    for line in text.split("\n"):
        header = re.fullmatch(r"\[(.+)\]", line)
        pair = re.fullmatch(r"([a-z][a-zA-Z_-]*\d*):\s?(.*)", line)
        raw = re.fullmatch(r"(lxc\.[a-z0-9_.\-]+)(?::|\s*=)\s*(.*)", line)
        if header:
            section = conf.pending if header[1] == "pve:pending" else conf.snapshots.setdefault(header[1], Section())
        elif line.startswith("#"):
            section["description"] = section.get("description", "") + unquote(line[1:]) + "\n"
        elif raw:
            conf.raw_lxc.append((raw[1], raw[2]))
        elif pair and section is conf.pending and pair[1] == "delete":
            conf.delete = {name.lstrip("!"): name.startswith("!") for name in pair[2].split(",") if name}
        elif pair:
            section[pair[1]] = pair[2]
    return conf


def visible(section):
    """The section as GET config shows it."""
    return {name: ctparams.typed(name, text) for name, text in section.items()}
