# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases, the link to one of them, and what is remembered of commits."""

from __future__ import annotations

import json
import logging
import os
import time
from types import SimpleNamespace

import pytest
from lakehouse_gitops import __main__ as command
from lakehouse_gitops import release
from lakehouse_gitops.record import Memory, Record, printable

ONE, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def releases(tmp_path):
    return release.Releases(tmp_path, "jobs")


class TestReleases:
    def test_the_link_is_the_new_one_and_then_the_next(self, releases, archive, tmp_path):
        assert releases.current() == ""
        for commit in (ONE, OTHER):
            releases.add(commit, archive(**{"jobs/a.py": commit}))
            releases.put(commit)
            assert releases.current() == commit and (tmp_path / "jobs/jobs/a.py").read_text() == commit
        assert (releases.path(ONE) / "jobs/a.py").read_text() == ONE
        releases.back(ONE)
        assert releases.current() == ONE
        releases.back("")
        assert releases.current() == ""

    def test_files_are_for_all_to_read_and_dated_when_they_came(self, releases, archive):
        old = os.umask(0o022)
        releases.add(ONE, archive(**{"a/b.py": ""}))
        os.umask(old)
        path = releases.path(ONE) / "a/b.py"
        assert path.stat().st_mode & 0o777 == 0o644 and path.parent.stat().st_mode & 0o777 == 0o755
        assert path.stat().st_mtime > time.time() - 60

    @pytest.mark.parametrize("files", [{"a": "->/etc/passwd"}, {"../a": ""}, {"/a": ""}, {"a/../../b": ""}])
    def test_what_leads_elsewhere_is_refused_and_leaves_nothing(self, releases, archive, files):
        with pytest.raises(release.Refused):
            releases.add(ONE, archive(**files))
        assert list(releases.folder.iterdir()) == []

    def test_what_an_earlier_try_left_is_made_anew_but_not_what_runs(self, releases, archive):
        releases.path(ONE).mkdir(parents=True)
        releases.add(ONE, archive(a="1"))
        assert (releases.path(ONE) / "a").exists()
        releases.put(ONE)
        releases.add(ONE, archive(b="2"))
        assert not (releases.path(ONE) / "b").exists()

    def test_the_oldest_go_and_never_the_current(self, releases, archive):
        commits = [str(number) * 40 for number in range(5)]
        for age, commit in enumerate(commits):
            releases.add(commit, archive(a=""))
            os.utime(releases.path(commit), (age, age))
        releases.put(commits[0])
        assert releases.prune(3) == [f"jobs-{commits[2]}", f"jobs-{commits[1]}"]
        assert sorted(path.name for path in releases.folder.iterdir()) == [f"jobs-{commits[number]}" for number in (0, 3, 4)]


class TestMemory:
    def test_it_outlives_the_run(self, tmp_path):
        memory = Memory(tmp_path / "m")
        memory.judge("jobs", ONE, "refused", None)
        memory.answer("jobs", OTHER, "failure")
        memory.checked("jobs", "tree", "way")
        memory = Memory(tmp_path / "m")
        assert memory.judged("jobs")["result"] == "refused" and memory.answered("jobs", OTHER) == "failure"
        assert memory.green("jobs", "tree", "way") and not memory.green("jobs", "tree", "another way")
        memory.forget("jobs")
        assert Memory(tmp_path / "m").judged("jobs") == {}

    def test_a_broken_file_is_no_memory(self, tmp_path):
        (tmp_path / "m").write_text("{")
        assert Memory(tmp_path / "m").judged("jobs") == {}

    def test_it_has_an_end(self, tmp_path, monkeypatch):
        monkeypatch.setattr("lakehouse_gitops.record.KEPT", 3)
        memory = Memory(tmp_path / "m")
        for number in range(9):
            memory.answer("jobs", str(number), "success")
        assert memory.answered("jobs", "8") and not memory.answered("jobs", "5")


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Corrige a região 🛰 `x` 100 %", "Corrige a região 🛰 `x` 100 %"),
        ("a\x1b[2Jb\x07\r\n\t\x7f\x9b31m", "a\\u001b[2Jb\\u0007\\u000d\\u000a\\u0009\\u007f\\u009b31m"),
        ("a\u202eb\u2028\U000e0041", "a\\u202eb\\u2028\\udb40\\udc41"),
    ],
)
def test_what_people_pushed_moves_no_terminals_cursor(text, shown):
    assert printable(text) == shown


def test_what_the_command_shows_is_one_line_for_each_entry(tmp_path, capsys, monkeypatch):
    Record(tmp_path / "deployments.jsonl").add(repository="gti/jobs", commit=ONE, result="refused", subject="a\x1b[2J\nb", problems=["x\x9b"])
    settings = SimpleNamespace(state=tmp_path)
    for as_json in (False, True):
        command.show_log(settings, SimpleNamespace(repository="", lines=5, json=as_json))
        said = capsys.readouterr().out
        assert said.count("\n") == 1 and said.rstrip("\n").isprintable() and "\\u001b[2J" in said
    assert json.loads(said)["subject"] == "a\x1b[2J\nb"


def test_what_the_flow_logs_is_one_line():
    record = logging.makeLogRecord({"msg": "%s", "args": ("a\nb\x1b",)})
    assert command.Plain("%(message)s").format(record) == "a\\u000ab\\u001b"


def test_a_half_written_line_hides_no_other(tmp_path):
    record = Record(tmp_path / "r")
    record.add(commit=ONE)
    with open(record.path, "a", encoding="utf-8") as file:
        file.write('{"commit": ')
    assert [entry["commit"] for entry in record.entries()] == [ONE]
