# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic states of the subscribers' routers, every ten minutes."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import datagen, site


@dag(
    schedule="*/10 * * * *",
    is_paused_upon_creation=False,
    doc_md=__doc__,
    description="Synthetic states of routers",
    tags=["datagen"],
    **site.COMMON,
)
def cpe_status_dag():
    datagen.run.override(task_id="cpe_status")("cpe_status")


cpe_status_dag()
