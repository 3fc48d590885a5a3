# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters outlive runs and processes; their text is what Prometheus reads."""

from __future__ import annotations

import json
import multiprocessing
import re

from lakehouse_datagen import metrics
from lakehouse_datagen.buffer import Buffer, batch_name
from lakehouse_datagen.journal import Journal


def count(path):
    for dummy in range(50):
        metrics.Counters(path).add("records_total", 2, type="sales")


def test_no_count_is_lost_among_processes(tmp_path):
    workers = [multiprocessing.Process(target=count, args=(tmp_path / "counters.json",)) for dummy in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert metrics.Counters(tmp_path / "counters.json").get("records_total", type="sales") == 300


def test_the_text_is_prometheus(tmp_path):
    buffer, counters = Buffer(tmp_path, 1 << 20), metrics.Counters(tmp_path / "counters.json")
    buffer.add(batch_name("sales", 1795791600, 42), [b"x\n"])
    counters.add("runs_total", 1, type="sales", result="sent")
    values = {**counters.read(), **metrics.collect(buffer, pause=0.05)}
    text = metrics.prometheus(values)
    samples, described = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            name, kind = line.split()[2:]
            assert kind in ("counter", "gauge") and name not in described, "all samples of a name stand together"
            described.add(name)
        elif not line.startswith("#"):
            sample = re.fullmatch(r"(datagen_[a-z_]+)(?:\{([a-z]+=\"[a-z0-9_]+\",?)+\})? ([0-9.]+)", line)
            assert sample and sample[1] in described, line
            samples[line.rsplit(" ", 1)[0]] = float(sample[3])
    assert samples['datagen_runs_total{result="sent",type="sales"}'] == 1
    assert samples['datagen_buffer_files{folder="raw_buffer"}'] == 1
    assert 0 <= samples["datagen_cpu_percent"] <= 100
    assert 0 < samples["datagen_memory_used_bytes"] < samples["datagen_memory_total_bytes"]
    assert text.endswith("\n")


def test_every_name_says_what_it_is():
    for name, (kind, meaning) in metrics.KNOWN.items():
        assert name.endswith("_total") == (kind == "counter") and meaning.endswith(".")


def test_logs_are_lines_of_json_that_are_kept_so_long(tmp_path, capsys):
    journal = Journal(tmp_path, 30)
    journal.write("generation", "generated", data_type="sales", records_generated=3, record={"a", 1})
    journal.write("generation", "buffer_full", loud=True, data_type="sales")
    first, second = (json.loads(line) for line in journal.last("generation", 10))
    assert first["data_type"] == "sales" and first["timestamp"].endswith("Z") and second["event"] == "buffer_full"
    assert capsys.readouterr().err.splitlines() == ["buffer_full: data_type=sales"]
    assert len(journal.last("generation", 1)) == 1 and journal.last("upload", 5) == []
    old = tmp_path / "generation" / "2020-01-01.jsonl"
    old.write_text('{"event": "old"}\n')
    assert json.loads(journal.last("generation", 3)[0]) == {"event": "old"}
    journal.prune()
    assert not old.exists() and len(journal.last("generation", 10)) == 2
