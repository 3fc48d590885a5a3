# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Trino is told about topics, and that topics say what the generator makes."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.kafka_tables import TYPES, kafka_tables

CHECKOUT = pathlib.Path(__file__).parents[4]
TOPICS = yaml.safe_load((CHECKOUT / "group_vars/all/kafka_kraft.yml").read_text())["kafka_kraft_topics_default"]
SCHEMAS = CHECKOUT / "roles/datagen/files/datagen/src/lakehouse_datagen/schemas"


def test_a_topic_with_a_schema_is_a_table():
    files = kafka_tables([{"name": "shop.orders", "schema": {"id": "string", "at": "timestamp"}}])
    assert json.loads(files["shop.orders.json"]) == {
        "schemaName": "shop",
        "tableName": "orders",
        "topicName": "shop.orders",
        "message": {
            "dataFormat": "json",
            "fields": [
                {"name": "id", "mapping": "id", "type": "VARCHAR"},
                {"name": "at", "mapping": "at", "type": "TIMESTAMP(3) WITH TIME ZONE", "dataFormat": "iso8601"},
            ],
        },
    }


def test_without_a_schema_or_absent_there_is_no_table():
    assert kafka_tables([{"name": "a"}, {"name": "a.b", "schema": {}}, {"name": "a.c", "schema": {"id": "string"}, "state": "absent"}]) == {}


@pytest.mark.parametrize("name, kind, words", [("orders", "string", "schema.table"), ("shop.orders", "decimal", "there are string")])
def test_what_is_no_table_is_refused(name, kind, words):
    with pytest.raises(AnsibleFilterError, match=words):
        kafka_tables([{"name": name, "schema": {"id": kind}}])


def kind_of(field):
    """The type of a field in the terms of topics, from the generator's schema."""
    formats = {"utc-time": "timestamp", "calendar-date": "date"}
    kind = field.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    return formats.get(field.get("format"), {"integer": "long", "number": "double"}.get(kind, "string"))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic["name"])
def test_topics_say_what_the_generator_makes(topic):
    assert set(topic["schema"].values()) <= set(TYPES)
    file = SCHEMAS / (topic["name"].split(".")[1] + ".yaml")
    if file.exists():
        fields = yaml.safe_load(file.read_text())["properties"]
        assert topic["schema"] == {name: kind_of(field) for name, field in fields.items()}
