# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which log folders are formatted, and which are none of the node's business."""

from __future__ import annotations

import json
import stat

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import storage_state as storage
from ansible_collections.gti.lakehouse.plugins.modules import kafka_storage

CLUSTER, OTHER = "A" * 22, "B" * 21 + "A"
META = "#\n#Tue Nov 24\nnode.id={node}\ndirectory.id=x=y\nversion={version}\ncluster.id={cluster}\n"


def folder(path, cluster=CLUSTER, node=1, version=1, names=()):
    path.mkdir(exist_ok=True)
    if cluster:
        (path / "meta.properties").write_text(META.format(node=node, version=version, cluster=cluster))
    for name in names:
        (path / name).mkdir()
    return path


def state(*paths):
    return storage.state_of([storage.look(str(path)) for path in paths], CLUSTER, 1)


def test_nothing_is_empty(tmp_path):
    assert state(tmp_path / "missing", folder(tmp_path / "new", cluster=None, names=["lost+found"])) == storage.EMPTY


def test_its_own_is_formatted(tmp_path):
    assert state(folder(tmp_path / "a", names=["topic-0"])) == storage.FORMATTED


def test_a_new_disk_beside_is_kafkas_to_take(tmp_path):
    assert state(folder(tmp_path / "a"), tmp_path / "b") == storage.FORMATTED


@pytest.mark.parametrize("options, words", [
    ({"cluster": OTHER}, f"belongs to cluster {OTHER}"),
    ({"node": 2}, "belongs to node 2"),
    ({"version": 0}, "has version 0"),
    ({"cluster": None, "names": ["topic-0"]}, "formatted by half"),
])
def test_anything_else_is_refused(tmp_path, options, words):
    with pytest.raises(storage.Foreign, match=words):
        state(folder(tmp_path / "a", **options))
    with pytest.raises(storage.Foreign, match=words):
        state(folder(tmp_path / "mine"), tmp_path / "a")


def test_the_metadata_folder_may_not_be_the_empty_one(tmp_path):
    with pytest.raises(storage.Foreign, match="folder of the cluster's metadata"):
        state(tmp_path / "new", folder(tmp_path / "old"))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(storage.Foreign, match="is no folder"):
        state(tmp_path / "file")


@pytest.fixture
def run(tmp_path, capfd, monkeypatch):
    """The module, with a program in place of runuser that writes what it was called with."""
    runuser = tmp_path / "runuser"
    runuser.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\n[ ! -e {tmp_path}/broken ] || {{ echo no room >&2; exit 1; }}\n')
    runuser.chmod(runuser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(kafka_storage, "RUNUSER", str(runuser))

    def call(check=False, **options):
        arguments = {
            "cluster_id": CLUSTER, "node_id": 1, "log_dirs": [str(tmp_path / "log")], "config": "/etc/kafka.properties",
            "kafka_home": "/opt/kafka", "owner": "kafka", "_ansible_check_mode": check, **options,
        }  # fmt: skip
        with patch_module_args(arguments), pytest.raises(SystemExit):
            kafka_storage.main()
        result = json.loads(capfd.readouterr().out)
        called = tmp_path / "called"
        return result, called.read_text() if called.exists() else ""

    return call


def test_empty_folders_are_formatted_as_the_account_of_kafka(run):
    result, called = run(check=True)
    assert result["changed"] and not called
    result, called = run()
    assert result["changed"] and result["state"] == "empty"
    assert called == f"-u kafka -- /usr/bin/java -cp /opt/kafka/libs/* kafka.tools.StorageTool format --cluster-id {CLUSTER} --config /etc/kafka.properties\n"


def test_formatted_folders_are_left_alone(run, tmp_path):
    folder(tmp_path / "log")
    result, called = run()
    assert not result["changed"] and not called


def test_foreign_folders_are_never_touched(run, tmp_path):
    folder(tmp_path / "log", cluster=OTHER)
    for check in (True, False):
        result, called = run(check=check)
        assert result["failed"] and "Nothing was changed" in result["msg"] and not called


def test_a_tool_that_fails_is_heard(run, tmp_path):
    (tmp_path / "broken").write_text("")
    result, called = run()
    assert result["failed"] and "no room" in result["msg"]
