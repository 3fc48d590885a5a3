# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuida das tabelas Iceberg toda noite, como diz config/maintenance.yml; os números de antes e depois ficam em lakehouse.ops.maintenance."""

from __future__ import annotations

import datetime
import json
from typing import Any

from airflow.decorators import dag, task
from airflow.exceptions import AirflowSkipException
from airflow.models.param import Param
from lakehouse import days, policies, site, spark, sql

# A run by the schedule that starts so late has no night left.
LATE = datetime.timedelta(hours=4)


@task
def policy(run_id: str | None = None, dag_run: Any = None, data_interval_end: Any = None) -> str:
    """The policies, as the job takes them. What the night missed waits for the next one: by day, pipelines need Spark."""
    assert dag_run is not None
    if dag_run.run_type == "scheduled" and datetime.datetime.now(datetime.timezone.utc) - data_interval_end > LATE:
        raise AirflowSkipException(f"era para as {data_interval_end.astimezone(days.zone()):%H:%M}; fica para a próxima noite")
    return json.dumps({"results": "lakehouse.ops.maintenance", "run_id": run_id, "policies": policies.load()})


@dag(
    schedule="30 4 * * *",
    is_paused_upon_creation=False,
    params={"tables": Param("*", type="string", pattern=r"^[a-z0-9_.*?]+$", description="Padrão das tabelas, como lakehouse.gold.*")},
    doc_md=__doc__,
    description="Manutenção das tabelas Iceberg pelas políticas",
    tags=["lakehouse", "manutencao"],
    **site.COMMON,
)
def iceberg_maintenance():
    kept = spark.submit("maintain", "maintain", ["{{ ti.xcom_pull(task_ids='policy') }}", "--table", "{{ params.tables }}"])
    [sql.migrate(), policy()] >> kept


iceberg_maintenance()
