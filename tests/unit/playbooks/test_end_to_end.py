# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end-to-end proof is made again when the tables were maintained meanwhile, which took its event, and else believed."""
from __future__ import annotations

import io
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "playbooks/files"))

import end_to_end


@pytest.fixture(name="end")
def end_(monkeypatch, capsys):
    def end(tries, **counts):
        """How the proof ends when its tries hold or not, and Airflow counts so many runs for each filter."""
        left = iter(tries)
        answers = {"state": iter([*counts.get("running", ()), 0, 0]), "end_date_gte": iter([counts.get("ended", 0)])}
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({
            "airflow_url": "https://airflow", "airflow": ["a", "b"], "ca_path": None, "trino_url": "https://trino", "trino": ["a", "b"]})))
        monkeypatch.setattr(end_to_end, "bring", lambda site, trino, proof, undo: proof.that(next(left), "the event is there"))
        monkeypatch.setattr(end_to_end.Http, "ask", lambda self, method, path, who: (200, {"total_entries": next(answers[path.split("?")[1].split("=")[0]])}))
        with pytest.raises(SystemExit) as ended:
            end_to_end.main()
        return ended.value.code, list(left), json.loads(capsys.readouterr().out)["held"]

    return end


def test_what_holds_is_not_asked_again(end):
    assert end([True, True]) == (0, [True], ["the event is there"])


def test_what_does_not_hold_is_believed_where_nothing_took_the_event(end):
    assert end([False, True]) == (1, [True], [])


def test_it_is_made_again_where_the_tables_were_maintained_meanwhile(end):
    assert end([False, True], ended=1) == (0, [], ["the event is there"])


def test_it_is_believed_the_second_time(end):
    assert end([False, False], running=[1]) == (1, [], [])
