# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import io
import json

import load_csv
import pytest
from load_csv import Form

BRAZIL, PLAIN = Form(zone="America/Sao_Paulo"), Form(delimiter=",", decimal=".", dates="YYYY-MM-DD")


@pytest.mark.parametrize(
    ("text", "decimal", "plain"),
    [
        ("1.234,56", ",", "1234.56"),
        ("-1.234.567,8", ",", "-1234567.8"),
        ("R$ 1.234,56", ",", "1234.56"),
        ("R$\xa0-5", ",", "-5"),
        ("-R$ 5,00", ",", "-5.00"),
        ("1.234", ",", "1234"),
        ("1234,5", ",", "1234.5"),
        ("1,234.56", ".", "1234.56"),
        ("+7", ".", "7"),
    ],
)
def test_a_number_is_read_as_it_is_written(text, decimal, plain):
    assert load_csv.number(text, decimal) == plain


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("1.23,4", ","), ("1234.56", ","), ("1,5", "."), ("1e3", ","), ("--1", ","), ("12 3", ","), ("١", ","), (",5", ","), ("0.500", ","), ("0,500", ".")],
)
def test_what_is_no_number_is_refused(text, decimal):
    with pytest.raises(ValueError, match="number"):
        load_csv.number(text, decimal)


@pytest.mark.parametrize(
    ("text", "kind", "form", "result"),
    [
        ("30/11/2026", "date", BRAZIL, "2026-11-30"),
        ("1/2/2026", "date", BRAZIL, "2026-02-01"),
        ("2026-11-30", "date", PLAIN, "2026-11-30"),
        ("30/11/2026 21:05", "timestamp", BRAZIL, "2026-12-01T00:05:00+00:00"),
        ("2026-11-30T21:05:01.5", "timestamp", PLAIN, "2026-11-30T21:05:01.500000+00:00"),
        (" Sim ", "boolean", BRAZIL, "true"),
        ("Não", "boolean", BRAZIL, "false"),
        ("12,30", "decimal(4,2)", BRAZIL, "12.30"),
        ("007", "long", BRAZIL, "007"),
        (" texto ", "string", BRAZIL, " texto "),
        ("  ", "string", BRAZIL, None),
        ("", "long", BRAZIL, None),
    ],
)
def test_a_field_becomes_what_sql_casts(text, kind, form, result):
    assert load_csv.value(text, kind, form) == result


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("31/02/2026", "date"), ("11/30/2026", "date"), ("30/11/26", "date"), ("30/11/0026", "date"), ("2026-11-30", "date"),
        ("30/11/2026", "timestamp"), ("30/11/2026 25:00", "timestamp"), ("1,5", "long"), ("1" * 19, "long"),
        ("123,4", "decimal(4,2)"), ("1,234", "decimal(4,2)"), ("talvez", "boolean"), ("x", "double"),
    ],
)  # fmt: skip
def test_what_is_not_of_its_kind_is_refused(text, kind):
    with pytest.raises(ValueError):  # noqa: PT011
        load_csv.value(text, kind, BRAZIL)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "", "-2.000"], "long"),
        (["1,5", "2"], "decimal(18,2)"),
        (["1,5", "2,1234"], "decimal(18,4)"),
        (["1" * 20 + ",5"], "decimal(38,2)"),
        (["1" * 40 + ",5"], "double"),
        (["1" * 44], "string"),  # a bill's key
        (["30/11/2026"], "date"),
        (["30/11/2026 10:00"], "timestamp"),
        (["30/11/2026", "30/11/2026 10:00"], "string"),
        (["01310100", "20040002"], "string"),
        (["0", "0,5"], "decimal(18,2)"),
        (["0.500", "1.500"], "string"),
        (["sim", "não"], "boolean"),
        (["1", "x"], "string"),
        (["", " "], "string"),
    ],
)
def test_a_column_gets_the_narrowest_type(texts, kind):
    assert load_csv.kind_of(texts, BRAZIL) == kind


@pytest.mark.parametrize(("title", "name"), [("Preço Unitário (R$)", "preco_unitario_r"), ("2026", "c_2026"), (" ID ", "id"), ("%", "")])
def test_a_title_becomes_a_name(title, name):
    assert load_csv.name_of(title) == name


@pytest.fixture
def looked(tmp_path):
    def look(data, form=BRAZIL, given=None, left_out=()):
        path, out = tmp_path / "file.csv", io.StringIO()
        path.write_bytes(data)
        columns = load_csv.columns_of(path, form, given or {}, set(left_out))
        outcome = load_csv.convert(path, form, columns, set(left_out), out)
        return {column.name: column.kind for column in columns}, outcome, [json.loads(line) for line in out.getvalue().splitlines()]

    return look


