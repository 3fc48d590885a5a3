# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

TYPES = ("string", "long", "double", "boolean", "timestamp", "date")
# Columns that a stream adds to the fields of a record.
OWN_COLUMNS = ("kafka_partition", "kafka_offset", "kafka_time", "ingested_at")
STREAM = re.compile(r"[a-z][a-z0-9-]{0,39}")
TOPIC = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
TABLE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
# What the metastore's table of locks has room for.
MOST_CHARACTERS = 128
FIELD = re.compile(r"[a-z][a-z0-9_]*")
PARTITION = re.compile(r"(?:(?:years|months|days|hours)\((?P<time>\w+)\)|(?:bucket|truncate)\([1-9][0-9]*, ?(?P<other>\w+)\)|(?P<plain>\w+))")
MASTER = re.compile(r"local\[[1-9][0-9]*\]|spark://[^\s/]+:[0-9]+")
# Spark refuses a driver with less.
LEAST_DRIVER_MIB = 512


def streams(given, defaults):
    """Fill in what streams and their topics do not say.

    :param given: list of dicts, as the role spark_streams takes them.
    :param defaults: what is true of those that say nothing else: the values of a stream, those of a topic, and ``namespace``.
    :returns: the streams with every value, each with its topics.
    """
    return [_stream(stream, defaults) for stream in given]


def _stream(stream, defaults):
    names = ("trigger_seconds", "max_offsets_per_trigger", "driver_memory_mib", "master")
    return {
        "name": stream["name"],
        **{name: stream.get(name, defaults[name]) for name in names},
        "topics": [_topic(topic, defaults) for topic in stream["topics"]],
    }


def _topic(topic, defaults):
    return {
        "topic": topic["topic"],
        "table": topic.get("table", "%s.%s" % (defaults["namespace"], topic["topic"].split(".")[-1])),
        "schema": topic["schema"],
        "required": topic.get("required", defaults["required"]),
        "partitioned_by": topic.get("partitioned_by", defaults["partitioned_by"]),
        "properties": {**defaults["properties"], **topic.get("properties", {})},
        "fail_on_data_loss": topic.get("fail_on_data_loss", True),
    }


def stream_problems(given, dead_letters):
    """Say what in streams cannot work, each time with the variable, the value and the remedy.

    :param given: the streams, as :func:`streams` fills them in.
    :param dead_letters: the table of malformed records.
    :returns: list of sentences, empty where all is well.
    """
    said = []
    for stream in given:
        said += ["spark_streams_streams, stream %s: %s" % (stream["name"], fault) for fault in _stream_faults(stream)]
        for topic in stream["topics"]:
            said += ["spark_streams_streams, stream %s, topic %s: %s" % (stream["name"], topic["topic"], fault) for fault in _topic_faults(topic)]
    topics = [topic for stream in given for topic in stream["topics"]]
    for name in _twice(stream["name"] for stream in given):
        said.append("spark_streams_streams has the stream %s twice. Give each its own name." % name)
    for name in _twice(topic["topic"] for topic in topics):
        said.append("spark_streams_streams has the topic %s twice. Each record would be written twice: keep it in one stream." % name)
    for table in _twice(topic["table"] for topic in topics):
        sharing = ", ".join(topic["topic"] for topic in topics if topic["table"] == table)
        said.append("spark_streams_streams sends %s into one table, %s. Give each topic a `table` of its own." % (sharing, table))
    if not TABLE.fullmatch(dead_letters):
        said.append('spark_streams_dead_letters is "%s". Use the form namespace.name, in small letters, digits and underscores.' % dead_letters)
    if dead_letters in [topic["table"] for topic in topics]:
        said.append("spark_streams_dead_letters, %s, is also the table of a topic. Give the topic another `table`." % dead_letters)
    return said


def _stream_faults(stream):
    if not STREAM.fullmatch(stream["name"]):
        yield "no legal name. Use up to 40 small letters, digits and hyphens, with a letter first."
    if not stream["topics"]:
        yield "topics is empty. Name one at least, or take the stream out."
    if stream["trigger_seconds"] < 1:
        yield "trigger_seconds is %s, with which it would never rest. Set 1 or more." % stream["trigger_seconds"]
    if stream["max_offsets_per_trigger"] < 1:
        yield "max_offsets_per_trigger is %s, with which it would never read. Set 1 or more." % stream["max_offsets_per_trigger"]
    if stream["driver_memory_mib"] < LEAST_DRIVER_MIB:
        yield "driver_memory_mib is %s. Set %s or more." % (stream["driver_memory_mib"], LEAST_DRIVER_MIB)
    if not MASTER.fullmatch(stream["master"]):
        yield 'master is "%s". Set local[N], N being a number of threads, or spark://HOST:PORT.' % stream["master"]


