# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Um arquivo CSV da pasta `landing/` vira a tabela `lakehouse.files.NOME`.

Sem `write` nada é escrito: o log da tarefa mostra o tipo de cada coluna e o que está errado, linha por linha, sem os valores.
Com `write` as linhas são escritas, desde que nenhuma esteja errada. O mesmo arquivo outra vez substitui as suas próprias linhas.
Quem lê a camada `files` vê a tabela inteira: deixe de fora (`leave_out`) as colunas que identificam uma pessoa.
"""

from __future__ import annotations

from typing import Any

from airflow.decorators import dag, task
from airflow.models.param import Param
from lakehouse import site, spark

COLUMN = "^[a-z][a-z0-9_]*$"
PARAMS = {
    "file": Param(type="string", pattern=r"^[^/].*\.([cC][sS][vV]|[tT][xX][tT])$", description="Caminho abaixo de landing/, como ana/metas.csv"),
    "table": Param(type="string", pattern="^[a-z][a-z0-9_]{0,99}$", description="Nome da tabela, que fica em lakehouse.files"),
    "write": Param(False, type="boolean", description="Escrever as linhas; sem isso, só mostrar os tipos e os erros"),
    "delimiter": Param(";", type="string", enum=[";", ",", "|", "tab"], description="O que separa os campos"),
    "encoding": Param("utf-8", type="string", enum=["utf-8", "windows-1252", "iso-8859-1"], description="Codificação do arquivo"),
    "header": Param(True, type="boolean", description="A primeira linha tem os nomes das colunas"),
    "decimal": Param(",", type="string", enum=[",", "."], description="O que separa os decimais: 1.234,56 ou 1,234.56"),
    "dates": Param("DD/MM/YYYY", type="string", enum=["DD/MM/YYYY", "YYYY-MM-DD"], description="Como as datas são escritas"),
    "types": Param(
        {},
        type="object",
        propertyNames={"pattern": COLUMN},
        additionalProperties={"type": "string"},
        description='Tipos que valem mais que os encontrados, como {"cep": "string", "valor": "decimal(18,2)"}',
    ),
    "leave_out": Param([], type="array", items={"type": "string", "pattern": COLUMN}, description="Colunas que não são carregadas"),
}


@task
def arguments(params: dict[str, Any] | None = None) -> list[str]:
    assert params is not None
    given = [site.CURATE_SETTINGS, params["file"], params["table"], f"--zone={site.ZONE}"]
    given += [f"--{name}={params[name]}" for name in ("delimiter", "encoding", "decimal", "dates")]
    given += ["--write"] * params["write"] + ["--no-header"] * (not params["header"])
    given += [f"--type={column}={kind}" for column, kind in params["types"].items()]
    return given + [f"--leave-out={column}" for column in params["leave_out"]]


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    params=PARAMS,
    doc_md=__doc__,
    description="Um arquivo CSV vira uma tabela; sem write, só mostra os tipos e os erros",
    tags=["lakehouse", "arquivos"],
    **site.COMMON,
)
def load_csv():
    # What is wrong with a file is as wrong the next time.
    spark.submit("load", "load_csv", arguments()).retries = 0


load_csv()
