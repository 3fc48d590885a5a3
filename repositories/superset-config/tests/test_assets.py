"""Os arquivos combinam entre si: o que um gráfico ou painel usa, existe."""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
KINDS = ("datasets", "charts", "dashboards")
FILES = {path.relative_to(ROOT).as_posix(): yaml.safe_load(path.read_text()) for kind in KINDS for path in sorted((ROOT / kind).rglob("*.yaml"))}
OF_KIND = {kind: {name: content for name, content in FILES.items() if name.startswith(kind)} for kind in KINDS}
DATASETS = {content["uuid"]: content for content in OF_KIND["datasets"].values()}
CHARTS = {content["uuid"]: content for content in OF_KIND["charts"].values()}


def test_each_uuid_is_there_once():
    uuids = [content["uuid"] for content in FILES.values()]
    assert sorted(set(uuids)) == sorted(uuids)


def test_there_is_one_connection():
    assert len({content["database_uuid"] for content in DATASETS.values()}) == 1


@pytest.mark.parametrize("name", OF_KIND["charts"])
def test_a_chart_uses_columns_and_metrics_of_its_dataset(name):
    chart = FILES[name]
    dataset = DATASETS[chart["dataset_uuid"]]
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    params = chart["params"]
    used_columns = [*params.get("groupby", []), *params.get("all_columns", []), *([params["x_axis"]] if "x_axis" in params else [])]
    used_columns += [rule["subject"] for rule in params.get("adhoc_filters", []) if rule["expressionType"] == "SIMPLE"]
    used_metrics = [*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])]
    assert {column for column in used_columns if isinstance(column, str)} <= columns
    assert {metric for metric in used_metrics if isinstance(metric, str)} <= metrics


@pytest.mark.parametrize("name", OF_KIND["dashboards"])
def test_a_dashboard_shows_what_is_here(name):
    dashboard = FILES[name]
    parts = {key: part for key, part in dashboard["position"].items() if isinstance(part, dict)}
    for part in parts.values():
        assert set(part.get("children", [])) <= set(parts)
        if part["type"] == "CHART":
            assert part["meta"]["uuid"] in CHARTS
        if part["type"] == "ROW":
            assert sum(parts[child]["meta"]["width"] for child in part["children"]) <= 12
    for rule in dashboard["metadata"].get("native_filter_configuration", []):
        for target in rule["targets"]:
            if target:
                names = {column["column_name"] for column in DATASETS[target["datasetUuid"]]["columns"]}
                assert target["column"]["name"] in names


@pytest.mark.parametrize("name", OF_KIND["charts"])
def test_a_share_ends_at_one_hundred_percent(name):
    params = FILES[name]["params"]
    if "y_axis_bounds" in params and params["y_axis_format"].endswith("%"):
        assert params["y_axis_bounds"][1] == 1


@pytest.mark.parametrize("name", OF_KIND["dashboards"])
def test_what_a_chart_compares_has_a_colour_by_meaning(name):
    """Sem isso, a cor de uma medida depende do gráfico que fica pronto primeiro."""
    colours = FILES[name]["metadata"]["label_colors"]
    for part in FILES[name]["position"].values():
        if isinstance(part, dict) and part["type"] == "CHART":
            chart = CHARTS[part["meta"]["uuid"]]
            metrics = chart["params"].get("metrics", []) if chart["viz_type"].startswith("echarts") and not chart["params"]["groupby"] else []
            if len(metrics) > 1:
                labels = {metric["metric_name"]: metric["verbose_name"] for metric in DATASETS[chart["dataset_uuid"]]["metrics"]}
                assert {*metrics, *(labels[metric] for metric in metrics)} <= set(colours)
