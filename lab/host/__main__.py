# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of lab/: up, down, status, ssh, trino, spark-sql."""

from __future__ import annotations

import argparse
import sys

from lab.host import ansible, down, reach, status, up
from lab.host.shell import Failure


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog='lab', description='The lakehouse on one Debian 12 machine.')
    commands = top.add_subparsers(dest='command', required=True)
    command = commands.add_parser('up', help='make, or repair, the trial and show where it is')
    command.add_argument('--stop-after', choices=up.STEPS, default=up.STEPS[-1],
                         help="machine: only this machine's side (template, bridge, API); containers: bare ones, nothing deployed")
    commands.add_parser('environment', help='print the variables that make Ansible faster, for other runs on the trial')
    command = commands.add_parser('down', help='remove the trial')
    command.add_argument('--keep-cache', action='store_true', help='keep downloads and the container template')
    command = commands.add_parser('status', help='show what runs')
    command.add_argument('--json', action='store_true', help='for programs')
    command.add_argument('--hosts', action='store_true', help="print the site's names for a hosts file")
    command = commands.add_parser('ssh', help='sign in to a container as the operator, or run a command there')
    command.add_argument('host')
    command.add_argument('argv', nargs=argparse.REMAINDER, metavar='command')
    for name in ('trino', 'spark-sql'):
        command = commands.add_parser(name, help=f'run {name} as the operator', add_help=False, prefix_chars='\0')
        command.add_argument('argv', nargs=argparse.REMAINDER, metavar='argument')
    return top


def main() -> None:
    given = parser().parse_args()
    match given.command:
        case 'up':
            up.main(given.stop_after)
        case 'environment':
            print('\n'.join(f'{name}={value}' for name, value in ansible.strategy().items()))
        case 'down':
            down.main(given.keep_cache)
        case 'status':
            status.main(given.json, given.hosts)
        case 'ssh':
            reach.main(given.host, given.argv)
        case 'trino':
            reach.main('trino', ['trino', *given.argv])
        case 'spark-sql':
            reach.main('spark', ['spark-sql', *given.argv])


if __name__ == '__main__':
    try:
        main()
    except Failure as failure:
        sys.exit(f'\n{failure}')
    except KeyboardInterrupt:
        sys.exit('\nInterrupted. The command may simply be run again.')
