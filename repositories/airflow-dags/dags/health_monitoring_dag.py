# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Se o gerador está bem (a sua fila, o armazenamento de objetos, o Kafka), se o Trino responde e se os dados de raw chegam."""

from __future__ import annotations

from airflow.decorators import dag, task
from lakehouse import datagen, quality, site, sql


@task(pool=site.TRINO_POOL)
def trino() -> None:
    """A query that needs a worker."""
    assert sql.query("select count(*) from lakehouse.information_schema.schemata")[0][0] > 0


@dag(
    schedule="*/30 * * * *",
    is_paused_upon_creation=False,
    doc_md=__doc__,
    description="Saúde do gerador, do Trino e da chegada dos dados",
    tags=["datagen", "lakehouse"],
    **site.COMMON,
)
def health_monitoring_dag():
    datagen.health()
    trino() >> quality.check.override(task_id="arrival_of_raw")("raw", None, kinds=["freshness"], strict=True, record=False)


health_monitoring_dag()
