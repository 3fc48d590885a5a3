# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import stat

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.modules import config_files


@pytest.fixture(name="run")
def fixture_run(tmp_path, capsys):
    """Run the module on a folder that does not exist yet, and return what it printed."""

    def run(files, check=False, diff=True, **params):
        args = {"path": str(tmp_path / "etc"), "files": files, "mode": "0640", **params}
        with patch_module_args({**args, "_ansible_check_mode": check, "_ansible_diff": diff}):
            with pytest.raises(SystemExit):
                config_files.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture(name="etc")
def fixture_etc(tmp_path):
    return tmp_path / "etc"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_made(run, etc):
    found = run({"a.conf": "one\n", "sub/deep/b.conf": "zwei é\n"}, directory_mode="0750")
    assert (found["changed"], found["written"], found["removed"]) == (True, ["a.conf", "sub/deep/b.conf"], [])
    assert (etc / "sub/deep/b.conf").read_text(encoding="utf-8") == "zwei é\n"
    assert {mode(etc), mode(etc / "sub"), mode(etc / "sub/deep")} == {0o750}
    assert mode(etc / "a.conf") == 0o640
    assert sorted(os.listdir(etc)) == ["a.conf", "sub"]


def test_a_second_run_changes_nothing(run, etc):
    run({"a.conf": "one\n"})
    before = (etc / "a.conf").stat()
    found = run({"a.conf": "one\n"})
    assert (found["changed"], found["written"], found["diff"]) == (False, [], [])
    assert (etc / "a.conf").stat() == before


def test_new_text_replaces_the_file_and_shows_in_the_diff(run, etc):
    run({"a.conf": "one\n", "b.conf": "two\n"})
    found = run({"a.conf": "three\n", "b.conf": "two\n"})
    assert found["written"] == ["a.conf"]
    assert [(part["before"], part["after"]) for part in found["diff"]] == [("one\n", "three\n")]
    assert (etc / "a.conf").read_text(encoding="utf-8") == "three\n"


def test_no_diff_where_none_is_asked_for(run):
    assert run({"a.conf": "one\n"}, diff=False)["diff"] == []


def test_a_wrong_mode_is_put_right(run, etc):
    run({"a.conf": "one\n"})
    (etc / "a.conf").chmod(0o666)
    assert run({"a.conf": "one\n"})["written"] == ["a.conf"]
    assert mode(etc / "a.conf") == 0o640


def test_a_folder_that_exists_is_left_alone(run, etc):
    etc.mkdir(mode=0o700)
    run({"a.conf": "one\n"}, directory_mode="0755")
    assert mode(etc) == 0o700


def test_check_mode_touches_nothing_even_where_nothing_exists(run, etc):
    found = run({"a.conf": "one\n"}, check=True, owner="no-such-user", group="no-such-group")
    assert (found["changed"], found["written"]) == (True, ["a.conf"])
    assert not etc.exists()


def test_check_mode_sees_text_mode_and_surplus(run, etc):
    run({"a.conf": "one\n", "b.conf": "two\n", "c.conf": "three\n"})
    (etc / "b.conf").chmod(0o600)
    found = run({"a.conf": "new\n", "b.conf": "two\n"}, check=True, purge=["*.conf"])
    assert (found["written"], found["removed"]) == (["a.conf", "b.conf"], ["c.conf"])
    assert (etc / "a.conf").read_text(encoding="utf-8") == "one\n"
    assert mode(etc / "b.conf") == 0o600
    assert (etc / "c.conf").exists()


def test_surplus_goes_and_nothing_else(run, etc):
    run({"cat/a.properties": "a\n", "cat/b.properties": "b\n", "cat/readme": "r\n", "other.properties": "o\n"})
    found = run({"cat/a.properties": "a\n"}, purge=["cat/*.properties"])
    assert (found["changed"], found["removed"], found["written"]) == (True, ["cat/b.properties"], [])
    assert [(part["before"], part["after"]) for part in found["diff"]] == [("b\n", "")]
    assert sorted(os.listdir(etc / "cat")) == ["a.properties", "readme"]
    assert (etc / "other.properties").exists()


@pytest.mark.parametrize("name", ["../out", "/out", "sub/../../out", "."])
def test_a_name_that_leads_out_is_refused_before_anything_is_written(run, etc, name):
    found = run({name: "x\n", "a.conf": "one\n"})
    assert found["failed"] and "leads out of" in found["msg"]
    assert not etc.exists()


def test_a_folder_in_the_place_of_a_file_is_named(run, etc):
    (etc / "a.conf").mkdir(parents=True)
    found = run({"a.conf": "one\n"})
    assert found["failed"] and "a.conf is a folder" in found["msg"]


def test_a_file_in_the_place_of_a_folder_is_named(run, etc):
    etc.mkdir()
    (etc / "sub").write_text("", encoding="utf-8")
    found = run({"sub/a.conf": "one\n"})
    assert found["failed"] and str(etc / "sub") in found["msg"]
