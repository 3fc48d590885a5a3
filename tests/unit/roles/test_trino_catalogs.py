# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Trino's catalogs must say, whatever else they do."""

from __future__ import annotations

import pathlib

import yaml

VARS = yaml.safe_load((pathlib.Path(__file__).parents[3] / "roles/trino/vars/main.yml").read_text(encoding="utf-8"))


def test_records_of_aborted_transactions_are_no_rows():
    assert VARS["__trino_kafka_client"]["isolation.level"] == "read_committed"
    assert VARS["__trino_catalog_kafka"]["kafka.config.resources"].endswith("kafka/client.properties")
    assert "__trino_kafka_client" in VARS["__trino_kafka_files"] and "kafka/client.properties" in VARS["__trino_kafka_files"]
