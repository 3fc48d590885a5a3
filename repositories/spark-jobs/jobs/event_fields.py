# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fields of an event may hold, as Spark's SQL: the same for streams and for the batch job.

JSON is read with `read_as`, in which times are text, and each field then becomes its column by `value`, which is NULL for
what is not in the documented form. Spark's own cast would complete a lone time with today's date, and a lone year with
its first day.
"""
from __future__ import annotations

SPARK_TYPES = {"string": "STRING", "long": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP", "date": "DATE"}
# ISO 8601: a full date; a full date and time, in UTC where no offset follows.
FORMS = {
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z",
    "timestamp": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?\z",
}
# Outside of these a clock is wrong; and its day would be a partition of its own.
FIRST, LAST = "1900-01-01", "2200-01-01"
# Kinds of which the JSON reader takes what the column must not have.
CHECKED = ("timestamp", "date", "double")


def text_of(value: str) -> str:
    """A text as a literal of Spark's SQL."""
    return "'%s'" % value.replace("\\", "\\\\").replace("'", "\\'")


def read_as(kind: str) -> str:
    """The type by which JSON is read. Of a day that there is not, from_json would make the query fail."""
    return "STRING" if kind in FORMS else SPARK_TYPES[kind]


def in_time(expression: str) -> str:
    """A time or date that is within the years of a working clock; NULL otherwise."""
    return "CASE WHEN %s BETWEEN TIMESTAMP '%s' AND TIMESTAMP '%s' THEN %s END" % (expression, FIRST, LAST, expression)


def value(expression: str, kind: str) -> str:
    """What was read as `read_as` says, as its column has it; NULL for what is not in the form of its kind."""
    if kind in FORMS:
        return in_time("try_cast(CASE WHEN %s RLIKE %s THEN %s END AS %s)" % (expression, text_of(FORMS[kind]), expression, SPARK_TYPES[kind]))
    if kind == "double":
        # 1e400 is read as infinite. The sum makes 0.0 of negative zero, which engines compare differently.
        return "CASE WHEN abs(%s) < double('Infinity') THEN %s + 0D END" % (expression, expression)
    return expression
