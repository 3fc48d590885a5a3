# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible.errors import AnsibleFilterError

# What the format itself gives a meaning to; Java reads such files as ISO 8859-1.
CONTROL = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\\": "\\\\"}
KEY_END = " =:#!"


def to_properties(settings):
    """Write settings as lines of a Java properties file, sorted by name.

    :param settings: dict of names to strings, numbers, booleans or flat lists (joined by commas).
    :returns: the text, each line ended; empty for no settings.
    :raises AnsibleFilterError: the settings are no dict, or a value has no form in such a file.
    """
    if not isinstance(settings, Mapping):
        raise AnsibleFilterError("to_properties takes a dict, not %s" % type(settings).__name__)
    return "".join("%s=%s\n" % (_key(name), _value(_text(name, settings[name]))) for name in sorted(settings, key=str))


def _text(name, value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, Sequence) and not any(isinstance(part, (Mapping, list, tuple)) or part is None for part in value):
        return ",".join(_text(name, part) for part in value)
    raise AnsibleFilterError("to_properties: %s is %s, which no properties file can hold" % (name, type(value).__name__))


def _key(name):
    return "".join("\\" + char if char in KEY_END else _char(char) for char in str(name))


def _value(text):
    blanks = len(text) - len(text.lstrip(" "))
    return "\\ " * blanks + "".join(_char(char) for char in text[blanks:])


def _char(char):
    if char in CONTROL:
        return CONTROL[char]
    if " " <= char <= "~":
        return char
    units = char.encode("utf-16-be")
    return "".join("\\u%02x%02x" % (units[place], units[place + 1]) for place in range(0, len(units), 2))


class FilterModule:
    """Filters that write configuration files."""

    def filters(self):
        return {"to_properties": to_properties}
