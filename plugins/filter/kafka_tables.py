# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible.errors import AnsibleFilterError

# Trino's word for each type of field, and how the text of one is to be read.
TYPES = {
    "string": {"type": "VARCHAR"},
    "long": {"type": "BIGINT"},
    "double": {"type": "DOUBLE"},
    "boolean": {"type": "BOOLEAN"},
    "timestamp": {"type": "TIMESTAMP(3) WITH TIME ZONE", "dataFormat": "iso8601"},
    "date": {"type": "DATE", "dataFormat": "iso8601"},
}


def kafka_tables(topics):
    """Describe topics of JSON records as tables of Trino's Kafka connector.

    :param topics: list of dicts ``name``, ``schema`` (dict of fields to types) and ``state``; without a schema, or absent, there is no table.
    :returns: dict of file names to the text of the description.
    :raises AnsibleFilterError: a name is not of the form ``schema.table``, or a type is unknown.
    """
    return {
        topic["name"] + ".json": json.dumps(_description(topic), indent=2) + "\n"
        for topic in topics
        if topic.get("schema") and topic.get("state", "present") == "present"
    }


def _description(topic):
    schema, dot, table = topic["name"].partition(".")
    if not dot or not schema or not table:
        raise AnsibleFilterError("kafka_tables: %s is not of the form schema.table" % topic["name"])
    return {
        "schemaName": schema,
        "tableName": table,
        "topicName": topic["name"],
        "message": {"dataFormat": "json", "fields": [_field(topic["name"], *field) for field in topic["schema"].items()]},
    }


def _field(topic, name, kind):
    if kind not in TYPES:
        raise AnsibleFilterError("kafka_tables: %s of %s has type %s; there are %s" % (name, topic, kind, ", ".join(TYPES)))
    return {"name": name, "mapping": name, **TYPES[kind]}


class FilterModule:
    """Filters that tell Trino of Kafka."""

    def filters(self):
        return {"kafka_tables": kafka_tables}
