# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import json

import erase
import pytest

SETTINGS = {
    "catalog": "lakehouse", "namespace": "curated", "raw_namespace": "raw", "raw_zone": "s3a://datalake/raw", "dead_letters": "raw.dead_letters",
    "tables": [
        {"name": "billing", "schema": {}, "subject": "subscriber_id"},
        {"name": "olt_metrics", "schema": {}},
        {"name": "sales", "schema": {}, "subject": "customer_id", "raw": "raw.vendas", "data_type": "shop"},
    ],
}  # fmt: skip
SOMEBODY = "0" * 64


def test_persons_are_in_raw_and_curated_tables_and_in_files():
    assert [(place.table, place.subject, place.folder) for place in erase.places(SETTINGS, [])] == [
        ("lakehouse.raw.billing", "subscriber_id", "s3a://datalake/raw/billing"),
        ("lakehouse.curated.billing", "subscriber_id", ""),
        ("lakehouse.raw.vendas", "customer_id", "s3a://datalake/raw/shop"),
        ("lakehouse.curated.sales", "customer_id", ""),
    ]


def test_a_table_that_a_law_keeps_stays():
    assert "lakehouse.raw.billing" not in [place.table for place in erase.places(SETTINGS, ["lakehouse.raw.billing"])]
    with pytest.raises(ValueError, match="no table with persons: lakehouse.raw.bills"):
        erase.places(SETTINGS, ["lakehouse.raw.bills"])


def test_a_file_loses_the_persons_lines_and_keeps_every_other_byte():
    lines = [b'{"customer_id": "C1", "n": 1}\n', b'{"n": 2, "customer_id": "C2"}\n', b"no JSON of C2\n", b"no JSON\n", b'{"customer_id": "C22"}\n', b"[1]\n"]
    content, gone = erase.without(gzip.compress(b"".join(lines)), "customer_id", {"C2"})
    # A line that is no record is taken out where it mentions the person.
    assert gzip.decompress(content) == b"".join([lines[0], lines[3], lines[4], lines[5]]) and gone == 2


def test_text_cannot_get_out_of_its_quotes():
    assert erase.among("id", ["a'b\\"]) == "`id` is not null and `id` in ('a\\'b\\\\')"
    assert erase.among("id", []) == "false" == erase.mentions("value", [])
    assert erase.mentions("value", ["C1", "C2"]) == "locate('C1', value) > 0 or locate('C2', value) > 0"


@pytest.mark.parametrize(
    "arguments",
    [
        ["remove", "--request", "R1", "--pseudonym", "C000042"],  # the identifier itself
        ["remove", "--request", "R1", "--pseudonym", SOMEBODY.upper().replace("0", "A")],
        ["remove", "--request", "Maria da Silva", "--pseudonym", SOMEBODY],
        ["vanish", "--request", "R1", "--pseudonym", SOMEBODY],
        ["remove", "--request", "R1", "--pseudonym", SOMEBODY, "--keep", "lakehouse.raw.nothing"],
    ],
)
def test_a_wrong_call_ends_with_2_before_spark_is_started(arguments, tmp_path, capsys):
    path = tmp_path / "curate.json"
    path.write_text(json.dumps(SETTINGS))
    with pytest.raises(SystemExit) as end:
        erase.main([str(path), *arguments])
    assert end.value.code == 2 and "usage" in capsys.readouterr().err