def test_a_file_of_brazil(looked):
    text = 'Data;Cidade;Valor\r\n30/11/2026;"São; ""Paulo""";1.234,56\r\n;\r\n01/12/2026;"duas\r\nlinhas";-1,00\r\n\r\n01/12/2026;;0,5\r\n'
    kinds, outcome, rows = looked(text.encode("cp1252"), dataclasses.replace(BRAZIL, encoding="windows-1252"))
    assert kinds == {"data": "date", "cidade": "string", "valor": "decimal(18,2)"}
    assert rows[0] == {"source_line": 2, "data": "2026-11-30", "cidade": 'São; "Paulo"', "valor": "1234.56"}
    assert rows[1]["source_line"] == 4 and rows[1]["cidade"] == "duas\r\nlinhas"
    assert rows[2]["source_line"] == 7 and [column.empty for column in outcome.columns] == [0, 1, 0]
    assert outcome.rows == 4 and [fault["line"] for fault in outcome.faults] == [3]


def test_what_is_wrong_is_told_by_line_and_without_the_value(looked):
    data = b'\xef\xbb\xbfid;valor\n1;2,5\nsegredo;1,5\n3\n"4"x;1\n5;\xff\n6;7,5\n'
    kinds, outcome, rows = looked(data, given={"id": "long", "valor": "decimal(18,2)"})
    assert [(fault["line"], fault.get("column")) for fault in outcome.faults] == [(3, "id"), (4, None), (5, None), (6, None)]
    assert (outcome.rows, outcome.wrong) == (6, 4) and "segredo" not in json.dumps(outcome.faults)


@pytest.mark.parametrize("titles", ["Opção;Preço".encode("cp1252"), b'id;"a"b'])
def test_titles_that_cannot_be_read_are_not_taken_from_a_row(looked, titles):
    with pytest.raises(load_csv.Wrong, match="line 1 has the titles and is not") as wrong:
        looked(titles + b"\nsegredo;1\nx;2\n")
    assert "segredo" not in str(wrong.value)


def test_without_titles_a_wrong_first_line_is_a_wrong_line(looked):
    outcome = looked(b"\xff,1\n2,3\n", dataclasses.replace(PLAIN, header=False))[1]
    assert [fault["line"] for fault in outcome.faults] == [1] and len(outcome.columns) == 2


@pytest.mark.parametrize(("first", "kind"), [(b"1", "long"), (b"1,50", "decimal(18,2)"), (b"1" * 40 + b",5", "double")])
def test_a_code_that_comes_late_loses_no_zero(looked, first, kind):
    data = b"cep\n" + (first + b"\n") * load_csv.SAMPLE + b"0\n0,5\n 01310100\n"
    kinds, outcome, rows = looked(data)
    assert kinds == {"cep": kind} and outcome.wrong >= 1
    assert outcome.faults[-1] == {"line": 1004, "column": "cep", "wrong": "begins with a zero, as a code does; give --type cep=string"}
    assert looked(data, given={"cep": "double"})[1].wrong == 0
    assert looked(data, given={"cep": "string"})[2][-1]["cep"] == " 01310100"


def test_not_every_wrong_line_is_told(looked):
    outcome = looked(b"id\n" + b"x\n" * 300, given={"id": "long"})[1]
    assert (outcome.wrong, len(outcome.faults)) == (300, load_csv.SHOWN)


def test_a_file_without_titles_and_a_column_that_stays_behind(looked):
    kinds, outcome, rows = looked(b"1,Ana,2026-11-30\n", dataclasses.replace(PLAIN, header=False), left_out=["column_2"])
    assert kinds == {"column_1": "long", "column_2": "string", "column_3": "date"}
    assert rows == [{"source_line": 1, "column_1": "1", "column_3": "2026-11-30"}] and not outcome.wrong


@pytest.mark.parametrize(("data", "given"), [(b"", {}), (b"a;a\n1;2\n", {}), (b"a;\n1;2\n", {}), (b"a;Source File\n1;2\n", {}), (b"a;b\n1;2\n", {"c": "long"})])
def test_columns_that_cannot_be_told_are_refused(looked, data, given):
    with pytest.raises(load_csv.Wrong):
        looked(data, given=given)


@pytest.mark.parametrize(
    "wrong",
    [["/etc/passwd.csv", "x"], ["../raw/x.csv", "x"], ["x.exe", "x"], ["x.csv", "Metas"], ["x.csv", "raw.sales"], ["x.csv", "x", "--type", "a=money"],
     ["x.csv", "x", "--type", "a=decimal(39,2)"], ["x.csv", "x", "--decimal", ";"], ["x.csv", "x", "--zone", "Brasil"]],
)  # fmt: skip
def test_a_wrong_call_ends_with_two(wrong):
    with pytest.raises(SystemExit) as ended:
        load_csv.parser().parse_args(["settings.json", *wrong])
    assert ended.value.code == 2
