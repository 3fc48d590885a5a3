# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The validator lets through what is as the schema says, and nothing else, whatever it is given."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lakehouse_datagen.generators import TYPES, records
from lakehouse_datagen.isp import Isp, check_digits
from lakehouse_datagen.validator import Rejected, validator

ISP = Isp(42)
AT = 1795791600
SAMPLES = {
    name: list(records(ISP, name, module.slots(None, AT)[-1], **({"rows": 50} if name == "sales" else {})))[:50] for name, module in TYPES.items()
}
names = st.sampled_from(list(TYPES))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refused(name, record):
    with pytest.raises(Rejected) as reason:
        validator(name).encode(record)
    return str(reason.value)


@given(name=names, data=st.data())
def test_a_good_record_becomes_one_line_that_says_the_same(name, data):
    record = data.draw(st.sampled_from(SAMPLES[name]))
    line = validator(name).encode(record)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == record


@given(name=names, data=st.data())
def test_every_field_is_needed(name, data):
    record = dict(data.draw(st.sampled_from(SAMPLES[name])))
    field = data.draw(st.sampled_from(list(record)))
    del record[field]
    assert field in refused(name, record)


@given(name=names, field=st.text(min_size=1), value=anything, data=st.data())
def test_no_other_field_gets_in(name, field, value, data):
    record = dict(data.draw(st.sampled_from(SAMPLES[name])))
    assume(field not in record)
    refused(name, {**record, field: value})


@given(name=names, value=anything)
def test_whatever_it_is_given_it_lets_through_or_says_why(name, value):
    """Random values are never such a record, so each must be refused, with a reason, and with nothing else raised."""
    assert refused(name, value)


@settings(max_examples=400)
@given(name=names, value=anything, data=st.data())
def test_what_is_let_through_can_be_read_back(name, value, data):
    record = dict(data.draw(st.sampled_from(SAMPLES[name])))
    field = data.draw(st.sampled_from(list(record)))
    record[field] = value
    try:
        line = validator(name).encode(record)
    except Rejected as reason:
        assert field in str(reason) or "JSON" in str(reason)
    else:
        assert json.loads(line) == record and line.count(b"\n") == 1


@given(name=names, data=st.data(), wrong=st.sampled_from([[], {}, True, [1], {"a": 1}, "\n", float("nan"), float("inf"), -(10**30)]))
def test_a_field_of_another_kind_is_refused(name, data, wrong):
    record = dict(data.draw(st.sampled_from(SAMPLES[name])))
    record[data.draw(st.sampled_from(list(record)))] = wrong
    # A line break is text, and fits where any text does.
    assume(wrong != "\n" or not any(value == "\n" for field, value in record.items() if field in FREE_TEXT))
    refused(name, record)


FREE_TEXT = {"nas_port_id", "olt_name", "cpe_model", "district", "customer_name", "product"}


@given(digits=st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_a_cpf_that_could_be_somebodys_is_refused(digits):
    true = "".join(map(str, digits + check_digits(digits)))
    record = dict(SAMPLES["billing"][0], tax_id=true)
    assert "tax_id" in refused("billing", record)


@given(text=st.text(alphabet=string.digits + "TZ:.-+ ٣", max_size=30))
def test_only_moments_of_utc_that_exist_are_moments(text):
    import datetime

    record = dict(SAMPLES["sales"][0], event_time=text)
    try:
        validator("sales").encode(record)
    except Rejected as reason:
        assert "event_time" in str(reason)
    else:
        assert datetime.datetime.fromisoformat(text).utcoffset() == datetime.timedelta(0)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-30T00:00:00Z", "2026-02-28T24:00:01Z", "2026-02-28T00:00:00", "2026-02-28 00:00:00Z", "2026-02-28T00:00:00+00:00",
        "٢٠٢٦-02-28T00:00:00Z",
    ],
)  # fmt: skip
def test_other_moments_are_refused(moment):
    assert "event_time" in refused("sales", dict(SAMPLES["sales"][0], event_time=moment))


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "20260228", "2026-02-28T", "٢٠٢٦-02-28"])
def test_other_days_are_refused(day):
    assert "due_date" in refused("billing", dict(SAMPLES["billing"][0], due_date=day))


def test_half_characters_are_refused():
    assert "JSON" in refused("billing", dict(SAMPLES["billing"][0], customer_name="\ud800"))
