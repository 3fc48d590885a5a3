# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from ansible.errors import AnsibleFilterError

# What XML 1.0 cannot hold, escaped or not.
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(name, value):
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        # The value is left out of the message, for it may be a secret.
        raise AnsibleFilterError("to_hadoop_xml: the value of %s is a %s, not a string, number or boolean" % (name, type(value).__name__))
    if _ILLEGAL.search(str(value)):
        raise AnsibleFilterError("to_hadoop_xml: the value of %s has a character that XML cannot hold" % name)
    return escape(str(value), {"\r": "&#13;"})


def to_hadoop_xml(settings):
    """Turn a dict into the XML that Hadoop, Hive and Spark read as a site file.

    :param settings: dict of names to strings, numbers or booleans.
    :returns: the file's whole text, sorted by name, so that equal settings give equal files.
    :raises AnsibleFilterError: the settings are no dict, or a value is null, a list, a dict or no legal XML.
    """
    if not isinstance(settings, Mapping):
        raise AnsibleFilterError("to_hadoop_xml: expected a dict of settings, got a %s" % type(settings).__name__)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<!-- Written by Ansible: changes made here are lost. -->", "<configuration>"]
    for name in sorted(settings):
        lines.append("  <property><name>%s</name><value>%s</value></property>" % (_text(name, name), _text(name, settings[name])))
    lines.append("</configuration>")
    return "\n".join(lines) + "\n"


class FilterModule:
    def filters(self):
        return {"to_hadoop_xml": to_hadoop_xml}
