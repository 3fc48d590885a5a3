# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import zipfile

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import tree


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return str(folder)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_everything_goes_to_the_top_or_to_a_folder(tmp_path, root):
    tree.place(fill(tmp_path / "a", "x", "y/z"), str(root), {})
    tree.place(fill(tmp_path / "b", "x"), str(root), {"to": "lib"})
    assert names(root) == ["lib/x", "x", "y/z"]


def test_only_the_wanted_paths_are_taken_and_folders_merge(tmp_path, root):
    source = fill(tmp_path / "a", "deps/bin/run", "deps/jars/a.jar", "docs/index", "LICENSE")
    tree.place(source, str(root), {"paths": {"deps/bin": "bin", "deps/jars": "jars", "LICENSE": "LICENSE"}})
    tree.place(fill(tmp_path / "b", "b.jar"), str(root), {"to": "jars"})
    assert names(root) == ["LICENSE", "bin/run", "jars/a.jar", "jars/b.jar"]


def test_a_path_that_is_not_there_is_named(tmp_path, root):
    with pytest.raises(tree.TreeError, match="deps/sbin is not in what was downloaded"):
        tree.place(fill(tmp_path / "a", "x"), str(root), {"paths": {"deps/sbin": "sbin"}})


def test_two_parts_may_not_give_the_same_file(tmp_path, root):
    tree.place(fill(tmp_path / "a", "a.jar"), str(root), {"to": "lib"})
    with pytest.raises(tree.TreeError, match="two parts give lib/a.jar"):
        tree.place(fill(tmp_path / "b", "a.jar"), str(root), {"to": "lib"})


def test_a_single_file_gets_its_name_and_may_be_executed(tmp_path, root):
    tree.place(fill(tmp_path / "a", "cli-476-executable.jar"), str(root), {"to": "bin", "rename": "trino", "executable": True})
    assert names(root) == ["bin/trino"]
    assert os.access(root / "bin/trino", os.X_OK)


def test_keep_leaves_the_listed_names_only(tmp_path, root):
    source = fill(tmp_path / "a", "plugin/iceberg/i.jar", "plugin/hudi/h.jar", "lib/l.jar")
    tree.place(source, str(root), {"keep": {"plugin": ["iceberg"]}})
    assert names(root) == ["lib/l.jar", "plugin/iceberg/i.jar"]


def test_keep_of_a_name_that_is_not_there_is_named(tmp_path, root):
    with pytest.raises(tree.TreeError, match="icebreg is to be kept, but it is not in plugin, which has iceberg"):
        tree.place(fill(tmp_path / "a", "plugin/iceberg/i.jar"), str(root), {"keep": {"plugin": ["icebreg"]}})


def test_exclude_removes_files_and_folders(tmp_path, root):
    source = fill(tmp_path / "a", "bin/run", "bin/run.cmd", "lib/php/a/b", "lib/guava-19.0.jar", "lib/guava-27.jar")
    tree.place(source, str(root), {"exclude": ["bin/*.cmd", "lib/php", "lib/guava-19*"]})
    assert names(root) == ["bin/run", "lib/guava-27.jar"]


def test_an_exclude_pattern_that_matches_nothing_is_named(tmp_path, root):
    with pytest.raises(tree.TreeError, match="'lib/derby-.'"):
        tree.place(fill(tmp_path / "a", "lib/x"), str(root), {"exclude": ["lib/derby-?"]})


def test_unzip_keeps_permissions_to_execute(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        for name, mode in (("bin/java", 0o755), ("release", 0o644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, name)
    tree.unzip(str(tmp_path / "x.whl"), str(tmp_path / "out"))
    assert os.access(tmp_path / "out/bin/java", os.X_OK)
    assert os.stat(tmp_path / "out/release").st_mode & 0o111 == 0
