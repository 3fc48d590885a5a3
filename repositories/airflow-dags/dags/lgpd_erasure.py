# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apaga uma pessoa das tabelas raw e curated, dos seus snapshots e dos arquivos da zona bruta, e prova.

Quem inicia dá um nome ao pedido e o pseudônimo da pessoa, que `lakehouse-pseudonym` diz no host do Spark: o identificador em si não pode
chegar aqui, porque o Airflow guarda o que cada execução recebeu. Entre remover e esquecer há um prazo para as consultas que ainda leem
snapshots mais antigos. Cada passo, e a prova, fica registrado em lakehouse.ops.erasures.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from airflow.decorators import dag, task
from airflow.exceptions import AirflowFailException
from airflow.models.param import Param
from airflow.sensors.date_time import DateTimeSensorAsync
from lakehouse import site, spark, sql

PARAMS = {
    "request": Param(type="string", pattern=r"^[A-Za-z0-9._-]{1,80}$", description="Nome do pedido; nunca o nome de uma pessoa"),
    "pseudonym": Param(type="string", pattern="^[0-9a-f]{64}$", description="O pseudônimo da pessoa, nunca o identificador"),
    "keep": Param([], type="array", items={"type": "string"}, description="Tabelas que a lei manda guardar, como lakehouse.raw.radius_logs"),
    "grace_minutes": Param(60, type="integer", minimum=0, maximum=10080, description="Por quantos minutos consultas ainda podem ler os snapshots de antes"),
}


@task
def arguments(step: str, params: dict[str, Any] | None = None) -> list[str]:
    assert params is not None
    kept = [argument for table in params["keep"] for argument in ("--keep", table)]
    return [site.CURATE_SETTINGS, step, "--request", params["request"], "--pseudonym", params["pseudonym"], *kept]


@task
def grace_ends(params: dict[str, Any] | None = None) -> str:
    assert params is not None
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=params["grace_minutes"])).isoformat()


@task(pool=site.TRINO_POOL, retries=0)
def prove_in_trino(params: dict[str, Any] | None = None) -> list[str]:
    """By another engine: nobody travels back to a snapshot that had the person, and every other proof holds."""
    assert params is not None
    mine = f"request = {sql.literal(params['request'])} and pseudonym = {sql.literal(params['pseudonym'])}"
    rows = sql.query(f"select table_name, step, proven, detail from lakehouse.ops.erasures where {mine} order by erased_at")
    proofs = {table: proven for table, step, proven, dummy in rows if step == "prove"}  # the last one of each counts
    said = []
    for table, step, _proven, detail in rows:
        found = json.loads(detail)
        if step == "remove" and found.get("files") and found.get("snapshot"):
            try:
                sql.query(f"select count(*) from {table} for version as of {int(found['snapshot'])}")
            except Exception as error:
                said.append(f"{table}: snapshot {found['snapshot']} is gone ({str(error)[:120]})")
            else:
                raise AirflowFailException(f"{table} can still be read as of snapshot {found['snapshot']}")
    if not proofs or not all(proofs.values()):
        raise AirflowFailException(f"not proven: {[table for table, proven in proofs.items() if not proven] or 'anything'}")
    return said


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    params=PARAMS,
    doc_md=__doc__,
    description="Exclusão de uma pessoa, com prova",
    tags=["lakehouse", "lgpd"],
    **site.COMMON,
)
def lgpd_erasure():
    steps = {}
    for step in ("remove", "forget", "prove"):
        given = arguments.override(task_id=f"arguments_of_{step}")(step)
        steps[step] = spark.submit(step, "erase", given)
    waited = DateTimeSensorAsync(task_id="grace", target_time="{{ ti.xcom_pull(task_ids='grace_ends') }}", execution_timeout=datetime.timedelta(days=8))
    sql.migrate() >> steps["remove"] >> grace_ends() >> waited >> steps["forget"] >> steps["prove"] >> prove_in_trino()


lgpd_erasure()
