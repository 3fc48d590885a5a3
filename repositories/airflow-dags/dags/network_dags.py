# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network says of itself, synthetic: a DAG for each type of data, since each has a clock of its own."""

from __future__ import annotations

from airflow.decorators import dag
from lakehouse import datagen, site

for kind, minutes, what in (
    ("olt_metrics", 5, "medições das portas das OLTs"),
    ("cpe_status", 10, "estados dos roteadores dos assinantes"),
):

    @dag(
        dag_id=f"{kind}_dag",
        schedule=f"*/{minutes} * * * *",
        is_paused_upon_creation=False,
        doc_md=f"Dados sintéticos: {what}, a cada {minutes} minutos.",
        description=f"Dados sintéticos: {what}",
        tags=["datagen"],
        **site.COMMON,
    )
    def of_one_type():
        datagen.run.override(task_id=kind)(kind)  # called below, before the loop goes on

    of_one_type()
