# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The streaming benchmark's figures say what was lost, doubled, late and used."""
from __future__ import annotations

import copy
import importlib.util
import json
import pathlib
import subprocess
import sys

import jinja2
import pytest

FILES = pathlib.Path(__file__).parents[3] / "playbooks/files/benchmark_streaming"
RUN = {
    "rate": 2000,
    "seconds": 60,
    "hurt": False,
    "behind_seconds": 10.0,
    "sent": {"run": "bench-0-r2000", "type": "radius_logs", "sent": 120000, "events_per_second": 1999.8, "seconds": 60.0},
    "took": {"rows": 120000, "events": 120000, "commits": 31, "p50": 1.5, "p95": 2.5, "p99": 3.4, "max": 4.0, "behind": 1.9},
    "cpu_before": {"spark.gti.local": {"cpu_seconds": 100.0, "at": 1000.0}, "kafka.gti.local": {"cpu_seconds": 7.0, "at": 1001.0}},
    "cpu_after": {"spark.gti.local": {"cpu_seconds": 124.0, "at": 1060.0}, "kafka.gti.local": {"cpu_seconds": 13.0, "at": 1061.0}},
}


def load(name):
    spec = importlib.util.spec_from_file_location(name, FILES / ("%s.py" % name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(**parts):
    run = copy.deepcopy(RUN)
    for name, part in parts.items():
        run[name].update(part) if isinstance(part, dict) else run.update({name: part})
    return load("figures").figures(run)


def test_a_run_in_which_all_went_well():
    result = figures()
    assert (result["lost"], result["doubled"], result["sustained"]) == (0, 0, True)
    assert result["latency_seconds"] == {"p50": 1.5, "p95": 2.5, "p99": 3.4, "max": 4.0}
    assert result["cores"] == {"spark": 0.4, "kafka": 0.1} and result["cores_in_all"] == 0.5


def test_what_was_lost_is_not_hidden_by_what_was_doubled():
    result = figures(took={"events": 119990, "rows": 120005})
    assert (result["lost"], result["doubled"], result["sustained"]) == (10, 15, False)


@pytest.mark.parametrize(
    "parts",
    [
        {"took": {"behind": 11.0}},
        # The generator itself could not keep the rate.
        {"sent": {"sent": 110000}, "took": {"rows": 110000, "events": 110000}},
    ],
)
def test_a_rate_that_is_not_kept_up_is_not_sustained(parts):
    assert not figures(**parts)["sustained"]


def test_a_container_that_restarted_used_no_negative_time():
    assert figures(cpu_after={"kafka.gti.local": {"cpu_seconds": 1.0, "at": 1061.0}})["cores"]["kafka"] == 0.0


def test_the_processor_time_is_read_whatever_a_process_is_called():
    line = "7 (a ) R (b) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0 1 0 5 6 7"
    assert load("cpu").ticks(line) == 4330


def test_the_processor_time_grows_with_work():
    def read():
        return json.loads(subprocess.run([sys.executable, str(FILES / "cpu.py")], capture_output=True, check=True, text=True).stdout)

    before = read()
    subprocess.run([sys.executable, "-c", "for i in range(3000000): pass"], check=True)
    after = read()
    # The time of a child that has come and gone is in it.
    assert after["cpu_seconds"] > before["cpu_seconds"] and after["at"] > before["at"]


def test_the_table_shows_each_run_with_its_figures():
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["bool"] = bool
    template = environment.from_string((FILES.parents[1] / "templates/benchmark_streaming.txt.j2").read_text())
    lines = template.render(__benchmark_runs=[figures(), figures(took={"behind": 11.0})], benchmark_streaming_hurt=True).splitlines()
    assert "killed twice" in lines[0]
    assert lines[2].split() == ["2000", "1999.8", "120000", "120000", "0", "0", "1.5", "2.5", "3.4", "4.0", "1.9", "yes"]
    assert lines[3].split()[-2:] == ["11.0", "no"]
    assert lines[5].split() == ["events/s", "spark", "kafka", "in", "all"]
    assert lines[6].split() == ["2000", "0.4", "0.1", "0.5"]
