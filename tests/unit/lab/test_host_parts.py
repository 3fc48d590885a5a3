# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the lab's host side that can be tried without a lab."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import types

import pytest

from lab.host import __main__ as commands
from lab.host import ansible, containers, daemon, machine, reach, settings, status, template, up
from lab.host.shell import Failure, only_one, run

GUEST = """\
#a description
hostname: db-hive.gti.local
memory: 1024
net0: name=eth0,bridge=gtilab0,gw=10.203.17.1,hwaddr=BC:24:11:00:00:01,ip=10.203.17.32/24,type=veth

[before]
memory: 512
"""


@pytest.fixture
def state(tmp_path, monkeypatch):
    for name in ('LOCK', 'SECRETS', 'GUESTS', 'LOG'):
        monkeypatch.setattr(settings, name, tmp_path / name.lower())
    monkeypatch.setattr(settings, 'STATE', tmp_path)
    return tmp_path


def test_a_program_that_fails_says_its_own_words():
    with pytest.raises(Failure, match='ended with 3:\nno such thing'):
        run('sh', '-c', 'echo no such thing >&2; exit 3')
    assert run('sh', '-c', 'exit 3', check=False).returncode == 3


def test_two_commands_at_once_are_refused(state):
    with only_one(), pytest.raises(Failure, match='Another lab command'), only_one():
        pass
    with only_one():
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(state):
    target = state / 'of another'
    target.write_text('kept')
    settings.LOCK.symlink_to(target)
    with pytest.raises(Failure, match='is a link'), only_one():
        pass
    assert target.read_text() == 'kept'


def test_containers_are_read_from_their_configuration(state):
    settings.GUESTS.mkdir()
    (settings.GUESTS / '117.conf').write_text(GUEST)
    (settings.GUESTS / '200.conf').write_text('lock: create\n')
    assert [tuple(container) for container in containers.known()] == [
        ('117', 'db-hive', '10.203.17.32', 1024), ('200', '200', '', 0)]


def test_the_group_of_a_container_is_found_above_those_of_its_systemd():
    assert containers.payload('/lxc.payload.117/init.scope') == 'lxc.payload.117'
    assert containers.payload('/lab/lxc.payload.117-1/system.slice/x.service') == 'lab/lxc.payload.117-1'
    assert containers.payload('/plain/group') == 'plain/group'


def test_monitors_of_other_containers_are_left_alone():
    match = containers.MONITOR.match(b'[lxc monitor] /var/lib/lxc web\0\0')
    assert match.groups() == (b'/var/lib/lxc', b'web')
    assert not containers.MONITOR.match(b'/usr/bin/vi\0[lxc monitor] a b\0')


def test_a_pid_file_whose_number_belongs_to_another_is_stale(tmp_path):
    file = tmp_path / 'pid'
    assert not daemon.alive(file, 'python')
    file.write_text('not a number')
    assert not daemon.alive(file, 'python')
    file.write_text(str(os.getpid()))
    assert daemon.alive(file, os.path.basename(sys.executable)[:6])
    assert not daemon.alive(file, 'some-other-program')
    daemon.stop(file, 'some-other-program')
    assert not file.exists()


def test_a_daemon_starts_logs_and_stops(tmp_path):
    file, log = tmp_path / 'pid', tmp_path / 'log/daemon'
    daemon.start(['sh', '-c', 'echo here; exec sleep 61.5'], file, log, tmp_path)
    deadline = time.monotonic() + 5
    # While a process becomes another program, its command line is empty for a moment.
    while not (daemon.tail(log) == 'here' and daemon.alive(file, 'sleep 61.5')) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert daemon.tail(log) == 'here'
    assert daemon.alive(file, 'sleep 61.5')
    daemon.stop(file, 'sleep 61.5')
    assert not file.exists()


