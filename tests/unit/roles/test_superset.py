# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's programs decide without a server, and that the shipped dashboards fit together."""

from __future__ import annotations

import copy
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
FILES = CHECKOUT / "roles/superset/files"
SHIPPED = CHECKOUT / "roles/gitea/files/repositories/superset-config"
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
