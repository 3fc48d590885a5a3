# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From generator to bucket: every type arrives whole, where it must, and once."""

from __future__ import annotations

import gzip
import json

import pytest
from lakehouse_datagen import times
from lakehouse_datagen.app import OK
from lakehouse_datagen.generators import TYPES
from lakehouse_datagen.validator import validator

AT = times.parse("2026-11-24T23:10:00")


@pytest.mark.parametrize("name", TYPES)
def test_every_type_arrives(site, name):
    options = {"rows": 500} if name == "sales" else {}
    code, made = site.app.run(name, AT, **options)
    assert code == OK
    (key,) = site.versions()
    slot = times.utc(TYPES[name].slots(None, AT)[0])
    assert key == f"raw/{name}/{slot:%Y/%m/%d}/{made[0]['batch']}"
    response = site.server.client().get_object(site.bucket, key)
    records = [json.loads(line) for line in gzip.decompress(response.read()).splitlines()]
    assert len(records) == made[0]["records"] and made[0]["rejected"] == 0
    assert len({record["event_id"] for record in records}) == len(records)
    for record in records:
        validator(name).encode(record)
