# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds records against the schema of their type, in schemas/TYPE.yaml (JSON Schema, draft 7)."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import json

import fastjsonschema
import yaml

from .isp import check_digits


class Rejected(Exception):
    """A record that is not as its schema says; the message is the reason."""


class Validator:
    def __init__(self, name):
        self.name = name
        schema = yaml.safe_load(importlib.resources.files(__package__).joinpath("schemas", f"{name}.yaml").read_text("utf-8"))
        schema.update(type="object", required=list(schema["properties"]), additionalProperties=False)
        self._check = fastjsonschema.compile(schema, formats=FORMATS)

    def encode(self, record):
        """The record as a line of JSON."""
        try:
            self._check(record)
            # Refuses what JSON cannot say: NaN, infinities, half characters.
            return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        except fastjsonschema.JsonSchemaValueException as error:
            raise Rejected(error.message.removeprefix("data ").removeprefix("data.")) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Rejected(f"is no JSON: {error}") from error


validator = functools.lru_cache(Validator)


def is_utc_time(text):
    try:
        return text.isascii() and text.endswith("Z") and text[10:11] == "T" and datetime.datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def is_calendar_date(text):
    try:
        return text.isascii() and len(text) == 10 and datetime.date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_nobodys_cpf(text):
    """Eleven digits of which the last two are wrong: a true CPF could be somebody's."""
    if not (text.isascii() and text.isdigit() and len(text) == 11):
        return False
    digits = [int(digit) for digit in text]
    return digits[9:] != check_digits(digits[:9])


FORMATS = {"utc-time": is_utc_time, "calendar-date": is_calendar_date, "nobodys-cpf": is_nobodys_cpf}
