# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.filter.firewall_rules import firewall_rules, port_checks

FLOWS = [
    {"to": "s3", "port": 9000, "from": ["admin", "sql"], "what": "S3"},
    {"to": "s3", "port": 9001, "from": ["admin"], "what": "console"},
    {"to": "sql", "port": "7100-7199", "from": ["sql"], "what": "workers"},
    {"to": "s3", "port": 9009, "from": ["absent"], "what": "a component that the site leaves out"},
    {"to": "s3", "port": 1, "from": [], "what": "nobody"},
]
GROUPS = {"s3": ["s3.x"], "sql": ["a.x", "b.x"]}
ADDRESSES = {"s3.x": "192.0.2.1", "a.x": "192.0.2.2", "b.x": "192.0.2.3"}
ADMIN = ["198.51.100.0/24"]


def test_rules_of_a_host_come_from_its_groups_flows():
    assert firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, ADMIN) == [
        {"port": 9000, "sources": ["192.0.2.2", "192.0.2.3"], "except": [], "what": "S3"},
        {"port": 9000, "sources": ["198.51.100.0/24"], "except": [], "what": "S3"},
        {"port": 9001, "sources": ["198.51.100.0/24"], "except": [], "what": "console"},
    ]


@pytest.mark.parametrize("networks, inside", [
    (["192.0.2.0/24"], ["192.0.2.1", "192.0.2.2"]),
    (["0.0.0.0/0"], ["192.0.2.1", "192.0.2.2"]),
    (["192.0.2.2/31", "198.51.100.0/24"], ["192.0.2.2"]),
    (["192.0.2.3/32"], []),
])
def test_hosts_of_the_site_are_no_administrators_but_for_the_controller(networks, inside):
    rules = firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, networks, ["b.x"])
    assert rules[-1] == {"port": 9001, "sources": sorted(networks), "except": inside, "what": "console"}


@pytest.mark.parametrize("network", ["192.0.2.7/24", "192.0.2.0/33", "office", ""])
def test_a_network_that_is_none_is_named(network):
    with pytest.raises(AnsibleFilterError, match="lakehouse_admin_networks"):
        firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, [network])


def test_a_host_without_address_is_named():
    with pytest.raises(AnsibleFilterError, match="b.x .*ansible_host"):
        firewall_rules(FLOWS, ["s3"], GROUPS, {"s3.x": "192.0.2.1", "a.x": "192.0.2.2"}, ADMIN)


def test_doors_say_who_may_come_in():
    found = {(port["address"], port["port"]): port["open"] for port in port_checks(FLOWS, "a.x", ["sql"], GROUPS, ADDRESSES)}
    assert found == {
        ("192.0.2.1", 9000): True,
        ("192.0.2.1", 9001): False,
        ("192.0.2.1", 9009): False,
        ("192.0.2.1", 1): False,
        ("192.0.2.3", 7100): True,
    }
