# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role airflow waits for and proves by, fed with faults."""

from __future__ import annotations

import importlib.util
import pathlib
import socket
import subprocess
import sys
import time

import pytest

FILES = pathlib.Path(__file__).parents[3] / "roles/airflow/files"


def load(name):
    spec = importlib.util.spec_from_file_location("airflow_" + name, FILES / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestHealth:
    well = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer")}

    def test_all_of_it_has_to_be_well(self):
        assert load("health").unwell(dict(self.well, dag_processor={"status": None})) == []

    @pytest.mark.parametrize("name", well)
    @pytest.mark.parametrize("status", ["unhealthy", None])
    def test_a_part_that_is_not_is_named(self, name, status):
        assert load("health").unwell(dict(self.well, **{name: {"status": status}})) == [name]


class TestListen:
    def listen(self, port, seconds):
        return subprocess.Popen([sys.executable, FILES / "listen.py", "127.0.0.1", str(port), str(seconds)], stderr=subprocess.PIPE, text=True)

    @pytest.fixture
    def port(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.1", 0))
            return line.getsockname()[1]

    def test_a_heartbeat_is_heard_among_other_metrics(self, port):
        listener = self.listen(port, 20)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            while listener.poll() is None:
                for metric in (b"airflow.pool.open_slots:1|g", b"airflow.scheduler_heartbeat:1|c"):
                    line.sendto(metric, ("127.0.0.1", port))
                time.sleep(0.1)
        assert listener.wait() == 0

    def test_silence_is_told(self, port):
        listener = self.listen(port, 1)
        assert "no heartbeat" in listener.communicate()[1] and listener.returncode == 1

    def test_a_collector_of_the_sites_own_is_no_fault(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            assert self.listen(collector.getsockname()[1], 1).wait() == 0
