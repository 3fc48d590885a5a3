# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL benchmark: its rows are always the same, its answers right, and a wrong answer is seen."""
from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import math
import pathlib
import re
import subprocess
import sys

import jinja2
import pytest

ROOT = pathlib.Path(__file__).parents[3]
FILES = ROOT / "playbooks/files/benchmark_sql"
COLUMNS = (
    "event_id event_time sale_id customer_id city state product category channel payment_method quantity unit_price_cents discount_percent total_cents"
).split()


def load(name):
    spec = importlib.util.spec_from_file_location(name, FILES / ("%s.py" % name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


client, rows, defaults = load("client"), load("rows"), load("defaults")


@pytest.fixture(scope="module")
def made():
    environment = {"PYTHONPATH": str(ROOT / "roles/datagen/files/datagen/src"), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, str(FILES / "rows.py"), "3000"]
    return [subprocess.run(call, env=environment, capture_output=True, check=True, text=True).stdout for dummy in range(2)]


@pytest.fixture(scope="module")
def sales(made):
    return [json.loads(line) for line in gzip.decompress(base64.b64decode(json.loads(made[0])["rows"])).splitlines()]


# --- rows and answers ---


def test_the_rows_are_always_the_same(made):
    assert made[0] == made[1]


def test_the_rows_have_the_table_s_columns(sales):
    assert [list(row) for row in sales] == [COLUMNS] * 3000
    assert COLUMNS == [column.split()[0] for column in re.search(r'SALES = """(.*?)"""', (FILES / "load.py").read_text(), re.S).group(1).split(",")]


def test_every_query_has_an_answer_with_rows(made):
    answers = json.loads(made[0])["answers"]
    assert list(client.queries("sales")) == list(answers) and len(answers) == 10
    assert all(answers.values())


def test_the_answers_agree_with_one_another(made, sales):
    answers = json.loads(made[0])["answers"]
    (count, dummy, cents), = answers["01_totals"]
    assert (count, cents) == (3000, sum(row["total_cents"] for row in sales))
    for name in ("02_products", "05_months", "08_plans"):
        assert (sum(row[-2] for row in answers[name]), sum(row[-1] for row in answers[name])) == (count, cents)
    assert [row[1] for row in answers["05_months"]][5] == sum(row[1] for row in answers["06_june"])


def test_places_are_shared_by_those_who_brought_the_same():
    year = [("a", 5), ("b", 9), ("c", 5), ("d", 1)]
    found = rows.best_of_month([{"event_time": "2025-03-09T00:00:00Z", "product": name, "total_cents": cents} for name, cents in year])
    assert found == [["2025-03-01", 1, "b", 9], ["2025-03-01", 2, "a", 5], ["2025-03-01", 2, "c", 5]]


def test_an_approximate_percentile_may_be_near_the_true_one():
    about = rows.about(range(1000), 0.95)
    assert about == {"from": 910, "to": 990}
    assert client.differs([["x", 950]], [["x", about]]) is None
    assert client.differs([["x", 909]], [["x", about]])


def test_the_versions_follow_the_changes():
    year = [{"sale_id": 1, "channel": "app", "total_cents": 10}, {"sale_id": 1001, "channel": "reseller", "total_cents": 20}]
    assert rows.versions(year) == [[2, 30], [3, 240], [2, 120]]


# --- what is right ---


@pytest.mark.parametrize("found", [[], [["a", 2]], [["a", 1], ["a", 1]], [["a"]], [["b", 1]]])
def test_a_wrong_answer_is_seen(found):
    assert client.differs(found, [["a", 1]])


def test_a_right_answer_is_right():
    assert client.differs([["a", 1]], [["a", 1]]) is None


ANSWER = [["a", 0.1, 3], ["b", 0.2, 4]]


def test_a_digest_bears_another_order_of_adding():
    other = client.digest([["a", 0.1 + 1e-12, 3], ["b", 0.2, 4]])
    assert client.digest_differs(other, client.digest(ANSWER)) is None


@pytest.mark.parametrize(
    "other",
    [ANSWER[:1], [["a", 0.1, 3], ["c", 0.2, 4]], [["a", 0.1, 3], ["b", 0.2001, 4]], ANSWER[::-1], [row[:2] for row in ANSWER], []],
)
def test_a_digest_sees_a_wrong_answer(other):
    assert client.digest_differs(client.digest(other), client.digest(ANSWER))


def test_a_missing_value_is_no_number():
    assert client.digest_differs(client.digest([["a", None, 3], ["b", 0.2, 4]]), client.digest(ANSWER))


def test_of_a_column_without_a_known_answer_only_the_rows_count():
    known = client.digest(ANSWER)
    known["columns"][0] = None
    assert client.digest_differs(client.digest([["x", 0.1, 3], ["y", 0.2, 4]]), known) is None
    assert client.digest_differs(client.digest(ANSWER[:1]), known) and client.digest_differs(client.digest([["x", 0.1, 3], ["y", 0.2, 5]]), known)


# --- figures ---


def test_the_median_leaves_the_first_run_out():
    result = client.figures({"a": [(9.0, 5.0), (0.3, 0.1), (0.1, 0.1), (0.2, 0.3)], "b": [(1.0, 1.0)] + 3 * [(0.8, 0.5)]})
    assert result["queries"]["a"] == {"first": 9.0, "warm": 0.2, "runs": [0.3, 0.1, 0.2], "first_cpu": 5.0, "warm_cpu": 0.1}
    assert (result["first_cpu_total"], result["warm_cpu_total"]) == (6.0, 0.6)
    assert (result["first_total"], result["first_most"], result["warm_total"], result["warm_average"]) == (10.0, 9.0, 1.0, 0.5)
    assert result["warm_geometric_mean"] == 0.4


class Answers:
    """Trino, as far as it is asked here: one wrong answer, in one of the rounds."""

    def __init__(self):
        self.asked, self.cpu_seconds = [], 0.1

    def timed(self, sql):
        self.asked.append(sql)
        return [[2 if len(self.asked) == 3 else 1]], 0.5


def test_each_answer_is_looked_at_and_not_only_the_first():
    trino = Answers()
    result = client.measure(trino, {"a": "select a", "b": "select b"}, 2, lambda name, found: client.differs(found, [[1]]))
    assert trino.asked == ["select a", "select b"] * 3
    assert result["wrong"] == ["a: row 1 is [2] instead of [1]"]


def test_what_goes_wrong_is_said():
    assert client.run({"step": "sales"})["error"].startswith("KeyError")


# --- TPC-H ---


def test_all_queries_of_tpch_have_known_answers():
    known = json.loads((FILES / "tpch/known.json").read_text())
    names = ["q%02d" % number for number in range(1, 23)]
    assert list(client.queries("tpch")) == names and all(list(answers) == names for answers in known.values())
    assert set(known) == {"tiny", "sf1"}


# From the answers that the Transaction Processing Performance Council publishes for scale 1.
PUBLISHED = {
    "q01": {2: 37734107 + 991417 + 74476040 + 37719753, 9: 1478493 + 38854 + 2920374 + 1478870},
    "q03": {1: 406181.0111 + 405838.6989 + 390324.061 + 384537.9359 + 378673.0558 + 378376.7952 + 375153.9215 + 373133.3094 + 371407.4595 + 367371.1452},
    "q04": {1: 10594 + 10476 + 10410 + 10556 + 10487},
    "q05": {1: 55502041.1697 + 55295086.9967 + 53724494.2566 + 52035512.0002 + 45410175.6954},
    "q06": {0: 123141078.2283},
    "q12": {1: 6202 + 6200, 2: 9324 + 9262},
    "q14": {0: 16.3807786263955},
    "q17": {0: 348406.054285714},
    "q19": {0: 3083843.0578},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_known_answers_are_the_published_ones(name):
    known = json.loads((FILES / "tpch/known.json").read_text())["sf1"][name]
    for column, value in PUBLISHED[name].items():
        assert math.isclose(known["columns"][column], value, rel_tol=1e-9), column


def test_the_known_words_are_the_published_ones():
    known = json.loads((FILES / "tpch/known.json").read_text())["sf1"]["q15"]
    assert known == client.digest([[8449, "Supplier#000008449", "Wp34zim9qYFbVctdW", "20-469-856-8873", 1772627.2087]])


# --- settings ---

CONFIG = """# Ansible managed
coordinator=true
http-server.https.port=8443
query.max-memory=500MB
spill-enabled=true
"""


def test_the_defaults_keep_what_makes_trino_reachable_and_drop_the_rest():
    assert defaults.settings(defaults.defaults("config.properties", CONFIG)) == ["coordinator=true", "http-server.https.port=8443"]
    assert defaults.difference("config.properties", CONFIG) == {"site": ["query.max-memory=500MB", "spill-enabled=true"], "defaults": []}


def test_the_defaults_keep_the_heap():
    text = defaults.defaults("jvm.config", "-Xmx1728M\n-XX:+UseSerialGC\n-Djava.io.tmpdir=/x\n")
    assert defaults.settings(text)[:2] == ["-Xmx1728M", "-Djava.io.tmpdir=/x"] and "SerialGC" not in text and "-XX:G1HeapRegionSize=32M" in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("connector.name=iceberg\niceberg.catalog.type=hive_metastore\ns3.endpoint=x\niceberg.max-partitions-per-writer=9\n", 3),
        ("connector.name=tpch\ntpch.column-naming=STANDARD\n", 2),
    ],
)
def test_a_catalog_stays_where_it_is(text, kept):
    assert defaults.settings(defaults.defaults("catalog/any.properties", text)) == text.splitlines()[:kept]


def test_the_site_s_settings_come_back(tmp_path, monkeypatch):
    site = tmp_path / "etc"
    (site / "catalog").mkdir(parents=True)
    for name, text in {"resource-groups.properties": "limits\n", "config.properties": CONFIG, "jvm.config": "-Xmx1g\n",
                       "catalog/tpch.properties": "connector.name=tpch\n"}.items():
        (site / name).write_text(text)
    unit = tmp_path / "trino.service"
    unit.write_text("[Service]\nExecStart=/opt/launcher --etc-dir %s --data-dir /var run\n" % site)
    drop_in, cold = (tmp_path / "units" / name / "benchmark.conf" for name in ("trino.service.d", "trino-warmup.service.d"))
    for name, path in {"SITE": site, "HERE": tmp_path / "run/trino", "UNIT": unit, "DROP_IN": drop_in, "COLD": cold}.items():
        monkeypatch.setattr(defaults, name, path)
    monkeypatch.setattr(defaults.shutil, "chown", lambda *arguments: None)
    different = defaults.turn_on()
    assert set(different) == {"config.properties", "jvm.config"}
    assert not (defaults.HERE / "resource-groups.properties").exists()
    assert "ExecStartPost" not in defaults.DROP_IN.read_text()  # what lets clients in after the start
    assert defaults.DROP_IN.read_text().endswith("ExecStart=\nExecStart=/opt/launcher --etc-dir %s --data-dir /var run\n" % defaults.HERE)
    assert (defaults.HERE / "catalog/tpch.properties").read_text() == "connector.name=tpch\n"
    assert (defaults.HERE / "config.properties").stat().st_mode & 0o777 == 0o640
    assert defaults.COLD.read_text() == "[Unit]\nConditionPathExists=!%s\n" % defaults.HERE
    assert defaults.turn_off() == {}
    assert not defaults.DROP_IN.parent.exists() and not defaults.COLD.parent.exists() and not defaults.HERE.parent.exists()


# --- the table ---


def run_of(settings):
    measured = client.figures({"q01": [(2.0, 1.5)] + 2 * [(1.0, 0.5)], "q02": [(3.0, 2.0)] + 2 * [(0.25, 0.125)]})
    return {**measured, "settings": settings, "warm_after_seconds": 28.5 if settings == "site" else 0, "wrong": []}


def test_the_table_shows_the_seed_s_figures_beside_these():
    part = {**client.figures({"01_totals": [(0.4, 0.3), (0.2, 0.1)]}), "select_1": 0.04, "wrong": []}
    figures = {
        "rows": 50000,
        "written": {"rows": 50000, "commits": 20, "seconds": 9.1},
        "before": part,
        "after": part,
        "compaction": {"before": {"files": 40, "bytes": 9}, "after": {"files": 1, "bytes": 5}, "seconds": 1.6, "analyze_seconds": 0.9},
        "travel": {"changes": {"1_merge": 2.0, "2_delete": 1.0}, "versions": [{"snapshot": 7, "rows": 1, "total_cents": 2, "seconds": 0.1}], "wrong": []},
        "tpch": {"scale": "sf1", "load_seconds": 34.0, "differs": {"config.properties": {"site": ["spill-enabled=true"], "defaults": []}},
                 "runs": [run_of("site"), run_of("defaults")]},
    }
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["zip"] = zip
    environment.filters["flatten"] = lambda pairs: [cell for pair in pairs for cell in pair]
    template = environment.from_string((FILES.parents[1] / "templates/benchmark_sql.txt.j2").read_text())
    lines = template.render(__benchmark_figures=figures, benchmark_sql_rounds=5, benchmark_sql_tpch_rounds=2).splitlines()
    assert lines[2].split() == ["01_totals", "0.4", "0.2", "0.4", "0.2"]
    assert lines[4].split() == ["the", "seed", "1.599", "0.703"]
    assert ["q02", "3.0", "0.25", "3.0", "0.25"] in [line.split() for line in lines]
    assert ["geometric", "mean", "0.5", "0.5"] in [line.split() for line in lines]
    assert ["processor", "time", "3.5", "0.625", "3.5", "0.625"] in [line.split() for line in lines]
    assert lines[-2] == "site: warmed up 28.5 s after the start"
    assert lines[-1] == "config.properties of the site: spill-enabled=true; of the defaults: nothing more"
