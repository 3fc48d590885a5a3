# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import lake
import pytest


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("lakehouse.raw.sales", "`lakehouse`.`raw`.`sales`"),
        ("lakehouse.raw-2.2027", "`lakehouse`.`raw-2`.`2027`"),
        ("lakehouse.raw.a.b", "`lakehouse`.`raw`.`a.b`"),
        ("lakehouse.raw.tick`s", "`lakehouse`.`raw`.`tick``s`"),
    ],
)
def test_a_name_is_quoted_part_by_part(name, sql):
    assert lake.quoted(name) == sql


def test_text_cannot_get_out_of_its_quotes():
    assert lake.text("a'b\\") == "'a\\'b\\\\'"


@pytest.mark.parametrize(
    ("other", "shares"),
    [
        ("s3a://lake/db/sales", True),
        ("s3://lake/db/sales/", True),  # the same objects
        ("s3a://lake/db/sales/data", True),
        ("s3a://lake/db", True),
        ("s3a://lake/db/sales_2025", False),
        ("s3a://other/db/sales", False),
    ],
)
def test_who_shares_a_folder(other, shares):
    found = lake.sharing({"a": {"s3a://lake/db/sales"}, "b": {lake.normal(other)}, "c": {"s3a://lake/db2/c"}})
    assert found == ({"a": ["b"], "b": ["a"]} if shares else {})


def test_data_that_are_kept_elsewhere_count_as_well():
    assert lake.sharing({"a": {"s3a://lake/a"}, "b": {"s3a://lake/b", "s3a://lake/a/data"}}) == {"a": ["b"], "b": ["a"]}
