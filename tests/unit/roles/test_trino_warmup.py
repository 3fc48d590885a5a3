# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trino is warmed up as long as it gets faster, and nothing is left behind; what fails is tried again."""

from __future__ import annotations

import importlib.util
import pathlib
import secrets
import sys

import pytest

FILES = pathlib.Path(__file__).resolve().parents[3] / "roles/trino/files"


@pytest.fixture(scope="module")
def warmup():
    sys.path.insert(0, str(FILES))
    try:
        spec = importlib.util.spec_from_file_location("trino_warmup", FILES / "trino_warmup.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FILES))
    return module


class Server:
    """Answers each question in so many seconds, by rounds; keeps which tables there are."""

    def __init__(self, questions, rounds):
        self.now, self.questions, self.rounds, self.asked, self.tables = 0.0, questions, rounds, 0, set()

    def ask(self, sql):
        words = sql.split()
        if words[:2] == ["create", "table"]:
            assert words[2] not in self.tables
            self.tables.add(words[2])
        elif words[:2] == ["drop", "table"]:
            self.tables.discard(words[4])
        elif sql in self.questions:
            assert self.tables
            number = min(self.asked // len(self.questions), len(self.rounds) - 1)
            self.now += self.rounds[number] / len(self.questions)
            self.asked += 1

    def clock(self):
        return self.now


@pytest.mark.parametrize(
    ("rounds", "seconds", "made"),
    [
        ([8, 4, 2, 1.95, 1.9], 60, [8, 4, 2, 1.95]),  # hardly faster
        ([8, 4, 2, 1, 0.5], 13, [8, 4, 2]),  # no time for another
        ([8, 9, 1], 60, [8, 9]),  # others were at work
        ([50, 1], 30, [50]),
    ],
)
def test_it_goes_on_as_long_as_it_is_worth_it_and_there_is_time(warmup, rounds, seconds, made):
    server = Server(warmup.QUESTIONS, rounds)
    assert warmup.warm_up(server.ask, seconds, server.clock) == pytest.approx(made)
    assert server.tables == set()


def test_what_an_earlier_run_left_is_no_hindrance(warmup):
    server = Server(warmup.QUESTIONS, [1])
    server.tables.add(warmup.SCHEMA + ".lines")
    warmup.warm_up(server.ask, 10, server.clock)
    assert server.tables == set()


@pytest.fixture
def client(warmup, monkeypatch):
    """A server that refuses so many times before it answers."""

    class Client:
        refusals, headers, asked = 0, {}, []

        def rows(self, sql):
            if self.refusals:
                Client.refusals -= 1
                raise warmup.trino_check.QueryFailed({"message": "no nodes yet"})
            self.asked.append(sql)

    monkeypatch.setenv("TRINO_WARMUP_PASSWORD", secrets.token_urlsafe())
    monkeypatch.setattr(warmup.trino_check, "signed_in", lambda user, password: Client())
    monkeypatch.setattr(warmup.time, "sleep", lambda seconds: None)
    return Client


def test_what_fails_is_tried_again(warmup, client, capsys):
    client.refusals = 3
    assert warmup.main(300, 1) == 0 and "rounds took" in capsys.readouterr().out
    assert client.headers["X-Trino-Schema"] == warmup.SCHEMA.split(".")[1]


def test_it_gives_up_and_says_why(warmup, client, capsys):
    client.refusals = 1000
    assert warmup.main(0, 1) == 1 and "no nodes yet" in capsys.readouterr().err


def test_with_no_seconds_nothing_is_asked(warmup, client):
    client.asked.clear()
    assert warmup.main(300, 0) == 0 and client.asked == []
