# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements out of files, and which of Trino's errors are problems."""

from __future__ import annotations

import http.server
import json
import pathlib
import threading

import pytest
from hypothesis import given, strategies
from lakehouse_gitops import sql, trino
from lakehouse_gitops.settings import Unfinished


PARAMETERS = b'{"day": {"type": "date", "example": "2026-01-31"}, "days": {"type": "integer", "example": 3}}'


class TestRead:
    def test_parameters_are_those_of_the_files_folder(self):
        files = {"a/x.sql": b"select 1;\r\nselect date '{{ params.day }}', interval '{{ params.days }}' day; -- why;", "a/params.json": PARAMETERS}
        assert sql.read(files) == (
            [sql.Statement("a/x.sql", 1, "select 1"), sql.Statement("a/x.sql", 2, "select date '2026-01-31', interval '3' day")],
            [],
        )

    @pytest.mark.parametrize("name", ["b/x.sql", "a/b/x.sql", "x.sql"])
    def test_and_of_no_other(self, name):
        dummy, problems = sql.read({name: b"\nselect {{ params.day }}", "a/params.json": PARAMETERS})
        assert problems == [f"{name}: line 2: params.day is not declared in params.json"]

    def test_what_cannot_be_read_is_named_with_its_file(self):
        files = {"a/x.sql": b"select {{ 7 * 7 }}", "b/x.sql": b"select '", "c/params.json": b"{", "d/x.sql": b"select 1"}
        found, problems = sql.read(files)
        assert [item.file for item in found] == ["d/x.sql"]
        assert [problem.partition(":")[0] for problem in problems] == ["a/x.sql", "b/x.sql", "c/params.json"]

    @given(strategies.lists(strategies.from_regex(r"select [a-z]{1,5}(\n  from [a-z]{1,5})?", fullmatch=True), max_size=5))
    def test_what_is_joined_comes_apart(self, texts):
        found, dummy = sql.read({"x.sql": "".join(text + ";\n" for text in texts).encode()})
        assert [item.text for item in found] == texts

    @pytest.mark.parametrize(
        "text, name",
        [
            ("create table lakehouse.gold.x (a int)", "lakehouse.gold.x"),
            ('CREATE TABLE IF NOT EXISTS lakehouse."gold".X AS select 1', "lakehouse.gold.x"),
            ("create schema if not exists lakehouse.gold with (location = 'x')", "lakehouse.gold"),
            ("create or replace view v as select 1", "v"),
            ("insert into x select 1", ""),
        ],
    )
    def test_what_it_creates(self, text, name):
        assert sql.Statement("f", 1, text).creates == name


def test_the_files_that_are_for_trino(archive):
    tree = archive(**{"sql/a.sql": "select 1", "sql/params.json": "{}", "b.spark.sql": "x", "README.md": "select"})
    assert sql.files_of(tree) == {"sql/a.sql": b"select 1", "sql/params.json": b"{}"}


def test_dags_that_read_sql_in_another_way_than_the_check_are_refused(archive):
    ours = pathlib.Path(sql.statements.__file__).read_text(encoding="utf-8")
    assert sql.copy_problems(archive(**{sql.COPY: ours})) == []
    assert sql.copy_problems(archive(**{"dags/other.py": ""})) == []
    (problem,) = sql.copy_problems(archive(**{sql.COPY: ours + "\n"}))
    assert problem.startswith("dags/lakehouse/statements.py: it is not the platform's")


def error(name, message="", kind="USER_ERROR"):
    return {"errorName": name, "errorType": kind, "message": message}


MISSING = error("TABLE_NOT_FOUND", "line 1:15: Table 'lakehouse.gold.x' does not exist")
SELECT = sql.Statement("a.sql", 7, "select 1 from lakehouse.gold.x")


class TestProblem:
    def test_an_error_says_where(self):
        found = trino.problem(SELECT, error("COLUMN_NOT_FOUND", "line 1:8: Column 'a' cannot be resolved"), set(), False)
        assert found == "a.sql:7: line 1:8: Column 'a' cannot be resolved"

    def test_a_missing_table_is_one(self):
        assert "does not exist" in trino.problem(SELECT, MISSING, {"lakehouse.gold.y"}, False)

    @pytest.mark.parametrize("created, bygone", [({"lakehouse.gold.x"}, False), (set(), True)])
    def test_but_not_one_that_the_tree_makes_or_that_was_missing_before(self, created, bygone):
        assert trino.problem(SELECT, MISSING, created, bygone) == ""

    def test_a_wrong_column_is_wrong_in_a_bygone_file_too(self):
        assert trino.problem(SELECT, error("COLUMN_NOT_FOUND", "x"), set(), True)

    def test_rights_are_a_problem_of_queries_alone(self):
        denied = error("PERMISSION_DENIED", "Access Denied")
        assert trino.problem(SELECT, denied, set(), False)
        assert not trino.problem(sql.Statement("a.sql", 1, "ALTER TABLE x EXECUTE optimize"), denied, set(), False)

    @pytest.mark.parametrize("kind", ["INTERNAL_ERROR", "EXTERNAL", "INSUFFICIENT_RESOURCES"])
    def test_what_is_trinos_own_is_tried_again(self, kind):
        with pytest.raises(Unfinished):
            trino.problem(SELECT, error("X", "down", kind), set(), False)


@pytest.fixture
def server():
    """Answers in two pages, the second of which says that it is elsewhere; knows what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        asked = []

        def do_POST(self):
            self.asked.append((self.headers["X-Trino-User"], self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.answer({"nextUri": "http://elsewhere.invalid/v1/next?token=1"})

        def do_GET(self):
            self.answer({"error": error("SYNTAX_ERROR", "mismatched input")} if "bad" in self.asked[-1][1] else {})

        def answer(self, content):
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *dummy):
            pass

    running = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


class TestTrino:
    def test_statements_are_explained_and_never_run(self, server):
        client = trino.Trino(f"http://127.0.0.1:{server.server_port}", "gitops", "")
        found = [sql.Statement("a.sql", 1, "drop table x"), sql.Statement("a.sql", 2, "bad")]
        assert trino.problems(client, found[:1], set()) == []
        assert trino.problems(client, found[1:], set()) == ["a.sql:2: mismatched input"]
        assert server.RequestHandlerClass.asked == [
            ("gitops", "EXPLAIN (TYPE VALIDATE) drop table x"),
            ("gitops", "EXPLAIN (TYPE VALIDATE) bad"),
        ]

    def test_it_goes_where_it_was_sent_and_nowhere_else(self, server, monkeypatch):
        def get(handler):
            asked.append(handler.path)
            handler.send_response(302)
            handler.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        asked = []
        monkeypatch.setattr(server.RequestHandlerClass, "do_GET", get)
        with pytest.raises(Unfinished, match="Trino answers 302"):
            trino.Trino(f"http://127.0.0.1:{server.server_port}", "gitops", "of-this-test").explain("select 1")
        assert asked == ["/v1/next?token=1"]

    def test_a_server_that_is_away_is_no_problem_of_the_tree(self):
        with pytest.raises(Unfinished):
            trino.Trino("http://127.0.0.1:9", "gitops", "").explain("select 1")
