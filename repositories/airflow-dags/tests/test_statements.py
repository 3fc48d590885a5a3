"""The reading of SQL that the check, the deployment and the run share. Needs no Airflow."""

from __future__ import annotations

import json

import pytest
from lakehouse import statements

DECLARED = {
    "day": {"type": "date", "example": "2026-01-31"},
    "days": {"type": "integer", "example": 7},
    "until": {"type": "timestamp", "example": "2026-01-31 23:59:59.999"},
}


def texts(text, values=None):
    return [found for _line, found in statements.statements(text.encode(), DECLARED, values or statements.examples(DECLARED))]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select {{ params.days }}", "select 7"),
        ("select interval '{{ params.days }}' day", "select interval '7' day"),
        ("select date '{{params.day}}', timestamp '{{ params.until }} UTC'", "select date '2026-01-31', timestamp '2026-01-31 23:59:59.999 UTC'"),
        (r"select regexp_like(x, '^\d{2}$'), '{\"a\": {\"b\": 1}}'", r"select regexp_like(x, '^\d{2}$'), '{\"a\": {\"b\": 1}}'"),
    ],
)
def test_parameters_are_put_in_as_they_are(text, read):
    assert texts(text) == [read]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1;\nselect {{ params.other }}", "line 2: params.other is not declared in params.json"),
        ("select {{ 7 * 7 }}", "line 1: braces hold {{ params.NAME }} and nothing else"),
        ("select '{{ params.day.year }}'", "braces hold"),
        ("select {{ params['day'] }}", "braces hold"),
        ("select {{ params.day | upper }}", "braces hold"),
        ("select {{{ params.day }}}", "braces hold"),
        ("{% if true %} select 1 {% endif %}", "braces hold"),
        ("select {# nothing #} 1", "braces hold"),
        ('select "{{ x }}"', "braces hold"),
        ("select 'a", "line 1: ' is not closed"),
        ("select 1;\n/* a", r"line 2: /* is not closed"),
    ],
)
def test_anything_else_is_a_fault(text, reason):
    with pytest.raises(statements.Fault) as fault:
        texts(text)
    assert reason in str(fault.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "2026-02-30"), ("day", "20260101"), ("day", "2026-01-01' or true --"), ("day", "2026-01-01\n"), ("day", None), ("day", "٢٠٢٦-01-01"),
        ("days", "-1"), ("days", "1.5"), ("days", True), ("days", "01"), ("until", "2026-01-01"), ("until", "2026-01-01 24:00:00"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_a_fault(name, value):
    with pytest.raises(statements.Fault, match=f"params.{name}"):
        texts(f"select '{{{{ params.{name} }}}}'", {name: value})


def test_a_parameter_without_a_value_is_a_fault():
    with pytest.raises(statements.Fault, match="params.day has no value"):
        texts("select '{{ params.day }}'", {"days": 1})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select 1;\r\nselect 2;\r\n", ["select 1", "select 2"]),
        ("select 1; -- why; 'because'\nselect 2", ["select 1", "select 2"]),
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select 1; /* a; b\n */ select 2", ["select 1", "select 2"]),
        ("select ';', '--', '/*', 'it''s;' from \"a;b\"\n;", ["select ';', '--', '/*', 'it''s;' from \"a;b\""]),
        ("select 'a\n; b -- c\n';", ["select 'a\n; b -- c\n'"]),
        ("select 1 -- {{ what }} ever\n, 2", ["select 1  \n, 2"]),
        ("create function f() returns int language python with (handler = 'f') as $$ a = 1; b = '$' $$;select 1",
         ["create function f() returns int language python with (handler = 'f') as $$ a = 1; b = '$' $$", "select 1"]),
        ("", []), ("-- nothing", []), (";\n;;", []),
    ],
)  # fmt: skip
def test_statements_end_with_a_semicolon_outside_of_quotes_and_comments(text, read):
    assert texts(text) == read


def test_each_statement_has_its_line():
    text = "-- what it is;\n\ncreate schema a;\n  \n/* more\nand more */ insert into a.b\nselect 1\n;select 2"
    assert [line for line, _text in statements.statements(text.encode(), {}, {})] == [3, 6, 8]


def test_a_file_that_is_no_text_is_a_fault():
    with pytest.raises(statements.Fault, match="not UTF-8"):
        statements.statements(b"select '\xff'", {}, {})


def test_parameters_are_declared():
    assert statements.declared(json.dumps(DECLARED).encode()) == DECLARED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"), ("[]", "no object"), ('{"Day": {"type": "date", "example": "2026-01-01"}}', "no name"),
        ('{"day": "2026-01-01"}', "day is to be"), ('{"day": {"type": "text", "example": "x"}}', "one of date, timestamp, integer"),
        ('{"day": {"type": "date"}}', "day is to be"), ('{"day": {"type": "date", "example": "today"}}', "no date"),
        ('{"day": {"type": ["date"], "example": "today"}}', "day is to be"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_declaration_is_told(text, reason):
    with pytest.raises(statements.Fault, match=reason):
        statements.declared(text.encode())
