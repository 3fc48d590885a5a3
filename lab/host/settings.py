# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is fixed about the lab, in one place."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

# What belongs to the running lab, and what is worth keeping for the next one.
STATE = Path('/var/lib/gti-lakehouse-lab')
CACHE = Path(os.environ.get('LAKEHOUSE_LAB_CACHE', '/var/cache/gti-lakehouse'))
LOCK = Path('/run/lock/gti-lakehouse-lab.lock')

BRIDGE = 'gtilab0'
NETWORK = ipaddress.ip_network('10.203.17.0/24')
HOST_ADDRESS = '10.203.17.1'
DOMAIN = 'gti.local'
NFT_TABLE = 'gti_lab'
API_PORT = 8006
MIRROR_PORT = 8443

# Unprivileged containers: their root is this machine's user 100000.
ID_FIRST, ID_COUNT = 100000, 65536

TEMPLATE = 'debian-12-gti_12_amd64.tar.zst'
TEMPLATES = STATE / 'storage/local/template/cache'

INVENTORY = REPO / 'inventories/lab'
# The trial's secrets live with its state; a checkout that works on it has two links to them.
SECRETS = STATE / 'secrets'
SECRETS_LINK = INVENTORY / '.secrets'
VAULTED_LINK = INVENTORY / 'group_vars/lakehouse/secrets.yml'
OPERATOR = 'datalake'
LOG = STATE / 'log'
GUESTS = STATE / 'lxc'
MIRROR_PID = STATE / 'mirror/nginx.pid'
# Role mirror configures this machine as it would a container of its own.
MIRROR_CONFIG = Path('/etc/datalake/mirror')
MIRROR_BUILDER = 'lakehouse-build'

DEBIAN_PACKAGES = (
    'bridge-utils', 'ca-certificates', 'iproute2', 'lxc', 'lxcfs', 'mmdebstrap', 'nftables',
    'openssh-client', 'openssl', 'procps', 'python3-apt', 'python3-venv', 'uidmap', 'zstd',
)

# Asked for before the first change; what an existing lab already holds is not asked for twice.
MEMORY_MIB = 10 * 1024
DISK_GIB = {'nothing': 30, 'cache': 15, 'lab': 2}
