# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic measurements of the OLTs' ports, every five minutes."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import datagen, site


@dag(
    schedule="*/5 * * * *",
    is_paused_upon_creation=False,
    doc_md=__doc__,
    description="Synthetic measurements of OLTs",
    tags=["datagen"],
    **site.COMMON,
)
def olt_metrics_dag():
    datagen.run.override(task_id="olt_metrics")("olt_metrics")


olt_metrics_dag()
