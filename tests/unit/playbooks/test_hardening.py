# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test of tests/hardening passes on a good host, and fails where its host has the one fault that it is about."""

from __future__ import annotations

import copy
import importlib.util
import pathlib

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[2] / "hardening/test_host.py"
spec = importlib.util.spec_from_file_location("hardening_test_host", TESTS)
tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tests)

EXPECTED = {"accounts": ["datalake"], "ports": ["22", "9000", "4440-4449"]}
GOOD = {
    "sshd": {"allowusers": ["datalake"], **{name: ["no"] for name in (
        "permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication", "permitemptypasswords", "hostbasedauthentication",
        "gssapiauthentication", "x11forwarding")}},
    "units": {"minio.service": ["# Ansible managed", "User=minio", *tests.sandbox()]},
    "exposure": {"minio.service": 1.5, "ssh.service": 9.6},
    "listeners": [{"kind": "tcp", "address": address, "port": port, "process": "x"} for address, port in (
        ("*", 9000), ("::ffff:192.0.2.1", 4040), ("127.0.0.1", 3306), ("::ffff:127.0.0.1", 41000), ("::1", 41000), ("192.0.2.1%eth0", 22))],
    "settings": [{"path": path, "kind": kind, "user": "root", "group": group, "mode": mode} for path, kind, group, mode in (
        ("/etc/datalake", "folder", "root", "0755"), ("/etc/datalake/minio/minio.env", "file", "minio", "0640"),
        ("/etc/datalake/minio/tls/.made-0a", "file", "root", "0644"), ("/etc/datalake/minio/certs/public.crt", "link", "root", "0777"))],
    "members": {"spark": ["airflow"]}, "accounts": {"root": False, "minio": True, "datalake": False, "ana": False}, "passwords": [],
    "writable": ["/tmp", "/tmp/systemd-private-1/tmp", "/run/lock"], "foreign": [],
}
FAULTS = {
    "sshd_lets_in_neither_root_nor_passwords": [lambda seen: seen["sshd"].update(permitrootlogin=["without-password"]),
                                                lambda seen: seen["sshd"].update(passwordauthentication=["yes"])],
    "sshd_lets_in_the_accounts_of_the_site_alone": [lambda seen: seen["sshd"]["allowusers"].append("ana")],
    "each_unit_has_the_sandbox_of_the_template": [lambda seen: seen["units"]["minio.service"].append("ProtectSystem=full"),
                                                  lambda seen: seen["units"]["minio.service"].remove("PrivateTmp=true"),
                                                  lambda seen: seen["units"]["minio.service"].append("User=root"), lambda seen: seen["units"].clear()],
    "systemd_finds_each_running_service_little_exposed": [lambda seen: seen["exposure"].update({"minio.service": 4.3})],
    "settings_belong_to_root_and_are_read_by_their_service": [lambda seen: seen["settings"][1].update(mode="0644"),
                                                              lambda seen: seen["settings"][1].update(user="minio"),
                                                              lambda seen: seen["settings"][1].update(group="ana"),
                                                              lambda seen: seen["settings"][0].update(mode="0775")],
    "a_services_group_has_no_strangers": [lambda seen: seen["members"]["spark"].append("ana"), lambda seen: seen["members"].update(minio=["airflow"])],
    "no_account_has_a_password": [lambda seen: seen["passwords"].append("root")],
    "nothing_listens_that_the_table_of_ports_does_not_have": [lambda seen: seen["listeners"][2].update(address="192.0.2.1"),
                                                              lambda seen: seen["listeners"][1].update(port=4039)],
    "nobody_writes_where_everybody_may_outside_of_the_shared_folders": [lambda seen: seen["writable"].append("/opt/datalake"),
                                                                        lambda seen: seen["writable"].append("/tmpfiles")],
    "nothing_runs_as_another_account_that_debian_did_not_bring": [lambda seen: seen["foreign"].append("/opt/x")],
}


def run(name, seen):
    test = getattr(tests, f"test_{name}")
    test(*(value for given, value in (("seen", seen), ("expected", EXPECTED)) if given in test.__code__.co_varnames[:test.__code__.co_argcount]))


def test_each_test_of_what_was_seen_is_tried():
    taking = {name for name, test in vars(tests).items() if name.startswith("test_") and test.__code__.co_varnames[:1] == ("seen",)}
    assert taking == {f"test_{name}" for name in FAULTS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_good_host_passes(name):
    run(name, GOOD)


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults])
def test_a_fault_is_found(name, fault):
    seen = copy.deepcopy(GOOD)
    fault(seen)
    with pytest.raises(AssertionError):
        run(name, seen)
