# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Os eventos do provedor, de raw para curated para gold, um dia de cada vez.

De hora em hora, de ontem e hoje; à mão, com `day` e `days`, de quaisquer dias. Cada passo pode rodar de novo: escreve o que é novo ou
diferente, e nada duas vezes. Os dias começam no fuso do site. Entre as camadas ficam as regras de qualidade, que não deixam passar nada
errado.
"""

from __future__ import annotations

from airflow.decorators import dag, task_group
from lakehouse import days, quality, site, spark, sql

GOLD = ("sessions_hourly_city", "olt_health_daily", "cpe_availability_daily", "revenue_monthly")


@dag(
    schedule="10 * * * *",
    is_paused_upon_creation=False,
    params=days.PARAMS,
    doc_md=__doc__,
    description="Eventos de raw para curated para gold",
    tags=["lakehouse", "eventos"],
    **site.COMMON,
)
def pipeline_eventos():
    planned = days.plan()
    migrated = sql.migrate()
    curated = spark.submit(
        "curate",
        "curate",
        [
            site.CURATE_SETTINGS,
            "--day",
            "{{ ti.xcom_pull(task_ids='plan')['utc_day'] }}",
            "--days",
            "{{ ti.xcom_pull(task_ids='plan')['utc_days'] }}",
        ],
    )

    @task_group
    def gold():
        for name in GOLD:
            sql.fill.override(task_id=name)(name, planned)

    raw_is_good = quality.check.override(task_id="quality_of_raw")("raw", planned)
    curated_is_good = quality.check.override(task_id="quality_of_curated")("curated", planned)
    gold_is_good = quality.check.override(task_id="quality_of_gold")("gold", planned)
    migrated >> raw_is_good >> curated >> curated_is_good >> gold() >> gold_is_good


pipeline_eventos()
