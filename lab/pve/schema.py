# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameter descriptions and their check, with the error texts of Proxmox VE's own schema code."""

import re

from . import formats
from .errors import ParameterError

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
MISSING = "property is missing and it is not optional"
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"


class Param:
    """One parameter: its type and what else must hold. `required` is the exception, so it is said."""

    def __init__(self, kind, format=None, low=None, high=None, shortest=None, longest=None,
                 pattern=None, enum=None, required=False, props=None, key=False, lines=False):
        self.kind = kind
        self.format = format
        self.low, self.high = low, high
        self.shortest, self.longest = shortest, longest
        self.pattern = re.compile(pattern) if pattern else None
        self.enum = enum
        self.required = required
        self.props = props      # PropertyString of a value like `a=1,b=2`
        self.key = key          # may be written without its name (in a property string)
        self.lines = lines      # may hold line breaks: everything else is kept in files of one line each

    @property
    def is_list(self):
        return bool(self.format and self.format.endswith("-list"))

    def problem(self, value, name=None):
        """What is wrong with the value, or None. Checks in the server's order: type, format, pattern, length, range."""
        wrong_type = self._type_problem(value)
        if wrong_type:
            return wrong_type
        if self.format or self.props:
            try:
                if self.format:
                    formats.check(self.format, value)
                else:
                    self.props.parse(value, name)
            except formats.Invalid as err:
                return "invalid format - %s\n" % err
        if self.pattern and not self.pattern.fullmatch(value):
            return "value does not match the regex pattern"
        return self._control_problem(value) or self._bounds_problem(value)

    def _control_problem(self, value):
        """A list is stored without what parts its items; nothing else may hold a character that ends a line or hides."""
        text = "".join(formats.split_list(value)) if self.is_list else value
        return "value contains control characters" if not self.lines and CONTROL.search(text) else None

    def _type_problem(self, value):
        if isinstance(value, (list, dict)):
            return "type check ('%s') failed - got %s" % (self.kind, "ARRAY" if isinstance(value, list) else "HASH")
        pattern = {"boolean": r"[01]", "integer": r"[+-]?\d+", "number": r"[+-]?\d+(\.\d+)?"}.get(self.kind)
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            return "type check ('%s') failed - got '%s'" % (self.kind, value)
        return None

    def _bounds_problem(self, value):
        if self.longest is not None and len(value) > self.longest:
            return "value may only be %d characters long" % self.longest
        if self.shortest is not None and len(value) < self.shortest:
            return "value must be at least %d characters long" % self.shortest
        if self.high is not None and float(value) > self.high:
            return "value must have a maximum value of %d" % self.high
        if self.low is not None and float(value) < self.low:
            return "value must have a minimum value of %d" % self.low
        if self.enum and value not in self.enum:
            return "value '%s' does not have a value in the enumeration '%s'" % (value, ", ".join(self.enum))
        return None


def string(format=None, **more):
    return Param("string", format=format, **more)


def enum(*words, **more):
    return Param("string", enum=words, **more)


def integer(low=None, high=None, **more):
    return Param("integer", low=low, high=high, **more)


def number(low=None, high=None, **more):
    return Param("number", low=low, high=high, **more)


def boolean(**more):
    return Param("boolean", **more)


def problems(params, values):
    """All wrong parameters at once: {name: text}."""
    found = {name: UNKNOWN for name in values if name not in params}
    for name, param in params.items():
        if name not in values:
            if param.required:
                found[name] = MISSING
            continue
        text = param.problem(values[name], name)
        if text:
            found[name] = text
    return found


def verify(params, values):
    found = problems(params, values)
    if found:
        raise ParameterError(found)


class PropertyString:
    """A value of the form `key=value,key=value`, in which one key may be written bare."""

    WORDS = {"1": "1", "on": "1", "yes": "1", "true": "1", "0": "0", "off": "0", "no": "0", "false": "0"}

    def __init__(self, keys, first=()):
        self.keys = keys
        self.bare = next((name for name, param in keys.items() if param.key), None)
        self.first = (self.bare, *first)

    def parse(self, text, where=None):
        """The keys of the text; raises Invalid. `where` is the name which the text of an error begins with."""
        found = {}
        for part in text.split(","):
            if not part.strip():
                continue
            name, equals, value = part.partition("=")
            if not equals:
                name, value = self.bare, part
                if not name:
                    raise formats.Invalid("value without key, but schema does not define a default key")
            elif not name or not value:
                raise formats.Invalid("missing key in comma-separated list property")
            if name in found:
                raise formats.Invalid("duplicate key in comma-separated list property: %s" % name)
            if name in self.keys and self.keys[name].kind == "boolean":
                value = self.WORDS.get(value.lower(), value)
            found[name] = value
        wrong = problems(self.keys, found)
        if wrong:
            prefix = where + "." if where else ""
            lines = ["%s%s: %s" % (prefix, name, wrong[name]) for name in sorted(wrong)]
            raise formats.Invalid("format error\n" + "\n".join(lines))
        return found

    def print(self, values):
        """The server's order: the bare key, then those that it names first, then the rest sorted."""
        names = [name for name in values if values[name] is not None]
        order = [name for name in self.first if name in names]
        order += sorted(set(names) - set(order))
        return ",".join(values[name] if name == self.bare else "%s=%s" % (name, values[name]) for name in order)
