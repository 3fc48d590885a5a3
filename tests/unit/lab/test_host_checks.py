# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/up refuses what cannot work, and says what is wrong and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.host import checks, settings, up
from lab.host.shell import Failure

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'
GIB = 2**30


def test_root_may_and_others_may_not():
    checks.is_root(0)
    with pytest.raises(Failure, match='as root'):
        checks.is_root(1000)


def test_debian_12_is_taken():
    checks.is_debian_12(DEBIAN, 'x86_64')


@pytest.mark.parametrize('text, machine, words', [
    ('ID=debian\nVERSION_ID="13"\n', 'x86_64', 'this machine has debian 13'),
    ('ID=ubuntu\nVERSION_ID="24.04"\n', 'x86_64', 'ubuntu 24.04'),
    ('NAME=something\n', 'x86_64', r'\? \?'),
    (DEBIAN, 'aarch64', 'this one is aarch64'),
])
def test_other_systems_are_refused_by_name(text, machine, words):
    with pytest.raises(Failure, match=words):
        checks.is_debian_12(text, machine)


def test_memory_says_how_much_is_missing():
    meminfo = f'MemTotal: 999 kB\nMemAvailable: {5000 * 1024} kB\nHugePages_Total: 0\n'
    checks.enough_memory(meminfo, 5000)
    with pytest.raises(Failure, match='1144 MiB are missing'):
        checks.enough_memory(meminfo, 6144)


def test_disk_says_where_and_how_much_is_missing():
    checks.enough_disk(Path('/var'), 20 * GIB, 20)
    with pytest.raises(Failure, match=r'at /var; 12\.5 GiB are missing'):
        checks.enough_disk(Path('/var'), int(7.5 * GIB), 20)


@pytest.mark.parametrize('route', [
    {'dst': '10.203.17.0/24', 'dev': 'eth1'},
    {'dst': '10.0.0.0/8', 'gateway': '192.0.2.1', 'dev': 'tun0'},
    {'dst': '10.203.17.77', 'dev': 'eth1', 'type': 'local'},
    {'dst': '10.203.17.128/25', 'type': 'blackhole'},
])
def test_a_subnet_that_is_routed_elsewhere_is_refused(route):
    with pytest.raises(Failure, match=route['dst']) as refused:
        checks.subnet_is_ours([{'dst': 'default', 'gateway': '192.0.2.1', 'dev': 'eth0'}, route])
    assert route.get('dev', '') in str(refused.value)


def test_our_own_bridge_and_other_subnets_are_no_reason_to_refuse():
    checks.subnet_is_ours([
        {'dst': 'default', 'gateway': '192.0.2.1', 'dev': 'eth0'},
        {'dst': '10.203.17.0/24', 'dev': settings.BRIDGE},
        {'dst': '10.203.17.1', 'dev': settings.BRIDGE, 'type': 'local'},
        {'dst': '10.203.16.0/24', 'dev': 'eth1'},
        {'dst': '10.203.18.0/24', 'dev': 'eth1'},
    ])


def test_existing_folder_above():
    assert checks.existing(Path('/usr/bin/not/there/at/all')) == Path('/usr/bin')


@pytest.fixture
def touched(monkeypatch):
    """A machine that fits, on which every change is noted instead of made."""
    changes = []
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    monkeypatch.setattr(checks, 'is_debian_12', lambda *_args: None)
    monkeypatch.setattr(checks, 'enough_memory', lambda *_args: None)
    monkeypatch.setattr(checks, 'enough_disk', lambda *_args: None)
    monkeypatch.setattr(checks, 'routes', lambda: None)
    monkeypatch.setattr(up, 'machine_side', lambda _progress: changes.append('machine'))
    monkeypatch.setattr(up, 'link_secrets', lambda: changes.append('links'))
    monkeypatch.setattr(up.containers, 'monitors', list)
    monkeypatch.setattr(settings, 'LOCK', Path('/dev/null'))
    return changes


def test_a_machine_that_fits_is_changed(touched):
    up.main('machine')
    assert touched == ['machine', 'links']


@pytest.mark.parametrize('name', ['is_debian_12', 'enough_memory', 'enough_disk', 'routes'])
def test_each_refusal_comes_before_the_first_change(monkeypatch, touched, name):
    def refuse(*_args):
        raise Failure(name)
    monkeypatch.setattr(checks, name, refuse)
    with pytest.raises(Failure, match=name):
        up.main('machine')
    assert not touched


def test_who_is_not_root_changes_nothing(monkeypatch, touched):
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    with pytest.raises(Failure, match='as root'):
        up.main('machine')
    assert not touched
