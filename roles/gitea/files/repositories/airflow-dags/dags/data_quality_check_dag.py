# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of data quality, for all layers at once. The results are in lakehouse.ops.data_quality; what fails is told here."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import days, quality, site, sql


@dag(
    schedule="40 */3 * * *",
    is_paused_upon_creation=False,
    params=days.PARAMS,
    doc_md=__doc__,
    description="Rules of data quality over all layers",
    tags=["lakehouse", "qualidade"],
    **site.COMMON,
)
def data_quality_check_dag():
    planned, migrated = days.plan(), sql.migrate()
    for layer in quality.LAYERS:
        migrated >> quality.check.override(task_id=f"quality_of_{layer}")(layer, planned)


data_quality_check_dag()