def test_the_range_of_ids_is_added_once_and_taken_back_only_by_who_added_it(state, monkeypatch):
    ours, theirs = state / 'subuid', state / 'subgid'
    ours.write_text('someone:100:5\n')
    theirs.write_text(f'{machine.RANGE}\n')
    monkeypatch.setattr(machine, 'ID_FILES', (ours, theirs))
    machine.user_ids()
    machine.user_ids()
    assert ours.read_text() == f'someone:100:5\n{machine.RANGE}\n'
    machine.take_back_user_ids()
    assert ours.read_text() == 'someone:100:5\n'
    assert theirs.read_text() == f'{machine.RANGE}\n'


def test_links_to_the_secrets_follow_the_state(state, monkeypatch):
    monkeypatch.setattr(settings, 'SECRETS_LINK', state / 'link')
    monkeypatch.setattr(settings, 'VAULTED_LINK', state / 'vaulted')
    settings.VAULTED_LINK.symlink_to('/gone/with/another/lab')
    up.link_secrets()
    assert settings.SECRETS_LINK.readlink() == settings.SECRETS
    assert not settings.VAULTED_LINK.is_symlink()
    (settings.SECRETS / 'secrets.yml').touch()
    up.link_secrets()
    assert settings.VAULTED_LINK.exists()


def test_a_changed_recipe_means_another_template(monkeypatch):
    before = template.recipe()
    assert before == template.recipe()
    monkeypatch.setattr(template, 'PACKAGES', (*template.PACKAGES, 'nano'))
    assert before != template.recipe()


def test_a_template_that_could_not_be_built_leaves_no_template(tmp_path, monkeypatch):
    archive = tmp_path / 'template.tar.zst'
    monkeypatch.setattr(template, 'SCRATCH', tmp_path / 'scratch')
    monkeypatch.setattr(template, 'command', lambda target: ['sh', '-c', f'echo E: no archive; touch {target}; exit 1'])
    with pytest.raises(Failure, match='E: no archive'):
        template.build(archive, print)
    assert not archive.exists()


