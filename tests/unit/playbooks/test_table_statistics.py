# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the tables for a support bundle: one bad table stays one, and all of it ends in time."""

from __future__ import annotations

import importlib.util
import io
import json
import pathlib

import pytest

FILES = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files"
ROW = ["120", "3", "0", "4096", 2, "2026-12-01 08:00:00.000 UTC"]


@pytest.fixture(name="script")
def loaded(monkeypatch):
    monkeypatch.syspath_prepend(str(FILES))
    spec = importlib.util.spec_from_file_location("table_statistics", FILES / "table_statistics.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(script, monkeypatch, capsys, query, seconds=60):
    monkeypatch.setattr(script.probes, "query", query)
    monkeypatch.setattr(script.sys, "stdin", io.StringIO(json.dumps({"url": "https://trino.example.test", "seconds": seconds})))
    script.main()
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_each_table_is_told_and_a_bad_one_with_its_reason(script, monkeypatch, capsys):
    def query(site, sql):
        assert site["seconds"] == script.ONE_SECONDS
        if "information_schema" in sql:
            return [["raw", "a"], ["raw", 'b"'], ["raw", "empty"]]
        if 'lakehouse."raw"."b""$snapshots"' in sql:
            raise script.probes.Problem("no such\nfile")
        return [[None] * 4 + [0, None]] if "empty" in sql else [ROW]
    lines = said(script, monkeypatch, capsys, query)
    assert lines[1:] == [["raw.a", "120", "3", "0", "4096", "2", "2026-12-01", "08:00:00.000", "UTC"],
                         ['raw.b":', "no", "such", "file"], ["raw.empty", "-", "-", "-", "-", "0", "-"]]


def test_tables_without_time_are_counted(script, monkeypatch, capsys):
    lines = said(script, monkeypatch, capsys, lambda site, sql: [["raw", "a"], ["raw", "b"]], seconds=-1)
    assert " ".join(lines[-1]) == "and 2 tables that there was no time for"


def test_an_engine_that_is_away_is_said(script, monkeypatch, capsys):
    def query(site, sql):
        raise script.probes.Problem("Connection refused")
    assert " ".join(said(script, monkeypatch, capsys, query)[-1]) == "Trino does not answer: Connection refused"
