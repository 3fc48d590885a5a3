# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dashboard comes from Superset into the repository with as small a difference as there is."""
from __future__ import annotations

import difflib
import importlib.util
import pathlib
import shutil
import zipfile

import pytest
import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "repositories/superset-config"


@pytest.fixture
def tool(tmp_path):
    """The tool in a copy of the repository."""
    root = tmp_path / "superset-config"
    shutil.copytree(SOURCE, root)
    spec = importlib.util.spec_from_file_location("bring", root / "tools/bring.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_superset_has_it(value):
    """Keys in another order, numbers of the server's own, some of what is empty left out and something of it added."""
    if isinstance(value, dict):
        found = {key: as_superset_has_it(value[key]) for key in sorted(value, key=str) if value[key] is not None}
        found.update({key: 4711 for key in ("chartId", "slice_id") if key in found})
        return {**found, **({"chartsInScope": [1, 2]} if "scope" in found else {})}
    if isinstance(value, list) and value and all(isinstance(element, dict) and ("column_name" in element or "metric_name" in element) for element in value):
        return [as_superset_has_it(element) for element in reversed(value)]
    return [as_superset_has_it(element) for element in value] if isinstance(value, list) else value


def exported(tool, dashboard="receita"):
    """The files that Superset puts into the export of a dashboard, by names of its own."""
    known = dict(tool.here())
    board = next(content for path, content in known.items() if path.name == f"{dashboard}.yaml")
    charts = {part["meta"]["uuid"] for part in board["position"].values() if isinstance(part, dict) and part["type"] == "CHART"}
    chosen = [("charts", content) for content in known.values() if content["uuid"] in charts]
    datasets = {content["dataset_uuid"] for dummy, content in chosen}
    chosen += [("datasets/Lakehouse", content) for content in known.values() if content["uuid"] in datasets] + [("dashboards", board)]
    return {f"{kind}/{content[tool.TITLES[kind.split('/')[0]]]}_{number}.yaml": as_superset_has_it(content)
            for number, (kind, content) in enumerate(chosen, 1)}


def of_kind(export, kind):
    return [content for name, content in export.items() if name.startswith(kind)]


def brought(tool, tmp_path, export, *options):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as bundle:
        bundle.writestr("export/metadata.yaml", "type: Dashboard\n")
        bundle.writestr("export/databases/Lakehouse.yaml", "uuid: x\n")
        for name, content in export.items():
            bundle.writestr(f"export/{name}", yaml.safe_dump(content, allow_unicode=True))
    code = tool.main([str(tmp_path / "export.zip"), *options])
    changed = {}
    for path in sorted(tool.ROOT.rglob("*.yaml")):
        before = SOURCE / path.relative_to(tool.ROOT)
        lines = list(difflib.unified_diff(before.read_text().splitlines() if before.exists() else [], path.read_text().splitlines(), n=0))[2:]
        if lines:
            changed[str(path.relative_to(tool.ROOT))] = [line for line in lines if not line.startswith("@@")]
    return code, changed


def test_files_are_written_as_they_are(tool):
    for path, content in tool.here().items():
        assert tool.dump(content) == path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("dashboard", ["receita", "plataforma", "autenticacao", "operacao-da-rede"])
def test_what_nobody_changed_differs_in_nothing(tool, tmp_path, dashboard):
    assert brought(tool, tmp_path, exported(tool, dashboard)) == (0, {})


def test_a_changed_chart_is_its_changed_lines(tool, tmp_path):
    export = exported(tool)
    chart = next(content for content in of_kind(export, "charts") if content["slice_name"] == "Receita faturada por mês e plano")
    chart["params"]["show_value"] = True
    chart["params"]["new_switch"] = True
    assert brought(tool, tmp_path, export) == (0, {"charts/receita-mes-plano.yaml": ["-  show_value: false", "+  show_value: true", "+  new_switch: true"]})


def test_a_new_chart_is_its_file_and_its_place(tool, tmp_path):
    export = exported(tool)
    old = of_kind(export, "charts")[0]
    uuid = "6f1a6c1e-0000-4000-8000-000000000001"
    export["charts/new.yaml"] = {**old, "uuid": uuid, "slice_name": "Receita por dia útil"}
    (board,) = of_kind(export, "dashboards")
    board["position"]["CHART-new"] = {"type": "CHART", "id": "CHART-new", "children": [], "meta": {"uuid": uuid, "chartId": 9}}
    code, changed = brought(tool, tmp_path, export)
    assert code == 0 and set(changed) == {"charts/receita-por-dia-util.yaml", "dashboards/receita.yaml"}
    assert len(changed["dashboards/receita.yaml"]) < 10 and "+      chartId: 0" in changed["dashboards/receita.yaml"]


def test_a_copy_takes_the_place_of_its_original(tool, tmp_path):
    export = exported(tool)
    (board,) = of_kind(export, "dashboards")
    board.update(uuid="6f1a6c1e-0000-4000-8000-000000000002", slug=None, dashboard_title="Receita (cópia)", published=False)
    board["metadata"]["refresh_frequency"] = 600
    assert brought(tool, tmp_path, export, "--as", "receita") == (0, {"dashboards/receita.yaml": ["-  refresh_frequency: 300", "+  refresh_frequency: 600"]})


def test_what_cannot_be_brought_is_refused_and_nothing_is_written(tool, tmp_path):
    other = exported(tool)
    of_kind(other, "datasets")[0]["database_uuid"] = "of another"
    taken = exported(tool)
    of_kind(taken, "dashboards")[0]["uuid"] = "6f1a6c1e-0000-4000-8000-000000000003"
    for export, options in ((other, ()), (taken, ()), (exported(tool), ("--as", "vendas")), ({}, ())):
        assert brought(tool, tmp_path, export, *options) == (1, {})


@pytest.mark.parametrize(("before", "after"), [(True, False), (True, 1), (0, False), (False, None), (None, False)])
def test_a_switch_that_is_off_is_something(tool, before, after):
    path = tool.ROOT / "charts/receita-mes-plano.yaml"
    known = tool.here()
    mine, theirs = known[path], as_superset_has_it(known[path])
    for content, value in ((mine, before), (theirs, after)):
        content["params"].pop("switch", None)
        content["params"].update({} if value is None else {"switch": value})
    (brought_chart,) = tool.bring({"charts/x.yaml": theirs}, known, None).values()
    assert repr(brought_chart["params"].get("switch")) == repr(after)


def test_what_superset_fills_in_is_no_difference(tool, tmp_path):
    export = exported(tool)
    for content in of_kind(export, "datasets"):
        content.update(is_managed_externally=False, offset=0)
        content["columns"][0]["is_virtual"] = False
    assert brought(tool, tmp_path, export) == (0, {})


OWN_SCOPE = {"4711": {"id": 4711, "crossFilters": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": [1]}}}


@pytest.mark.parametrize(("change", "place"), [
    (lambda metadata: metadata["native_filter_configuration"][0]["scope"].update(excluded=[4711]), "scope.excluded of the filter Período"),
    (lambda metadata: metadata.update(timed_refresh_immune_slices=[4711]), "timed_refresh_immune_slices"),
    (lambda metadata: metadata.update(expanded_slices={"4711": True}), "expanded_slices"),
    (lambda metadata: metadata.update(chart_configuration=OWN_SCOPE), "chart_configuration"),
    (lambda metadata: metadata.update(global_chart_configuration={"scope": {"rootPath": ["ROOT_ID"], "excluded": [4711]}}), "global_chart_configuration"),
])
@pytest.mark.parametrize("new", [False, True])
def test_numbers_of_one_server_are_refused(tool, tmp_path, capsys, change, place, new):
    export = exported(tool)
    (board,) = of_kind(export, "dashboards")
    change(board["metadata"])
    if new:
        board.update(uuid="6f1a6c1e-0000-4000-8000-000000000004", slug="novo", dashboard_title="Novo")
    assert brought(tool, tmp_path, export) == (1, {})
    assert place in capsys.readouterr().err


def test_what_each_save_writes_of_each_chart_is_nothing(tool, tmp_path):
    export = exported(tool)
    (board,) = of_kind(export, "dashboards")
    board["metadata"]["chart_configuration"] = {"4711": {"id": 4711, "crossFilters": {"scope": "global", "chartsInScope": [1]}}}
    assert brought(tool, tmp_path, export) == (0, {})
    board.update(uuid="6f1a6c1e-0000-4000-8000-000000000005", slug="novo", dashboard_title="Novo")
    code, changed = brought(tool, tmp_path, export)
    assert code == 0 and set(changed) == {"dashboards/novo.yaml"}
    assert "+  chart_configuration: {}" in changed["dashboards/novo.yaml"]
    assert not any("&id" in line or "*id" in line for line in changed["dashboards/novo.yaml"])


@pytest.mark.parametrize("titles", [["Receita por dia", "Receita, por dia"], ["收入"], ["%"]])
def test_new_things_need_names_of_their_own(tool, tmp_path, titles):
    export = exported(tool)
    chart = of_kind(export, "charts")[0]
    of_kind(export, "charts")[1]["params"]["new_switch"] = True
    for number, title in enumerate(titles):
        export[f"charts/new_{number}.yaml"] = {**chart, "uuid": f"6f1a6c1e-0000-4000-8000-00000000001{number}", "slice_name": title}
    assert brought(tool, tmp_path, export) == (1, {})
