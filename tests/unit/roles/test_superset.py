# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's programs decide without a server, and that the shipped dashboards fit together."""

from __future__ import annotations

import copy
import datetime
import importlib.util
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
from unittest import mock

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
FILES = CHECKOUT / "roles/superset/files"
SHIPPED = CHECKOUT / "repositories/superset-config"
DATABASE = re.search(r"__superset_database_uuid: (\S+)", (CHECKOUT / "roles/superset/vars/main.yml").read_text()).group(1)


def load(name, monkeypatch):
    monkeypatch.setenv("SUPERSET_CONFIG_PATH", "/nowhere/superset_config.py")
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def importer(monkeypatch):
    return load("superset_import", monkeypatch)


@pytest.fixture
def setup(monkeypatch):
    return load("superset_setup", monkeypatch)


class TestImport:
    def test_what_is_shipped_is_whole(self, importer):
        files = importer.read(SHIPPED, DATABASE)
        assert {name.split("/")[0] for name in files} == set(importer.KINDS)

    def test_what_was_exported_as_it_is_here_is_no_difference(self, importer):
        files = importer.read(SHIPPED, DATABASE)
        exported = copy.deepcopy(list(files.values()))
        for content in exported:  # as a server does
            content.get("columns", []).reverse()
            for part in (content.get("position") or {}).values():
                if isinstance(part, dict) and "chartId" in part.get("meta", {}):
                    part["meta"]["chartId"] = 4711
        assert importer.different(files, exported) == []

    @pytest.mark.parametrize("change", [
        lambda content: content.update(slice_name="other"),
        lambda content: content["params"].update(metric="other"),
        lambda content: content.update(uuid="other"),
    ])
    def test_what_somebody_changed_is_a_difference(self, importer, change):
        files = importer.read(SHIPPED, DATABASE)
        exported = copy.deepcopy(files)
        change(exported["charts/auth-inicios.yaml"])
        assert importer.different(files, exported.values()) == ["charts/auth-inicios.yaml"]

    @pytest.mark.parametrize(("name", "where", "before", "after"), [
        ("charts/receita-mes-plano.yaml", ("params", "show_legend"), True, False),
        ("charts/receita-mes-plano.yaml", ("params", "show_value"), False, None),
        ("charts/receita-mes-plano.yaml", ("params", "y_axis_title_margin"), 0, False),
        ("dashboards/receita.yaml", ("metadata", "cross_filters_enabled"), True, False),
        ("dashboards/receita.yaml", ("metadata", "cross_filters_enabled"), True, 1),
        ("dashboards/receita.yaml", ("position", "ROOT_ID", "off"), None, False),
    ])
    def test_a_switch_that_is_off_is_something(self, importer, name, where, before, after):
        files = importer.read(SHIPPED, DATABASE)
        exported = copy.deepcopy(files)
        for switches, value in ((files, before), (exported, after)):
            part = switches[name]
            for key in where[:-1]:
                part = part[key]
            part.pop(where[-1], None)
            if value is not None:
                part[where[-1]] = value
        assert importer.different(files, exported.values()) == [name]

    def test_what_superset_fills_in_is_no_difference(self, importer):
        files = importer.read(SHIPPED, DATABASE)
        exported = copy.deepcopy(files)
        exported["datasets/receita_mensal.yaml"].update(is_managed_externally=False, offset=0, extra={})
        for column in exported["datasets/receita_mensal.yaml"]["columns"]:
            column.update(is_dttm=column.get("is_dttm") or False, advanced_data_type=None)
        exported["charts/receita-mes-plano.yaml"]["params"]["datasource"] = "7__table"
        assert importer.different(files, exported.values()) == []

    @pytest.mark.parametrize(("name", "change", "says"), [
        ("datasets/receita_mensal.yaml", {"database_uuid": "other"}, "database_uuid"),
        ("charts/auth-inicios.yaml", {"dataset_uuid": "other"}, "dataset_uuid"),
        ("charts/auth-inicios.yaml", {"uuid": None}, "no uuid"),
    ])
    def test_what_does_not_fit_is_named(self, importer, name, change, says):
        files = importer.read(SHIPPED, DATABASE)
        files[name].update(change)
        assert any(name in problem and says in problem for problem in importer.problems(files, DATABASE))

    def test_a_chart_that_is_missing_is_named(self, importer):
        files = importer.read(SHIPPED, DATABASE)
        gone = files.pop("charts/auth-inicios.yaml")["uuid"]
        assert importer.problems(files, DATABASE) == [f"dashboards/autenticacao.yaml: chart {gone} is not here"]

    def test_a_file_that_is_no_yaml_is_named(self, importer, tmp_path):
        (tmp_path / "charts").mkdir()
        (tmp_path / "charts/broken.yaml").write_text("a: [")
        with pytest.raises(importer.Problem, match="charts/broken.yaml"):
            importer.read(tmp_path, DATABASE)

    def test_no_connection_is_taken_from_a_folder(self, importer, tmp_path):
        (tmp_path / "databases").mkdir()
        (tmp_path / "databases/mine.yaml").write_text("uuid: x\n")
        assert importer.read(tmp_path, DATABASE) == {}

    def test_the_shipped_tests_pass(self):
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", SHIPPED, SHIPPED / "tests"]
        done = subprocess.run(command, cwd=SHIPPED, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


class FakeServer:
    """Keeps what it is asked for; removing may fail."""

    def __init__(self, exported, fails=False):
        self.exported, self.fails, self.asked = exported, fails, []

    def export(self):
        return self.exported

    def put(self, files):
        self.asked.append(("put", sorted(name for name in files if "/" in name)))

    def remove(self, gone):
        self.asked.append(("remove", {kind: [thing.name for thing in things] for kind, things in gone.items() if things}))
        if self.fails:
            raise self.fails


class TestWhatIsThere:
    """A folder with one data set, one chart and one dashboard, and a server that has them and more."""

    @pytest.fixture
    def site(self, importer, monkeypatch, tmp_path):
        self.importer = importer
        self.files = {
            "datasets/a.yaml": {"uuid": "d-a", "table_name": "a", "schema": "gold", "database_uuid": DATABASE},
            "charts/a.yaml": {"uuid": "c-a", "slice_name": "A", "dataset_uuid": "d-a"},
            "dashboards/a.yaml": {"uuid": "b-a", "dashboard_title": "A", "slug": "a"},
        }
        self.things = {
            "datasets": [importer.Thing(1, "d-a", "a", "gold", True, [1])],
            "charts": [importer.Thing(1, "c-a", "A", "", True, [1])],
            "dashboards": [importer.Thing(1, "b-a", "A", "a", True, [])],
        }
        self.server = FakeServer({"databases/x.yaml": {"uuid": DATABASE}, **copy.deepcopy(self.files)})
        (tmp_path / "settings.json").write_text(json.dumps({"import": {"database_uuid": DATABASE, "username": "deployer"}}))
        (tmp_path / "api_password").write_text("x")
        monkeypatch.setattr(importer, "ETC", tmp_path)
        monkeypatch.setattr(importer, "read", lambda *dummy: self.files)
        monkeypatch.setattr(importer, "there", lambda *dummy: self.things)
        monkeypatch.setattr(importer, "Server", lambda *dummy: self.server)

    def has(self, kind, *thing):
        self.things[kind].append(self.importer.Thing(*thing))

    def run(self, check=False):
        return self.importer.run(pathlib.Path(), check)

    def test_where_nothing_differs_nothing_is_done(self, site):
        assert self.run() == [] and self.server.asked == []

    def test_what_is_no_file_any_more_goes_after_the_import(self, site):
        self.has("datasets", 2, "d-b", "b", "gold", True, [2])
        self.has("charts", 2, "c-b", "B", "", True, [2])
        self.has("dashboards", 2, "b-b", "B", "b", True, [])
        self.files["charts/a.yaml"]["slice_name"] = "A2"
        said = ["charts/a.yaml", "datasets/b (removed)", "charts/B (removed)", "dashboards/B (removed)"]
        assert self.run(check=True) == said and self.server.asked == []
        assert self.run() == said
        assert [verb for verb, dummy in self.server.asked] == ["put", "remove"]
        assert self.server.asked[1][1] == {"datasets": ["b"], "charts": ["B"], "dashboards": ["B"]}

    def test_what_is_a_persons_stays(self, site):
        self.has("datasets", 2, "d-b", "b", "gold", False, [2])
        self.has("charts", 2, "c-b", "A", "", False, [2])
        self.has("dashboards", 2, "b-b", "A", "", False, [])
        assert self.run() == [] and self.server.asked == []

    @pytest.mark.parametrize("kind, thing, says", [
        ("datasets", (2, "d-x", "b", "gold", False, []), 'datasets/b.yaml: "b" is there already and is a person\'s; give the file another table_name'),
        ("dashboards", (2, "b-x", "Mine", "b", False, []), 'dashboards/b.yaml: "Mine" is there already and is a person\'s; give the file another slug'),
    ])  # fmt: skip
    def test_a_name_that_is_a_persons_is_refused_and_nothing_done(self, site, kind, thing, says):
        self.files["datasets/b.yaml"] = {"uuid": "d-b", "table_name": "b", "schema": "gold"}
        self.files["dashboards/b.yaml"] = {"uuid": "b-b", "dashboard_title": "B", "slug": "b"}
        self.has(kind, *thing)
        with pytest.raises(self.importer.Problem) as problem:
            self.run()
        assert str(problem.value) == says and self.server.asked == []

    @pytest.mark.parametrize("thing", [(2, "d-b", "b", "gold", False, []), (2, "d-x", "b", "ops", False, []), (2, "d-x", "b", "gold", True, [])])
    def test_a_thing_of_the_same_uuid_of_another_schema_or_imported_before_is_no_conflict(self, site, thing):
        self.files["datasets/b.yaml"] = {"uuid": "d-b", "table_name": "b", "schema": "gold"}
        self.has("datasets", *thing)
        assert self.run() == ["datasets/b.yaml"]
        assert self.server.asked[1] == ("remove", {})

    def test_a_file_without_a_schema_would_take_the_name_in_any(self, site):
        self.files["datasets/b.yaml"] = {"uuid": "d-b", "table_name": "b"}
        self.has("datasets", 2, "d-x", "b", "curated", False, [])
        with pytest.raises(self.importer.Problem, match="datasets/b.yaml"):
            self.run()

    def test_what_people_use_is_not_removed_under_them(self, site):
        self.has("datasets", 2, "d-b", "b", "gold", True, [2])
        self.has("charts", 2, "c-b", "Mine", "", False, [])
        self.has("charts", 3, "c-c", "C", "", True, [2])
        self.has("dashboards", 2, "b-b", "Ours too", "", False, [])
        with pytest.raises(self.importer.Problem) as problem:
            self.run()
        assert str(problem.value) == (
            '"b" was removed from datasets, and charts of people use it: Mine; keep the file until these are gone; '
            '"C" was removed from charts, and dashboards of people use it: Ours too; keep the file until these are gone'
        )
        assert self.server.asked == []

    def test_where_removing_fails_what_was_there_is_put_back(self, site):
        self.has("charts", 2, "c-b", "B", "", True, [])
        self.server.exported["charts/B_2.yaml"] = {"uuid": "c-b", "slice_name": "B", "dataset_uuid": "d-a"}
        self.server.exported["charts/Mine_3.yaml"] = {"uuid": "c-x", "slice_name": "Mine", "dataset_uuid": "d-a"}
        self.server.fails = self.importer.Problem("an alert is on it")
        with pytest.raises(self.importer.Problem, match="an alert is on it"):
            self.run()
        assert [verb for verb, dummy in self.server.asked] == ["remove", "put"]
        assert self.server.asked[1][1] == ["charts/B_2.yaml", "charts/a.yaml", "dashboards/a.yaml", "databases/x.yaml", "datasets/a.yaml"]

    def test_removing_leaves_nothing_that_refers_to_what_is_gone(self, importer):
        server, asked = object.__new__(importer.Server), []
        server.ask = lambda method, path: asked.append((method, path))
        server.remove({kind: [importer.Thing(number, "", "", "", True, []) for number in (1, 2)] for kind in importer.KINDS})
        assert asked == [("DELETE", "dashboard/?q=!(1,2)"), ("DELETE", "chart/?q=!(1,2)"), ("DELETE", "dataset/?q=!(1,2)")]


class TestSetup:
    @pytest.mark.parametrize(("given", "does"), [
        ({}, []),
        ({"revision": None, "has_roles": False, "key_in_use": None, "release_in_use": None}, ["upgrade", "init"]),
        ({"revision": "old"}, ["upgrade", "init"]),
        ({"has_roles": False}, ["init"]),
        ({"release_in_use": "b"}, ["init"]),
        ({"key_in_use": "before"}, ["re-encrypt"]),
        ({"key_in_use": None}, []),
    ])
    def test_only_what_is_needed_is_done(self, setup, given, does):
        state = {"revision": "new", "has_roles": True, "newest": "new", "key": "k", "key_in_use": "k", "release": "a", "release_in_use": "a", **given}
        assert [name for name, needed in setup.steps(**state).items() if needed] == does

    def test_the_newest_revision_is_the_one_that_none_builds_upon(self, setup, tmp_path):
        (tmp_path / "a.py").write_text('revision = "a1"\ndown_revision = None\n')
        (tmp_path / "b.py").write_text("revision = 'b1'\ndown_revision = 'a1'\n")
        (tmp_path / "c.py").write_text('revision = "c1"\ndown_revision = "a1"\n')
        (tmp_path / "d.py").write_text('revision = "d1"\ndown_revision = ("b1", "c1")\n')
        assert setup.newest_revision(tmp_path) == "d1"
        (tmp_path / "d.py").unlink()
        with pytest.raises(SystemExit, match="2 newest"):
            setup.newest_revision(tmp_path)

    def test_a_key_is_for_its_account_alone(self, setup, tmp_path):
        setup.write(tmp_path / "key", "word")
        assert setup.read(tmp_path / "key") == "word" and (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def config(monkeypatch, tmp_path):
    """The settings, as Superset reads them, with nothing of Superset's."""
    for name in ("flask_babel", "cachelib", "cachelib.redis", "redis", "superset", "superset.security"):
        monkeypatch.setitem(sys.modules, name, mock.MagicMock())
    sys.modules["superset.security"].SupersetSecurityManager = type("Manager", (), {"ADMIN_ONLY_VIEW_MENUS": set()})
    for name in ("superset_config.py", "translations.json"):
        (tmp_path / name).write_text((FILES / name).read_text())
    settings = {"redis_socket": "/s", "state": str(tmp_path), "database_uri": "d", "threads": 2, "own_accounts": ["admin"], "settings": {},
                "api_login_limit": "1"}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    (tmp_path / "secret_key").write_text("k")
    spec = importlib.util.spec_from_file_location("superset_config", tmp_path / "superset_config.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTrinoOfTheConfig:
    def test_every_grain_of_time_is_cut_in_the_session_s_zone(self, config):
        grains = config.TIME_GRAIN_ADDON_EXPRESSIONS["trino"]
        assert len(grains) == 12  # all that Superset 3.1 has for Trino
        day = "date_trunc('day', CAST(at_timezone(CAST(ts AS TIMESTAMP(6) WITH TIME ZONE), current_timezone()) AS TIMESTAMP(6)))"
        assert grains["P1D"].format(col="ts") == day
        assert all("at_timezone" in expression and expression.count("{col}") == 1 for expression in grains.values())

    @pytest.mark.parametrize(("source", "told"), [("SQL_LAB", "superset-sql-lab"), ("DASHBOARD", "superset"), ("CHART", "superset"), (None, "superset")])
    def test_trino_is_told_what_is_a_dashboard_s(self, config, source, told):
        where = type("Source", (), {"name": source})() if source else None
        url, parameters = config.DB_CONNECTION_MUTATOR("u", {"connect_args": {"user": "ana"}}, "ana", None, where)
        assert parameters["connect_args"] == {"user": "ana", "source": told, "request_timeout": (5, 30)}

    def test_the_platform_s_own_accounts_ask_as_superset(self, config):
        assert "user" not in config.DB_CONNECTION_MUTATOR("u", {"connect_args": {"user": "admin"}}, "admin", None, None)[1]["connect_args"]


class TestWordsOfTheConfig:
    PACK = {"domain": "superset", "locale_data": {"superset": {"": {"lang": "pt_BR"}, "Search": ["Pesquisar"], "Fetched %s": ["Obtido %s"]}}}

    def test_the_browser_s_pack_is_completed(self, config):
        words = config.our_words({"locale": "pt_BR", "language_pack": self.PACK})["language_pack"]["locale_data"]["superset"]
        assert words["%s option"] == ["%s opção", "%s opções"] and words["Fetched %s"] == ["Consultado %s"]
        assert words["Search"] == ["Pesquisar"] and words[""] == {"lang": "pt_BR"}
        assert "%s option" not in self.PACK["locale_data"]["superset"]  # it is the one that Superset keeps

    @pytest.mark.parametrize(("locale", "pack"), [("en", {}), ("en", PACK), ("pt_BR", None)])
    def test_another_language_is_left_alone(self, config, locale, pack):
        assert config.our_words({"locale": locale, "language_pack": pack}) == {}

    @pytest.mark.parametrize(("locale", "text", "said"), [("pt_BR", "Sign In", "Entrar"), ("en", "Sign In", "theirs"), ("pt_BR", "Username", "theirs")])
    def test_the_server_s_pages_say_it_too(self, config, locale, text, said):
        config.flask_babel.get_locale.return_value = locale
        theirs = mock.Mock(_catalog={"Sign In": "theirs", "Username": "theirs"})
        assert config.with_our_words(lambda domain: theirs)(None)._catalog[text] == said

    def test_a_translation_has_the_places_of_its_text(self, config):
        for text, said in config.TRANSLATIONS["pt_BR"].items():
            assert all(text.count("%s") == words.count("%s") for words in ([said] if isinstance(said, str) else said)), text


@pytest.mark.parametrize("zone", [0, -3])
def test_what_is_older_than_the_days_is_forgotten_in_whatever_zone_the_host_is(monkeypatch, zone):
    cleanup = load("superset_cleanup", monkeypatch)
    now = datetime.datetime(2026, 12, 1, 2, tzinfo=datetime.timezone.utc).astimezone(datetime.timezone(datetime.timedelta(hours=zone)))
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE logs (dttm)")
    connection.executemany("INSERT INTO logs VALUES (?)", [("2026-09-02 01:59:59.9",), ("2026-09-02 02:00:00.1",), ("2026-12-01 01:00:00",)])
    assert cleanup.forget(connection, 90, now) == 1
    assert connection.execute("SELECT count(*) FROM logs").fetchone() == (2,) and not connection.in_transaction
    assert cleanup.forget(connection, 90, now) == 0
