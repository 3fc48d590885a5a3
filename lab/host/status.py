# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lab/status, and what lab/up shows at its end."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import sys
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from lab.host import ansible, api, checks, containers, daemon, machine, network, settings

CA = settings.SECRETS / 'ca/ca.crt'
BOTH = settings.SECRETS / 'ca/trusted.crt'  # while the authority is changed for another


class Place(NamedTuple):
    """Something that a person may want to reach, and the page that tells whether it is well."""

    name: str
    host: str
    scheme: str
    port: int
    page: str = '/'


PLACES = (
    Place('MinIO (S3)', 'minio', 'https', 9000, '/minio/health/live'),
    Place('MinIO console', 'minio', 'https', 9001),
    Place('Hive Metastore', 'db-hive', 'thrift', 9083),
    Place('Kafka', 'kafka', 'kafka', 9093),
    Place('Spark master', 'spark', 'https', 8480),
    Place('Spark history', 'spark', 'https', 18480),
    Place('Trino', 'trino', 'https', 8443, '/v1/info'),
    Place('Gitea', 'gitea', 'https', 3000, '/api/healthz'),
    Place('Airflow', 'airflow', 'https', 8089, '/health'),
    Place('Superset', 'superset', 'https', 8088, '/health'),
)


class Declared(NamedTuple):
    """A container that the inventory says there is."""

    name: str
    address: str
    vmid: str


DECLARED = re.compile(r'^ +([a-z0-9-]+)\.%s:\n +ansible_host: (\S+)\n +lakehouse_ct:\n +vmid: (\d+)' % re.escape(settings.DOMAIN), re.MULTILINE)


def declared() -> list[Declared]:
    text = (settings.INVENTORY / 'hosts.yml').read_text(encoding='utf-8')
    return [Declared(*found) for found in DECLARED.findall(text)]


def missing(known: list[containers.Container]) -> list[str]:
    """What is declared and does not run, in words."""
    running = {container.vmid for container in known if container.init}
    made = {container.vmid for container in known}
    return [f"{host.name}: the container {host.vmid} {'is stopped' if host.vmid in made else 'is not there'} (./lab/up)"
            for host in declared() if host.vmid not in running]


def problems(known: list[containers.Container]) -> list[str]:
    """What is not well, the containers that are not there before all else. Nothing is asked of a site that is not deployed yet."""
    deployed = any(containers.releases(container.init) for container in known if container.init)
    return missing(known) + (ansible.problems() if deployed else [])


def hosts() -> str:
    """For the hosts file of a machine that shall know the site's names."""
    return '\n'.join(f'{host.address} {host.name}.{settings.DOMAIN} {host.name}' for host in declared())


def places(known: list[containers.Container]) -> list[tuple[Place, containers.Container]]:
    by_name = {container.name: container for container in known}
    return [(place, by_name[place.host]) for place in PLACES if place.host in by_name]


def url(place: Place, container: containers.Container) -> str:
    return f'{place.scheme}://{container.address}:{place.port}'


def health(place: Place, container: containers.Container) -> str:
    """A few words on how it answers. A page that asks for a password is well."""
    if place.scheme != 'https':
        # Closed to this machine by the container's own firewall: seen from inside instead.
        return 'listens' if containers.listens(container, place.port) else 'does not listen'
    try:
        context = ssl.create_default_context(cafile=str(BOTH if BOTH.exists() else CA))
        with api.opener(context).open(url(place, container) + place.page, timeout=5):
            return 'well'
    except urllib.error.HTTPError as error:
        return 'well' if error.code in (401, 403) else f'answers {error.code}'
    except (OSError, urllib.error.URLError) as error:
        return f"no answer ({getattr(error, 'reason', error)})"


def of_container(container: containers.Container) -> dict[str, Any]:
    init = container.init
    return {
        'name': container.name, 'vmid': container.vmid, 'address': container.address,
        'state': 'running' if init else 'stopped',
        'memory_mib': containers.resident_bytes(init) // 2**20 if init else 0,
        'memory_limit_mib': container.memory_mib,
        'disk_mib': container.disk_bytes() // 2**20,
        'releases': containers.releases(init) if init else {},
    }


def everything() -> dict[str, Any]:
    known = containers.known()
    return {
        'machine': {
            'bridge': network.is_up(),
            'api': daemon.alive(api.PID_FILE, api.MARK) and api.answers(),
            'mirror': daemon.alive(settings.MIRROR_PID, 'nginx'),
            'lxcfs': machine.lxcfs_serves(),
        },
        'containers': [of_container(container) for container in known],
        'problems': problems(known) if known else [],
        'places': [
            *({'name': place.name, 'url': url(place, container), 'health': health(place, container)} for place, container in places(known)),
            *({'name': place.name, 'url': '-', 'health': 'its container is not there'}
              for place in PLACES if place.host not in {container.name for container in known}),
        ],
    }


def table(rows: list[tuple[Any, ...]]) -> str:
    """Columns as wide as their widest word; numbers to the right."""
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return '\n'.join('  '.join(str(word).rjust(width) if isinstance(word, int) else str(word).ljust(width)
                               for word, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def addresses() -> str:
    return table([('Component', 'Address'),
                  *((place.name, url(place, container)) for place, container in places(containers.known()))])


def memory() -> str:
    found = [of_container(container) for container in containers.known()]
    rows = [(row['name'], row['memory_mib'], row['memory_limit_mib']) for row in found]
    total = ('in all', sum(row[1] for row in rows), sum(row[2] for row in rows))
    return table([('Resident memory', 'MiB', 'limit'), *rows, total])


def red(text: str) -> str:
    return f'\033[31m{text}\033[0m' if sys.stdout.isatty() else text


def printable(text: str) -> str:
    """What tables are called and errors say is other people's, and a terminal obeys signs that it does not show."""
    return ''.join(sign if sign.isprintable() else f'\\x{ord(sign):02x}' for sign in text)


def main(as_json: bool, as_hosts: bool) -> None:
    if as_hosts:
        print(hosts())
        return
    checks.is_root(os.geteuid())
    found = everything()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    if found['problems']:
        sys.exit(1)


def show(found: dict[str, Any]) -> None:
    if found['problems']:
        print(red('\n'.join(['Not well:', *(f'  {printable(problem)}' for problem in found['problems'])])) + '\n')
    print(table([('Machine', ''), *((name, 'up' if up else 'down') for name, up in found['machine'].items())]))
    if not found['containers']:
        print('\nNo containers.')
        return
    print('\n' + table([
        ('Container', 'Id', 'Address', 'State', 'MiB', 'limit', 'disk MiB', 'Releases'),
        *((row['name'], row['vmid'], row['address'], row['state'], row['memory_mib'], row['memory_limit_mib'],
           row['disk_mib'], ', '.join(f'{name} {version}' for name, version in row['releases'].items()))
          for row in found['containers'])]))
    print('\n' + table([('Component', 'Address', 'Health'),
                        *((row['name'], row['url'], row['health']) for row in found['places'])]))
    if not any(row['releases'] for row in found['containers']):
        print('\nNothing is deployed yet (./lab/up).')
    elif not found['problems']:
        print('\nAll services are healthy.')
    print(f"\nCache: {settings.CACHE}, {shutil.disk_usage(checks.existing(settings.CACHE)).free // 2**30} GiB free")
