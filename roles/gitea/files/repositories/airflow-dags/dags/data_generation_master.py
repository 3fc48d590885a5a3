# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic sessions of subscribers every quarter of an hour, and their bills on the first day of a month."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import datagen, site


@dag(
    schedule="*/15 * * * *",
    is_paused_upon_creation=False,
    doc_md=__doc__,
    description="Synthetic sessions and bills",
    tags=["datagen"],
    **site.COMMON,
)
def data_generation_master():
    # Bills are due once a month: on all other runs the generator finds nothing to do.
    datagen.run.override(task_id="radius_logs")("radius_logs") >> datagen.run.override(task_id="billing")("billing")


data_generation_master()
