# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table beside the one that there is: with its rows, or not at all. Spark is told of alone."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types
from unittest import mock

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "playbooks/files/restored_table.py"


@pytest.fixture(name="restored")
def restored_(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", types.ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", mock.MagicMock())
    spec = importlib.util.spec_from_file_location("restored_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    spark, rows = mock.MagicMock(), mock.MagicMock()
    module.SparkSession.builder.appName.return_value.getOrCreate.return_value = spark
    spark.table.return_value.count.return_value = 3
    monkeypatch.setattr(module, "state_of", lambda *dummy: (mock.MagicMock(), rows))
    monkeypatch.setattr(module, "make", mock.Mock())
    return module, spark, rows


def said(spark):
    return [call.args[0] for call in spark.sql.call_args_list]


def test_a_table_that_gets_its_rows_stays(restored, capsys):
    module, spark, dummy = restored
    module.main("lakehouse", "s3a://b/w/1.metadata.json", "gold.old", "beside")
    assert said(spark) == ["CREATE NAMESPACE IF NOT EXISTS `lakehouse`.`gold`"] and '"rows": 3' in capsys.readouterr().out


def test_one_that_does_not_get_them_goes_again(restored):
    module, spark, rows = restored
    rows.writeTo.return_value.append.side_effect = ValueError("no such file")
    with pytest.raises(ValueError, match="no such file"):
        module.main("lakehouse", "s3a://b/w/1.metadata.json", "gold.old", "beside")
    assert said(spark)[1:] == ["DROP TABLE `lakehouse`.`gold`.`old` PURGE"]


def test_one_that_was_there_is_never_dropped(restored):
    module, spark, dummy = restored
    module.make.side_effect = ValueError("already exists")
    with pytest.raises(ValueError, match="already exists"):
        module.main("lakehouse", "s3a://b/w/1.metadata.json", "gold.old", "beside")
    assert len(said(spark)) == 1
