# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessões sintéticas de assinantes a cada quarto de hora, e as suas faturas no primeiro dia do mês."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import datagen, site


@dag(
    schedule="*/15 * * * *",
    is_paused_upon_creation=False,
    doc_md=__doc__,
    description="Sessões e faturas sintéticas",
    tags=["datagen"],
    **site.COMMON,
)
def data_generation_master():
    # Bills are due once a month: on all other runs the generator finds nothing to do.
    datagen.run.override(task_id="radius_logs")("radius_logs") >> datagen.run.override(task_id="billing")("billing")


data_generation_master()
