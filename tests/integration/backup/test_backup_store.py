# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of backups, with real servers: what hosts may not do, what goes and what stays, and what is said of a store on its bad days."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from backup_store import KEEPER

VERIFY = pathlib.Path(__file__).resolve().parents[3] / "roles/backup_store/files/verify.py"


@pytest.fixture
def store(backup_store):
    backup_store.restic("minio", "init")
    return backup_store


@pytest.fixture
def some(tmp_path):
    """A folder that each call leaves with another file in it."""
    folder = tmp_path / "some"
    folder.mkdir()

    def change():
        (folder / f"file-{len(os.listdir(folder))}").write_text(os.urandom(100_000).hex())
        return folder

    return change


def age(store, name, identifier, days, said=None):
    """Make a backup one of so many days ago: its file is, and its own time is."""
    when = datetime.datetime.now() - datetime.timedelta(days=days)
    done = store.restic(name, "rewrite", "--new-time", (said or when).strftime("%Y-%m-%d %H:%M:%S"), identifier)
    new = done.stdout.split("saved new snapshot ")[1].split()[0]
    (new,) = [found for found in store.snapshots(name) if found.startswith(new)]
    (store.data / name / "snapshots" / identifier).unlink()
    os.utime(store.data / name / "snapshots" / new, (when.timestamp(), when.timestamp()))
    return new


class TestWhatAHostMayNotDo:
    def verify(self, store, **more):
        name = "minio"
        expected = {"url": store.url, "restic": str(store.program), "name": name, "password": store.accounts[name], "folder": str(store.data / name),
                    "accounts": {other: password for other, password in store.accounts.items() if other != name}, **more}
        environment = {"PATH": os.defpath, "SSL_CERT_FILE": str(store.ca_path)}
        done = subprocess.run(["/usr/bin/python3", VERIFY], input=json.dumps(expected), env=environment, check=False, capture_output=True, text=True,
                              timeout=300)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def test_the_proofs_hold_and_leave_nothing(self, backup_store):
        result = self.verify(backup_store)
        assert result["broken"] == [] and len(result["held"]) > 10
        assert not (backup_store.data / "minio").exists()

    def test_a_store_that_lets_hosts_delete_is_found_out(self, backup_store):
        backup_store.stop()
        backup_store.start(lax=True)
        broken = "\n".join(self.verify(backup_store)["broken"])
        assert "deletes anything" in broken and "reads the repository of" in broken.replace("does not read", "reads")

    def test_a_host_whose_password_is_another_is_found_out(self, backup_store):
        result = self.verify(backup_store, accounts={"db-hive": "another"})
        assert [line for line in result["broken"] if line.startswith("db-hive comes in")]


