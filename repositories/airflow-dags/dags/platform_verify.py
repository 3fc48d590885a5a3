# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Não faz nada: a prova da plataforma vê uma execução passar."""

from __future__ import annotations

from airflow.decorators import dag, task
from lakehouse import site


@dag(schedule=None, is_paused_upon_creation=False, doc_md=__doc__, description="Prova de que execuções passam", tags=["platform"], **site.COMMON)
def platform_verify():
    @task
    def nothing() -> None:
        """Done."""

    nothing()


platform_verify()
