# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the site must be."""

from __future__ import annotations

import ipaddress
import pathlib
import re

UNIT = pathlib.Path(__file__).parents[2] / "roles/common/templates/unit.service.j2"
# Of systemd's ten, at most: what reads the network and its own files, and nothing else, has 1.5.
EXPOSED = 2.0
# Where everybody may write, by Debian's own choice; of a service's private ones only its account gets to.
SHARED = re.compile(r"/(tmp|var/tmp|dev/shm|run/lock)(/|$)")
# What of /etc/datalake everybody may read: that a certificate was made, rules of a firewall, how a command logs and where it connects to.
OPEN = re.compile(r".*/(tls/\.made-[0-9a-f]+|starting\.nft|[a-z]+-cli/(log4j|config)\.properties)")
# Spark's pages have a plain port each, 400 below, that only leads to the other; the firewall keeps it closed.
PLAIN_PAGES = 400
# Who backs up others' files reads them by this capability, and changes none.
READING = {"CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "AmbientCapabilities=CAP_DAC_READ_SEARCH"}


def sandbox():
    """Each setting of the template's sandbox that is the same for every service."""
    text = UNIT.read_text().partition("# Sandbox")[2].partition("{% for name, value in (common_unit_settings")[0]
    return [line for line in text.splitlines()[1:] if "{{" not in line]


def test_sshd_lets_in_neither_root_nor_passwords(seen):
    settings = seen["sshd"]
    for name in ("permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication", "permitemptypasswords", "hostbasedauthentication",
                 "gssapiauthentication", "x11forwarding"):
        assert settings[name] == ["no"], name


def test_sshd_lets_in_the_accounts_of_the_site_alone(seen, expected):
    assert sorted(seen["sshd"]["allowusers"]) == sorted(expected["accounts"])


def test_the_operators_key_opens_the_operators_account_alone(sign_in, expected):
    assert sign_in(expected["accounts"][0]).rc == 0
    assert "Permission denied (publickey)" in sign_in("root").stderr


def test_nobody_is_asked_for_a_password(sign_in, expected):
    said = sign_in(expected["accounts"][0], "-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive")
    assert said.rc and "Permission denied (publickey)" in said.stderr


def test_each_unit_has_the_sandbox_of_the_template(seen):
    assert len(sandbox()) > 15 and "NoNewPrivileges=true" in sandbox()
    assert seen["units"], "the host has no service of the site"
    for unit, lines in seen["units"].items():
        last = {line.partition("=")[0]: line for line in lines}
        for line in sandbox():
            assert last.get(line.partition("=")[0]) in {line} | (READING if unit.startswith("backup-") else set()), unit
        assert not [line for line in lines if line == "User=root"], unit


def test_systemd_finds_each_running_service_little_exposed(seen):
    judged = {unit: score for unit, score in seen["exposure"].items() if unit in seen["units"]}
    assert {unit: score for unit, score in judged.items() if score > EXPOSED} == {}
    assert judged or all("@" in unit for unit in seen["units"])


def test_settings_belong_to_root_and_are_read_by_their_service(seen, expected):
    services = {account for account, is_service in seen["accounts"].items() if is_service} | {"root", expected["accounts"][0]}
    for found in seen["settings"]:
        allowed = {"folder": {"0750", "0755"}, "file": {"0644"} if OPEN.fullmatch(found["path"]) else {"0600", "0640"}, "link": {"0777"}}[found["kind"]]
        assert found["user"] == "root" and found["group"] in services and found["mode"] in allowed, found


def test_a_services_group_has_no_strangers(seen, expected):
    known = {"spark": {expected["accounts"][0], "airflow"}, "redis": {"superset"}}
    for group in {found["group"] for found in seen["settings"]} | set(known):
        assert set(seen["members"].get(group, [])) <= known.get(group, set()), group


def test_no_account_has_a_password(seen):
    assert seen["passwords"] == []


def test_nothing_listens_that_the_table_of_ports_does_not_have(seen, expected):
    open_ports = set()
    for port in expected["ports"]:
        first, dummy, last = str(port).partition("-")
        open_ports.update(range(int(first), int(last or first) + 1))
    open_ports |= {port - PLAIN_PAGES for port in range(4440, 4450) if port in open_ports} | {port - PLAIN_PAGES for port in open_ports & {8480, 8481, 18480}}
    strangers = [found for found in seen["listeners"]
                 if found["port"] not in open_ports and not loopback(found["address"]) and not (found["kind"] == "udp" and found["port"] >= 32768)]
    assert strangers == []


def loopback(address):
    place = address.partition("%")[0]
    if place == "*":
        return False
    address = ipaddress.ip_address(place)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def test_nobody_writes_where_everybody_may_outside_of_the_shared_folders(seen):
    assert [path for path in seen["writable"] if not SHARED.match(path)] == []


def test_nothing_runs_as_another_account_that_debian_did_not_bring(seen):
    assert seen["foreign"] == []
