# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a tree, each fed a fault, and the way to them."""

from __future__ import annotations

import json
import socket
import sys
import threading

import pytest
from lakehouse_gitops import checks, sandbox
from lakehouse_gitops.settings import Unfinished


@pytest.fixture
def check(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(checks, "PYTHON", sys.executable)

    def check(*names, **files):
        return checks.check({"checks": names, "interpreter": sys.executable}, archive(**files), tmp_path)

    return check


class TestChecks:
    def test_a_good_tree_has_no_problem(self, check):
        assert check(
            "python", "tests", "yaml",
            **{
                "jobs/job.py": "def one():\n    return 1\n",
                "tests/test_job.py": "import job\n\n\ndef test_one():\n    assert job.one() == 1\n",
                "a.yml": "a: 1\n",
            },
        ) == []  # fmt: skip

    @pytest.mark.parametrize(
        "text, words", [("def x(:\n", "jobs/a.py:1"), ("import os\n", "'os' imported but unused"), ("print(nothing)\n", "undefined name 'nothing'")]
    )
    def test_what_is_plainly_wrong_is_found(self, check, text, words):
        (problem,) = check("python", **{"jobs/a.py": text})
        assert words in problem

    def test_a_failing_test_is_named(self, check):
        (problem,) = check("tests", **{"tests/test_a.py": "def test_it():\n    assert 1 == 2\n"})
        assert problem == "tests/test_a.py::test_it: assert 1 == 2"

    def test_tests_that_cannot_be_read_are_named(self, check):
        (problem,) = check("tests", **{"tests/test_a.py": "import nothing_such\n"})
        assert problem == "tests/test_a.py: ModuleNotFoundError: No module named 'nothing_such'"

    @pytest.mark.parametrize("ending", ["import os; os._exit(0)", "import sys; sys.exit(0)"])
    def test_tests_that_end_early_are_not_green(self, check, ending):
        assert check("tests", **{"tests/test_a.py": ending + "\n"})

    def test_no_tests_are_no_problem(self, check):
        assert check("tests", **{"a.py": "", "tests/README": ""}) == []

    def test_tests_that_never_end_are_ended(self, check, monkeypatch):
        monkeypatch.setattr(checks, "SECONDS", 1)
        (problem,) = check("tests", **{"tests/test_a.py": "import time\n\ntime.sleep(60)\n"})
        assert "not done after 1 s" in problem

    def test_files_that_cannot_be_read_are_named(self, check):
        assert len(check("yaml", **{"a.yml": "a: [", "b.json": "{", "c.yaml": "x: 1\n---\ny: 2\n"})) == 2

    def test_a_link_is_refused(self, check):
        assert "is a link" in check("python", **{"a": "->/etc/passwd"})[0]


class Answering:
    """One caller of a Unix socket is answered with this."""

    def __init__(self, path, answer):
        self.path, self.answer, self.request = str(path), answer, b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, dummy = self.socket.accept()
        with connection:
            while chunk := connection.recv(65536):
                self.request += chunk
            connection.sendall(self.answer)


class TestSandbox:
    @pytest.mark.parametrize(
        "answer, problems",
        [
            (b'{"problems": []}', []),
            (b'{"problems": ["a"]}', ["a"]),
            (b"", ["it was ended before it answered, by a limit of its memory or time"]),
            (b"[]", ["what answers is no list of problems"]),
            (b'{"problems": [1]}', ["what answers is no list of problems"]),
            (b'{"problems": ""}', ["what answers is no list of problems"]),
            (b'{"problems": []} more', ["what answers is no list of problems"]),
            (b"x" * (sandbox.ANSWER_BYTES + 1), ["what checks says more than it may"]),
        ],
    )
    def test_what_is_answered(self, tmp_path, answer, problems):
        answering = Answering(tmp_path / "s", answer)
        assert sandbox.ask(answering.path, {"checks": []}, b"tree", 10) == problems
        head, dummy, content = answering.request.partition(b"\n")
        assert json.loads(head) == {"checks": []} and content == b"tree"

    def test_what_never_answers_is_not_waited_for(self, tmp_path):
        silent = socket.socket(socket.AF_UNIX)
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        assert sandbox.ask(str(tmp_path / "s"), {}, b"", 1) == ["not done after 1 s"]
        silent.close()

    def test_a_sandbox_that_is_away_is_no_problem_of_the_tree(self, tmp_path):
        with pytest.raises(Unfinished):
            sandbox.ask(str(tmp_path / "none"), {}, b"", 1)
