# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Todas as regras de qualidade, em todas as camadas. Os resultados ficam em lakehouse.ops.data_quality; o que falha é dito aqui."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import days, quality, site, sql


@dag(
    schedule="40 */3 * * *",
    is_paused_upon_creation=False,
    params=days.PARAMS,
    doc_md=__doc__,
    description="Regras de qualidade em todas as camadas",
    tags=["lakehouse", "qualidade"],
    **site.COMMON,
)
def data_quality_check_dag():
    planned, migrated = days.plan(), sql.migrate()
    for layer in quality.LAYERS:
        migrated >> quality.check.override(task_id=f"quality_of_{layer}")(layer, planned)


data_quality_check_dag()