@pytest.mark.parametrize('argv', [
    ['trino', '--execute', "select 'a b', \"c\" from t where x = '$HOME' and y = `z`; -- *"],
    ['spark-sql', '-e', 'select 1'],
])
def test_arguments_reach_the_remote_shell_as_they_were_typed(monkeypatch, argv):
    monkeypatch.setattr(reach, 'address_of', lambda _host: '192.0.2.1')
    line = reach.ssh('trino', argv, terminal=False)[-1]
    said = subprocess.run(['sh', '-c', f'printf "%s\\n" {line}'], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == argv
    assert shlex.split(line) == argv


def test_without_a_command_a_shell_is_opened(monkeypatch):
    monkeypatch.setattr(reach, 'address_of', lambda _host: '192.0.2.1')
    assert reach.ssh('spark', [], terminal=False)[-1] == f'{settings.OPERATOR}@192.0.2.1'


def test_an_unknown_host_is_answered_with_those_there_are(state):
    settings.GUESTS.mkdir()
    (settings.GUESTS / '117.conf').write_text(GUEST)
    with pytest.raises(Failure, match='no container kafka. It has: db-hive'):
        reach.address_of('kafka')


@pytest.mark.parametrize('typed, command, argv', [
    (['trino', '--execute', 'select 1', '--help'], 'trino', ['--execute', 'select 1', '--help']),
    (['trino'], 'trino', []),
    (['spark-sql', '-e', 'select 1'], 'spark-sql', ['-e', 'select 1']),
    (['ssh', 'minio', 'ls', '-l'], 'ssh', ['ls', '-l']),
])
def test_options_of_the_remote_program_are_not_ours(typed, command, argv):
    given = commands.parser().parse_args(typed)
    assert (given.command, given.argv) == (command, argv)


OUTPUT = """
PLAY [Containers] ****
TASK [Create the container] ****
changed: [minio]
TASK [Wait for it] ****
ok: [minio]
fatal: [trino]: FAILED! => changed=false
  msg: the reason
PLAY RECAP ****
minio                      : ok=2    changed=1    unreachable=0    failed=0    skipped=0
trino                      : ok=1    changed=2    unreachable=0    failed=1    skipped=0
"""


def test_the_failing_task_and_the_changes_are_read_from_the_output(capsys):
    progress = types.SimpleNamespace(say=print, detail=lambda _text: None)
    reader = ansible.Reader(progress)
    for line in OUTPUT.splitlines():
        reader.line(line)
    assert reader.failed[0] == 'TASK [Wait for it] ****'
    assert '  msg: the reason' in reader.failed
    assert reader.changed == 3
    assert 'Containers' in capsys.readouterr().out


def test_a_loop_that_counts_says_how_far_it_is():
    details = []
    reader = ansible.Reader(types.SimpleNamespace(say=print, detail=details.append))
    for line in ('TASK [gti.lakehouse.mirror : Build what is missing] ***', 'changed: [mirror.gti.local] => (item=3 of 19: hive 3.1.3, next gitea 1.24.2)',
                 'TASK [Another] ***', 'ok: [mirror.gti.local] => (item=of no number)'):
        reader.line(line)
    assert details == ['gti.lakehouse.mirror : Build what is missing',
                       'gti.lakehouse.mirror : Build what is missing: 3 of 19: hive 3.1.3, next gitea 1.24.2', 'Another']


def test_tables_line_up():
    assert status.table([('Name', 'MiB'), ('trino', 1200), ('db', 7)]) == 'Name   MiB\ntrino  1200\ndb        7'


def test_places_are_those_of_the_containers_there_are():
    known = [containers.Container('111', 'trino', '10.203.17.35', 2560)]
    assert [status.url(*found) for found in status.places(known)] == ['https://10.203.17.35:8443']


class TestStatus:
    def test_what_is_declared_and_not_there_is_told_first(self, monkeypatch):
        known = [types.SimpleNamespace(vmid=host.vmid, init=1) for host in status.declared() if host.name != 'trino']
        known[0].init = None
        monkeypatch.setattr(status.containers, 'releases', lambda init: {'minio': '1'})
        monkeypatch.setattr(status.ansible, 'problems', lambda: ['another'])
        found = status.problems(known)
        assert found == ['backup: the container 120 is stopped (./lab/up)', 'trino: the container 111 is not there (./lab/up)', 'another']

    def test_a_container_that_was_destroyed_is_told(self, state):
        settings.GUESTS.mkdir()
        (settings.GUESTS / '117.conf').write_text(GUEST)
        told = status.missing(containers.known())
        assert told[0] == 'backup: the container 120 is not there (./lab/up)' and len(told) == len(status.declared())
        assert [line for line in told if line.startswith('db-hive')] == ['db-hive: the container 117 is stopped (./lab/up)']

    def test_where_nothing_is_deployed_nothing_is_said_to_work(self, capsys):
        row = {'name': 'trino', 'vmid': '111', 'address': '', 'state': 'running', 'memory_mib': 1, 'memory_limit_mib': 2, 'disk_mib': 3}
        found = {'problems': [], 'machine': {}, 'places': []}
        status.show({**found, 'containers': [{**row, 'releases': {}}]})
        assert 'does its work' not in capsys.readouterr().out
        status.show({**found, 'containers': [{**row, 'releases': {'trino': '476'}}]})
        assert 'All services are healthy.' in capsys.readouterr().out

    def test_a_terminal_is_told_nothing_but_words(self, capsys):
        found = {'problems': ['gold.\x1b[2Jvendas não abre'], 'machine': {}, 'containers': []}
        status.show(found)
        assert 'gold.\\x1b[2Jvendas não abre' in capsys.readouterr().out

    def test_nothing_is_asked_of_a_site_that_is_not_deployed(self, monkeypatch):
        known = [types.SimpleNamespace(vmid=host.vmid, init=1) for host in status.declared()]
        monkeypatch.setattr(status.containers, 'releases', lambda init: {})
        monkeypatch.setattr(status.ansible, 'problems', lambda: pytest.fail('asked'))
        assert status.problems(known) == []

    def test_every_container_of_the_inventory_is_declared(self):
        text = (settings.INVENTORY / 'hosts.yml').read_text(encoding='utf-8')
        assert len(status.declared()) == text.count('lakehouse_ct:') > 5
        assert '10.203.17.26 gitea.gti.local gitea' in status.hosts().splitlines()
