# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run has written and not put in force is seen by the next: files are held against when the service read them."""
from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
SCRIPT = yaml.safe_load((ROOT / "roles/common/vars/main.yml").read_text())["__common_newer"]
# Started at 1000 s, told to read anew at 2000 s; the unit `off` does not run.
SYSTEMCTL = """#!/bin/sh
case "$*" in
*is-active*off*) exit 3 ;;
*ExecMainStartTimestamp*) echo "Thu 1970-01-01 00:16:40.500000 UTC" ;;
*StateChangeTimestamp*) echo "Thu 1970-01-01 00:33:20.500000 UTC" ;;
esac
"""


@pytest.fixture(name="host")
def made(tmp_path):
    """Units of one host, all of them with files of the time 500 s."""
    (tmp_path / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "etc/tool/tls").mkdir(parents=True)
    for name in ("settings", "users", "tls/server.crt", "tls/.made-1"):
        (tmp_path / "etc/tool" / name).write_text("")
    (tmp_path / "release").symlink_to("release-1")
    reads = "[X-Lakehouse]\nReadAtStart=%s/etc/tool/settings %s/release\nReadAtStart=%s/etc/tool/tls\nReadAtReload=%s/etc/tool/user*\n" % ((tmp_path,) * 4)
    units = tmp_path / "units"
    (units / "debians@1.service.d").mkdir(parents=True)
    for name in ("tool.service", "off.service", "debians@1.service.d/lakehouse.conf"):
        (units / name).write_text(reads)
    (units / "other.service").write_text("[Service]\nExecStart=/bin/true\n")
    for path in [*tmp_path.rglob("*")]:
        os.utime(path, (500, 500), follow_symlinks=False)
    return tmp_path


def newer(host, *units):
    command = SCRIPT.replace("/etc/systemd/system", str(host / "units"))
    done = subprocess.run(["sh", "-c", command, "sh", *units], check=True, capture_output=True, text=True,
                          env=dict(os.environ, PATH="%s:%s" % (host, os.environ["PATH"])))
    return done.stdout.replace(str(host) + "/", "").splitlines()


def test_nothing_is_newer_than_what_has_read_all_of_it(host):
    assert newer(host) == newer(host, "tool") == []


def test_what_is_named_and_not_there_is_no_fault(host):
    for name in ("settings", "users"):
        (host / "etc/tool" / name).unlink()
    assert newer(host, "tool") == []


def test_what_came_after_the_start_is_newer_even_within_the_second(host):
    os.utime(host / "etc/tool/settings", (1000.4, 1000.4))
    assert newer(host, "tool") == []
    os.utime(host / "etc/tool/settings", (1000.6, 1000.6))
    assert newer(host, "tool") == ["tool restart etc/tool/settings"]


def test_a_release_that_was_put_in_place_by_its_link_and_a_certificate_in_a_folder_are_seen_and_its_mark_is_not(host):
    for path in ("release", "etc/tool/tls/server.crt", "etc/tool/tls/.made-1", "etc/tool/tls"):
        os.utime(host / path, (3000, 3000), follow_symlinks=False)
    assert sorted(newer(host, "tool")) == ["tool restart etc/tool/tls/server.crt", "tool restart release"]


def test_what_is_read_when_the_service_is_told_to_is_held_against_that(host):
    os.utime(host / "etc/tool/users", (1500, 1500))
    assert newer(host, "tool") == []
    os.utime(host / "etc/tool/users", (2500, 2500))
    assert newer(host, "tool") == ["tool reload etc/tool/users"]


def test_all_units_that_say_what_they_read_are_asked_but_those_that_do_not_run(host):
    os.utime(host / "etc/tool/settings", (3000, 3000))
    assert newer(host) == ["debians@1 restart etc/tool/settings", "tool restart etc/tool/settings"]


def test_every_lasting_service_of_a_role_says_what_it_reads():
    """But the mirror, which is told to read anew without systemd and asked for the certificate that it shows."""
    told = {}
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml")):
        if path.parents[1].name != "common":
            for text in path.read_text().split("tasks_from: unit\n")[1:]:
                text = text.split("\n- name:")[0].split("\n    - name:")[0]
                name = text.split("common_unit_name: ")[1].split("\n")[0]
                if "common_unit_type: oneshot" not in text and not name.endswith("@"):
                    told[name] = "common_unit_reads:" in text and "common_unit_notify:" in text
    assert told.pop("lakehouse-mirror") is False
    assert len(told) > 10 and all(told.values()), [name for name, well in told.items() if not well]
