# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress

from ansible.errors import AnsibleFilterError

ADMIN = "admin"


def firewall_rules(flows, host_groups, groups, addresses, admin_networks, controllers=()):
    """Turn the site's table of flows into the rules of one host.

    :param flows: list of dicts ``to`` (group), ``port`` (number or range), ``from`` (groups), ``what``.
    :param host_groups: names of the groups that the host is in.
    :param groups: all groups of the inventory, name to list of hosts.
    :param addresses: address of each host.
    :param admin_networks: networks that the word ``admin`` stands for. An address of the site is no administrator, whichever of them it is in.
    :param controllers: names of the hosts that are administrators all the same, as Ansible itself runs there.
    :returns: list of dicts ``port``, ``sources`` (sorted addresses), ``except`` (addresses of the site inside them), ``what``; a flow
        from nobody gives none, so a component that the site leaves out opens nothing.
    :raises AnsibleFilterError: a host of a flow has no address, or an administrators' network is none.
    """
    site = _inside([address for host, address in addresses.items() if host not in controllers], admin_networks)
    rules = []
    for flow in flows:
        if flow["to"] not in host_groups:
            continue
        rule = {"port": flow["port"], "except": [], "what": flow["what"]}
        hosts = {_address(host, addresses, flow) for group in flow["from"] if group != ADMIN for host in groups.get(group, ())}
        if hosts:
            rules.append(dict(rule, sources=sorted(hosts)))
        if ADMIN in flow["from"] and admin_networks:
            rules.append(dict(rule, sources=sorted(admin_networks), **{"except": site}))
    return rules


def _inside(addresses, networks):
    """The addresses that lie in one of the networks, sorted."""
    try:
        spans = [ipaddress.ip_network(network) for network in networks]
    except ValueError as error:
        raise AnsibleFilterError("lakehouse_admin_networks: %s" % error) from error
    return sorted({address for address in addresses if any(ipaddress.ip_address(address) in span for span in spans)})


def port_checks(flows, this_host, host_groups, groups, addresses):
    """List every port of the site as one host should find it.

    :param flows: as for :func:`firewall_rules`; of a range of ports, the first stands for all.
    :param this_host: the host that connects; its own ports are left out.
    :param host_groups: names of the groups that it is in.
    :param groups: all groups of the inventory, name to list of hosts.
    :param addresses: address of each host.
    :returns: list of dicts ``address``, ``port``, ``open`` (whether the host may come in), ``what``.
    """
    found = {}
    for flow in flows:
        for host in groups.get(flow["to"], ()):
            if host == this_host or host not in addresses:
                continue
            key = (addresses[host], int(str(flow["port"]).split("-", maxsplit=1)[0]))
            may = any(group in host_groups for group in flow["from"])
            found[key] = {"address": key[0], "port": key[1], "open": may or found.get(key, {}).get("open", False), "what": flow["what"]}
    return list(found.values())


def _address(host, addresses, flow):
    if not addresses.get(host):
        raise AnsibleFilterError("lakehouse_flows: %s (%s) has no address: set ansible_host for it" % (host, flow["what"]))
    return addresses[host]


class FilterModule:
    """Filters that turn the site's tables into what a host needs."""

    def filters(self):
        return {"firewall_rules": firewall_rules, "port_checks": port_checks}