def _topic_faults(topic):
    if not TOPIC.fullmatch(topic["topic"]):
        yield "no legal name. Use the form dominio.origem, in small letters, digits and underscores."
    if not TABLE.fullmatch(topic["table"]):
        yield 'table is "%s". Use the form namespace.name, in small letters, digits and underscores.' % topic["table"]
    if not topic["schema"]:
        yield "schema is empty. List the fields of its records with their types."
    for part in topic["table"].split("."):
        if len(part) > MOST_CHARACTERS:
            yield "table has a name of %d characters. The metastore keeps %d at most." % (len(part), MOST_CHARACTERS)
    for field, kind in topic["schema"].items():
        if len(field) > MOST_CHARACTERS:
            yield "schema has a field of %d characters. Use %d at most." % (len(field), MOST_CHARACTERS)
        if not FIELD.fullmatch(field):
            yield 'schema has the field "%s". Use small letters, digits and underscores, with a letter first.' % field
        if kind not in TYPES:
            yield "schema has the field %s of type %s. There are %s." % (field, kind, ", ".join(TYPES))
        if field in OWN_COLUMNS:
            yield "schema has the field %s, which is a column that the stream adds. Give it another name." % field
    for field in topic["required"]:
        if field not in topic["schema"]:
            yield "required names %s, which schema does not have. Add it there, or say what is required of this topic." % field
    for partition in topic["partitioned_by"]:
        parts = PARTITION.fullmatch(partition)
        if not parts:
            yield 'partitioned_by has "%s". Use a column, years(), months(), days() or hours() of one, bucket(N, column) or truncate(N, column).' % partition
            continue
        column = [part for part in parts.groups() if part][0]
        kind = {"kafka_time": "timestamp", "ingested_at": "timestamp", "kafka_partition": "long", "kafka_offset": "long"}.get(
            column, topic["schema"].get(column))
        if kind is None:
            yield "partitioned_by has %s, and there is no column %s. Name a field of schema, or one that the stream adds." % (partition, column)
        elif parts["time"] and (kind not in ("timestamp", "date") or (kind == "date" and partition.startswith("hours"))):
            yield "partitioned_by has %s, and %s is a %s. Name a field that has what it takes." % (partition, column, kind)
        elif parts["other"] and kind in ("double", "boolean"):
            yield "partitioned_by has %s, and %s is a %s. Name a field that has what it takes." % (partition, column, kind)


def _column_faults(table):
    """Columns that Spark, Trino or the metastore cannot bear: the first two read capitals as small letters."""
    for field, kind in table["schema"].items():
        if not FIELD.fullmatch(field) or len(field) > MOST_CHARACTERS:
            yield 'schema has "%s". Use up to %d small letters, digits and underscores, with a letter first.' % (field, MOST_CHARACTERS)
        if kind not in TYPES:
            yield "schema has the field %s of type %s. There are %s." % (field, kind, ", ".join(TYPES))
    if len(table["name"]) > MOST_CHARACTERS:
        yield "name has %d characters. The metastore keeps %d at most." % (len(table["name"]), MOST_CHARACTERS)


def personal_problems(tables):
    """Say what in the columns of curated tables cannot work, those that name persons above all.

    :param tables: dicts with name and schema, and with hashed, left_out and subject where they have any.
    :returns: list of sentences, empty where all is well.
    """
    said = []
    for table in tables:
        said += ["%s.%s" % (table["name"], fault) for fault in _column_faults(table)]
        hashed, left_out, subject = table.get("hashed") or [], table.get("left_out") or [], table.get("subject")
        for field in hashed:
            if table["schema"].get(field) != "string":
                said.append("%s.hashed has %s, which is no string of its schema. Only those become pseudonyms." % (table["name"], field))
        for field in left_out:
            if field not in table["schema"] or field in hashed:
                said.append("%s.left_out has %s, which its schema does not have, or hashed has as well. Take it out." % (table["name"], field))
            if field in (table.get("key", "event_id"), "event_time"):
                said.append("%s.left_out has %s, which a curated table cannot do without." % (table["name"], field))
        if subject and subject not in hashed:
            said.append("%s.subject is %s, which would be there in clear text. Add it to hashed." % (table["name"], subject))
    return ["spark_streams_curate_tables: %s" % problem for problem in said]


def _twice(names):
    seen, twice = set(), []
    for name in names:
        if name in seen and name not in twice:
            twice.append(name)
        seen.add(name)
    return twice


class FilterModule:
    """Filters that shape and check what streams are told."""

    def filters(self):
        return {"streams": streams, "stream_problems": stream_problems, "personal_problems": personal_problems}