class TestForget:
    def test_of_each_set_proven_ones_stay_by_the_policy_and_others_two_days(self, store, some):
        old = [age(store, "minio", store.back_up("minio", some(), "--tag=set=bucket"), days) for days in (400, 20, 20, 5)]
        unproven = age(store, "minio", store.back_up("minio", some(), "--tag=set=bucket", "--host=minio.unchecked"), 5)
        fresh = [store.back_up("minio", some(), "--tag=set=bucket", "--host=minio.unchecked"), store.back_up("minio", some(), "--tag=set=bucket")]
        never = [age(store, "minio", store.back_up("minio", some(), "--tag=set=kafka", "--host=minio.unchecked"), days) for days in (3, 4)]
        by_hand = age(store, "minio", store.back_up("minio", some()), 900)
        result, code = store.keeper("forget", sealed=["controller"])
        assert (result["state"], code) == ("good", 0), result
        left = store.snapshots("minio")
        assert left == {old[0], old[3], *fresh, *never, by_hand, *({old[1], old[2]} & left)} and len({old[1], old[2]} & left) == 1
        assert unproven not in left
        assert result["repositories"]["minio"]["snapshots"] == len(left)
        assert result["repositories"]["db-hive"] == {"state": "none"}
        # What is left can be read, and what only the others referred to is gone.
        assert store.keeper("check")[0]["state"] == "good"
        assert "0 B" in store.restic("minio", "prune", "--dry-run", "--no-lock", "--max-unused=0").stdout

    @pytest.mark.parametrize("said", [datetime.timedelta(days=300), -datetime.timedelta(days=30)], ids=["later", "earlier"])
    def test_backups_with_false_times_take_no_true_ones(self, store, some, said):
        true = age(store, "minio", store.back_up("minio", some(), "--tag=set=bucket"), 20)
        false = store.back_up("minio", some(), "--tag=set=bucket", "--time", (datetime.datetime.now() + said).strftime("%Y-%m-%d %H:%M:%S"))
        result, code = store.keeper("forget", sealed=["controller"])
        assert code == 1 and result["state"] == "failed"
        assert result["reason"].startswith("minio: retention was not run: the time of " + false[:8])
        assert store.snapshots("minio") == {true, false}

    def test_a_late_backup_does_not_take_the_place_of_a_day_s_last_one(self, store, some):
        true = [age(store, "minio", store.back_up("minio", some(), "--tag=set=bucket"), days) for days in (4, 3)]
        said = datetime.datetime.now() - datetime.timedelta(days=3, hours=3)
        false = store.back_up("minio", some(), "--tag=set=bucket", "--time", said.strftime("%Y-%m-%d %H:%M:%S"))
        result, code = store.keeper("forget", sealed=["controller"])
        assert code == 1 and result["reason"].startswith("minio: retention was not run: the time of " + false[:8])
        assert store.snapshots("minio") == {*true, false}

    def test_a_run_that_was_killed_is_taken_up_again(self, store, some):
        store.back_up("minio", some(), "--tag=set=bucket")
        # The lock of a process of this host that is no more.
        held = subprocess.Popen([store.program, "backup", "--stdin"], env=store.environment("minio"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        while not os.listdir(store.data / "minio/locks"):
            pass
        held.kill()
        held.wait()
        held.stdin.close()
        assert store.keeper("forget", sealed=["controller"])[0]["state"] == "good"
        assert os.listdir(store.data / "minio/locks") == []
        # Whoever ran it, nothing keeps the next run out.
        assert os.listdir(store.folder / "results") == ["forget.json"]


class TestBadDays:
    def packs(self, store, name="minio"):
        return sorted(path for path in (store.data / name / "data").glob("*/*"))

    def damage(self, path):
        os.chmod(path, 0o600)
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)

    def test_a_damaged_file_is_named_and_repaired_from_the_source(self, store, some):
        folder = some()
        store.back_up("minio", folder, "--tag=set=bucket")
        pack = max(self.packs(store), key=lambda path: path.stat().st_size)
        assert store.keeper("check")[1] == 0
        self.damage(pack)
        result, code = store.keeper("check")
        assert code == 1 and pack.name[:8] in result["reason"] and result["repositories"]["minio"]["state"] == "failed"
        # As docs/backup.md says.
        store.keeper("restic", "minio", "repair", "packs", pack.name)
        store.back_up("minio", folder, "--force", "--tag=set=bucket")
        assert store.keeper("check")[1] == 0
        assert store.restic("minio", "dump", "latest", folder / "file-0").stdout == (folder / "file-0").read_text()

    def test_a_file_of_a_repository_without_a_key_here_is_held_against_its_name(self, store, some):
        store.restic("controller", "init")
        store.back_up("controller", some(), "--tag=set=controller")
        result, code = store.keeper("check", sealed=["controller"])
        assert code == 0 and result["repositories"]["controller"]["state"] == "good"
        pack = self.packs(store, "controller")[0]
        self.damage(pack)
        result, code = store.keeper("check", sealed=["controller"])
        assert code == 1 and pack.name in result["reason"]

    def test_a_store_that_lost_its_disk_says_so_and_takes_backups_again(self, store, some):
        store.back_up("minio", some(), "--tag=set=bucket")
        assert store.keeper("forget")[1] == 0
        shutil.rmtree(store.data / "minio")
        for dummy in range(2):
            result, code = store.keeper("forget")
            assert code == 1 and result["reason"] == "minio: its repository is gone; the next backup begins anew"
        store.restic("minio", "init")
        store.back_up("minio", some(), "--tag=set=bucket")
        assert store.keeper("forget")[1] == 0

    def test_a_full_store_says_so_keeps_what_it_has_and_goes_on_with_more_room(self, store, some, tmp_path):
        store.stop()
        store.data = tmp_path / "small"
        store.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", store.data], check=True)
        try:
            store.start()
            store.restic("minio", "init")
            kept = store.back_up("minio", some(), "--tag=set=bucket")
            (some() / "large").write_bytes(os.urandom(8_000_000))
            done = store.restic("minio", "backup", "--tag=set=bucket", some(), check=False)
            assert done.returncode != 0 and store.snapshots("minio") == {kept}
            assert "507 Insufficient Storage" in done.stderr
            subprocess.run(["mount", "-o", "remount,size=64m", store.data], check=True)
            store.back_up("minio", some(), "--tag=set=bucket")
            assert store.keeper("check")[1] == 0 and store.keeper("forget")[1] == 0
        finally:
            store.stop()
            subprocess.run(["umount", store.data], check=True)
            store.data = store.folder / "data"
            store.start()

    def test_the_report_has_what_the_last_runs_found_and_when_one_was_good(self, store, some):
        store.keeper("forget")
        store.back_up("minio", some(), "--tag=set=bucket")
        store.keeper("check")
        (store.data / "minio/config").unlink()
        store.keeper("check")
        forget, check = json.loads(store.keeper("--report", "of all")[0])
        assert (forget["set"], forget["last"]["state"], forget["problem"]) == ("forget", "good", None) and forget["good"]["ended"]
        assert (check["set"], check["last"]["state"]) == ("check", "failed") and "its repository is gone" in check["problem"] and check["good"]["bytes"] > 0
        os.utime(store.folder / "settings.json", (0, 0))
        (store.folder / "results/forget.json").unlink()
        done = subprocess.run(["/usr/bin/python3", KEEPER, store.folder / "settings.json", "--report"], check=True, capture_output=True, text=True)
        assert "no good run for" in json.loads(done.stdout)[0]["problem"]

    def test_one_bad_repository_stops_none_of_the_others(self, store, some):
        store.restic("db-hive", "init")
        store.back_up("db-hive", some(), "--tag=set=metastore")
        (store.data / "db-hive/config").write_bytes(b"")
        store.back_up("minio", some(), "--tag=set=bucket")
        result, code = store.keeper("check")
        assert code == 1
        assert {name: each["state"] for name, each in result["repositories"].items()} == {"minio": "good", "db-hive": "failed", "controller": "none"}
