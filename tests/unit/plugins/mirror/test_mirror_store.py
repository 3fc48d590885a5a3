# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
import pathlib

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.store import CorruptError, Store

ENTRY = {"name": "thing", "version": "1.0", "parts": [{"kind": "url"}]}
WHEELS = {"name": "thing", "version": "1.0", "parts": [{"kind": "wheels"}]}


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path))


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "public/releases/thing-1.0.tar.zst"


def publish(store, entry=None, recipe="recipe"):
    entry = entry or ENTRY
    with store.working() as work:
        root = pathlib.Path(work, "root")
        root.mkdir()
        (root / "a.whl").write_bytes(b"wheel")
        (root / "requirements.txt").write_bytes(b"list")
        built = pathlib.Path(work, "release.tar.zst")
        built.write_bytes(b"archive")
        store.publish(entry, recipe, str(root if entry is WHEELS else built))


def test_nothing_is_current_in_an_empty_cache(store):
    assert not store.is_current(ENTRY, "recipe")


def test_a_release_is_published_with_its_checksum(store, archive):
    publish(store)
    checksum = hashlib.sha256(b"archive").hexdigest()
    assert archive.read_bytes() == b"archive"
    assert pathlib.Path(str(archive) + ".sha256").read_text() == checksum + "  thing-1.0.tar.zst\n"
    assert store.is_current(ENTRY, "recipe")
    assert store.checksum(ENTRY) == checksum


def test_another_recipe_makes_it_due(store):
    publish(store)
    assert not store.is_current(ENTRY, "other")


@pytest.mark.parametrize("suffix", ["", ".sha256"])
def test_a_file_that_is_gone_makes_it_due(store, archive, suffix):
    publish(store)
    os.remove(str(archive) + suffix)
    assert not store.is_current(ENTRY, "recipe")


@pytest.mark.parametrize("suffix", ["", ".sha256"])
def test_a_damaged_file_stops_and_is_named(store, archive, suffix):
    publish(store)
    with open(str(archive) + suffix, "ab") as stream:
        stream.write(b"x")
    with pytest.raises(CorruptError, match="release thing-1.0: .*/thing-1.0.tar.zst%s is corrupt.*Delete it" % suffix):
        store.is_current(ENTRY, "recipe")


def test_other_time_stamps_alone_are_no_damage(store, archive):
    publish(store)
    os.utime(archive, (1, 1))
    assert store.is_current(ENTRY, "recipe")


def test_damage_is_found_though_size_and_time_are_the_same(store, archive):
    publish(store)
    before = os.stat(archive)
    archive.write_bytes(b"ARCHIVE")
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CorruptError):
        store.is_current(ENTRY, "recipe")


def test_a_run_that_was_killed_while_publishing_leaves_it_due(store, archive, monkeypatch):
    publish(store)
    monkeypatch.setattr(os, "replace", lambda *names: (dummy for dummy in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        publish(store, recipe="other")
    assert not store.is_current(ENTRY, "recipe")


def test_wheels_are_published_as_a_folder_without_leftovers(store, tmp_path):
    publish(store, WHEELS)
    folder = tmp_path / "public/wheels/thing-1.0"
    (folder / "old.whl").write_bytes(b"")
    publish(store, WHEELS, "other")
    assert sorted(path.name for path in folder.iterdir()) == ["a.whl", "requirements.txt"]
    assert store.is_current(WHEELS, "other")
    assert store.checksum(WHEELS) == hashlib.sha256(b"list").hexdigest()


@pytest.mark.parametrize("entry, place", [(ENTRY, "release.tar.zst"), (WHEELS, "root/b.whl")], ids=["archive", "wheel"])
def test_a_link_in_place_of_what_was_built_is_not_followed(store, tmp_path, entry, place):
    (tmp_path / "secret").write_text("root's")
    with pytest.raises(OSError), store.working() as work:
        path = pathlib.Path(work, place)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(tmp_path / "secret")
        store.publish(entry, "recipe", str(path if entry is ENTRY else path.parent))
    assert not store.is_current(entry, "recipe")


def test_a_link_on_the_way_to_what_was_built_is_not_followed(store, tmp_path):
    (tmp_path / "another/inner").mkdir(parents=True)
    (tmp_path / "another/inner/b.whl").write_text("root's")
    with pytest.raises(OSError), store.working() as work:
        pathlib.Path(work, "root").symlink_to(tmp_path / "another")
        store.publish(WHEELS, "recipe", os.path.join(work, "root/inner"))
    assert not (tmp_path / "public/wheels/thing-1.0/b.whl").exists()


def test_the_work_folder_starts_empty_and_goes(store):
    pathlib.Path(store.work).mkdir()
    pathlib.Path(store.work, "leftover").write_text("")
    with store.working() as work:
        assert os.listdir(work) == []
    assert not os.path.exists(store.work)
