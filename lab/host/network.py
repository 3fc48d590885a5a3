# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's bridge and its fence: containers reach each other and this machine's mirror, nothing else."""

from __future__ import annotations

import json

from lab.host import settings
from lab.host.shell import run

ADDRESS = f'{settings.HOST_ADDRESS}/{settings.NETWORK.prefixlen}'

# Replaced as a whole in one transaction, so a half-made or older table does no harm. What is closed is
# refused rather than dropped: a container that asks for a name or a page elsewhere fails at once.
FENCE = f"""
table inet {settings.NFT_TABLE}
delete table inet {settings.NFT_TABLE}
table inet {settings.NFT_TABLE} {{
  chain from_containers {{
    type filter hook prerouting priority filter; policy accept;
    iifname != "{settings.BRIDGE}" accept
    ct state established,related accept
    ip daddr {settings.HOST_ADDRESS} tcp dport {settings.MIRROR_PORT} accept
    ip daddr {settings.HOST_ADDRESS} icmp type echo-request accept
    ip daddr != {settings.HOST_ADDRESS} ip daddr {settings.NETWORK} accept
    reject
  }}
  chain to_containers {{
    type filter hook forward priority filter; policy accept;
    iifname != "{settings.BRIDGE}" oifname "{settings.BRIDGE}" reject
  }}
}}
"""


def links() -> list[dict]:
    found = run('ip', '-json', 'address', 'show', 'dev', settings.BRIDGE, check=False)
    return json.loads(found.stdout or '[]') if found.returncode == 0 else []


def up() -> None:
    """Make the bridge and the fence, or repair what is left of them."""
    if not links():
        run('ip', 'link', 'add', settings.BRIDGE, 'type', 'bridge', 'forward_delay', '0')
    run('ip', 'address', 'replace', ADDRESS, 'dev', settings.BRIDGE)
    run('ip', 'link', 'set', settings.BRIDGE, 'up')
    run('nft', '-f', '-', stdin=FENCE)


def down() -> None:
    if links():
        run('ip', 'link', 'delete', settings.BRIDGE)
    run('nft', 'delete', 'table', 'inet', settings.NFT_TABLE, check=False)


def is_up() -> bool:
    found = links()
    return bool(found) and 'UP' in found[0]['flags'] and any(
        address.get('local') == settings.HOST_ADDRESS for address in found[0]['addr_info'])
