# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
import urllib.parse

from ansible.errors import AnsibleFilterError

ADMIN = "admin"
DEFAULT_PORTS = {"http": 80, "https": 443, "ssh": 22}
ANY = "PORT"  # of what is reached by a port that nobody can tell from its name
OUTSIDE = ("203.0.113.1", 443)  # of addresses for documentation, which nobody has


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


def outgoing_rules(flows, host_groups, groups, addresses, outgoing):
    """Turn the site's table of flows, read in the other direction, and what it lists besides into what one host may connect to.

    :param flows: as for :func:`firewall_rules`.
    :param host_groups: names of the groups that the host is in.
    :param groups: all groups of the inventory, name to list of hosts.
    :param addresses: address of each host.
    :param outgoing: list of dicts ``to`` (address or network), ``port``, ``from`` (groups), ``what``, and ``protocols`` where not TCP alone.
    :returns: list of dicts ``port``, ``protocols``, ``to`` (sorted addresses), ``what``; a flow to nobody gives none.
    :raises AnsibleFilterError: a host of a flow has no address.
    """
    rules = []
    for flow in flows:
        hosts = {_address(host, addresses, flow) for host in groups.get(flow["to"], ())} if set(flow["from"]) & set(host_groups) else ()
        if hosts:
            rules.append({"port": flow["port"], "protocols": ["tcp"], "to": sorted(hosts), "what": flow["what"]})
    for other in outgoing:
        if set(other["from"]) & set(host_groups):
            rules.append({"port": other["port"], "protocols": other.get("protocols", ["tcp"]), "to": [other["to"]], "what": other["what"]})
    return rules


def outgoing_endpoints(named, addresses, listed, groups):
    """Make of what a site names in other variables what its hosts may connect to.

    :param named: list of dicts ``at`` (a URL, an address or a host, or a list of these; empty for none), ``variable`` (where the site names it),
        ``from`` (groups), ``what``, ``port`` where ``at`` has none, and ``protocols`` where not TCP alone.
    :param addresses: address of each host of the site.
    :param listed: what the site lists itself. A host that is known by name alone is this list's business.
    :param groups: all groups of the inventory, name to list of hosts; what no host uses is no endpoint.
    :returns: list of dicts as for :func:`outgoing_rules`, each address and port once for each choice of protocols; loopback needs none.
    :raises AnsibleFilterError: a host is known by name alone, and the list lacks its port, a protocol, or a host that uses it.
    """
    found = {}
    for one in named:
        users = [group for group in one["from"] if groups.get(group)]
        for place in [one["at"]] if isinstance(one["at"], str) else one["at"]:
            if not place or not users:
                continue
            host, port = _endpoint(place, one)
            is_of_site, host = host in addresses, addresses.get(host, host)
            network = _network(host)
            protocols = one.get("protocols", ["tcp"])
            if host == "localhost" or network is not None and network.is_loopback or is_of_site and port == ANY:
                continue
            if network is not None and port != ANY:
                end = found.setdefault((host, port, *protocols), {"to": host, "port": port, "protocols": protocols, "from": [], "what": one["what"]})
                end["from"] += [group for group in one["from"] if group not in end["from"]]
            elif not _is_covered(network, port, protocols, users, listed, groups):
                to, remedy = (host, "no port: write it there") if network is not None else (
                    "ADDRESS", "a firewall knows addresses only: write its address there")
                raise AnsibleFilterError(
                    "%s names %s, and %s, or add {to: %s, port: %s, from: [%s], what: %s%s} to lakehouse_outgoing_extra." % (
                        one["variable"], host, remedy, to, port, ", ".join(users), one["what"],
                        "" if protocols == ["tcp"] else ", protocols: [%s]" % ", ".join(protocols)))
    return list(found.values())


def _is_covered(network, port, protocols, users, listed, groups):
    """Whether what a site lists lets each host of some groups out to a port, by each protocol. Which address a name has, the site knows."""
    for protocol in protocols:
        hosts = set()
        for other in listed:
            if other.get("state") == "absent" or protocol not in other.get("protocols", ["tcp"]) or network and not _is_within(network, other.get("to")):
                continue
            if port == ANY or _holds(other.get("port"), port):
                hosts.update(host for group in other.get("from", []) for host in groups.get(group, ()))
        if not {host for group in users for host in groups[group]} <= hosts:
            return False
    return True


def _is_within(network, to):
    other = _network(to)
    return other is not None and other.version == network.version and network.subnet_of(other)


def _holds(ports, port):
    """Whether a port is the one, or of the range, that a rule has."""
    ends = [int(end) if end.isdecimal() else 0 for end in str(ports).split("-")]
    return ends[0] <= port <= ends[-1]


def _endpoint(place, one):
    if _network(place) is not None:
        return place, one.get("port")
    try:
        parts = urllib.parse.urlsplit(place if "//" in place else "//" + place)
        host, port = parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme) or one.get("port")
    except ValueError:
        host, port = None, None
    if not host or not port:
        # Not what it is: a URL may hold a password.
        raise AnsibleFilterError("%s names no host and port: write it as http://HOST:PORT." % one["variable"])
    return host, port


def connection_places(connections):
    """Where connections of Airflow lead to, as :func:`outgoing_endpoints` reads it.

    :param connections: list of dicts as the module ``airflow_content`` has them.
    :returns: list of texts ``//HOST:PORT``, without the port where it is not told: of each host, and of what S3's and Kafka's connections name
        beside it. A path of a file leads nowhere.
    :raises AnsibleFilterError: a port is none.
    """
    found = []
    for connection in connections:
        extra, host = connection.get("extra") or {}, str(connection.get("host") or "")
        places = [("[%s]" % host if isinstance(_network(host), ipaddress.IPv6Network) else host, connection.get("port"))]
        places += [(place.strip(), None) for name in ("endpoint_url", "bootstrap.servers") for place in str(extra.get(name) or "").split(",")]
        for place, port in places if connection.get("state") != "absent" else []:
            try:
                parts = urllib.parse.urlsplit(place if "//" in place else "//" + place)
                port = port or parts.port or DEFAULT_PORTS.get(parts.scheme)
            except ValueError as error:
                raise AnsibleFilterError("airflow_connections_extra: %s leads to no host and port: %s" % (connection["name"], error)) from error
            if parts.hostname:
                found.append("//%s%s" % ("[%s]" % parts.hostname if ":" in parts.hostname else parts.hostname, ":%s" % port if port else ""))
    return found


def _network(text):
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def port_checks(flows, this_host, host_groups, groups, addresses, outgoing=None, unfenced=()):
    """List every port of the site as one host should find it.

    :param flows: as for :func:`firewall_rules`; of a range of ports, the first stands for all.
    :param this_host: the host that connects; its own ports are left out.
    :param host_groups: names of the groups that it is in.
    :param groups: all groups of the inventory, name to list of hosts.
    :param addresses: address of each host.
    :param outgoing: what :func:`outgoing_rules` says of the host; none where its outgoing connections are not closed.
    :param unfenced: hosts that let in everybody.
    :returns: list of dicts ``address``, ``port``, ``open`` (whether the other side lets the host in; none where that is nobody's business),
        ``leaves`` (whether the host's own side lets it out; none likewise), ``what``. Where outgoing connections are closed, an address outside of
        the site is among them.
    """
    found = {}
    for flow in flows:
        for host in groups.get(flow["to"], ()):
            if host == this_host or host not in addresses:
                continue
            key = (addresses[host], int(str(flow["port"]).split("-", maxsplit=1)[0]))
            may = any(group in host_groups for group in flow["from"]) or found.get(key, {}).get("open") or (None if host in unfenced else False)
            found[key] = {"address": key[0], "port": key[1], "open": may, "leaves": _leaves(*key, outgoing), "what": flow["what"]}
    if outgoing is not None:
        found[OUTSIDE] = {"address": OUTSIDE[0], "port": OUTSIDE[1], "open": None, "leaves": _leaves(*OUTSIDE, outgoing), "what": "what is outside of the site"}
    return list(found.values())


def _leaves(address, port, outgoing):
    """Whether one of a host's rules lets it connect to an address and port by TCP."""
    if outgoing is None:
        return None
    for rule in outgoing:
        if "tcp" in rule["protocols"] and _holds(rule["port"], port) and any(ipaddress.ip_address(address) in ipaddress.ip_network(to) for to in rule["to"]):
            return True
    return False


def _address(host, addresses, flow):
    if not addresses.get(host):
        raise AnsibleFilterError("lakehouse_flows: %s (%s) has no address: set ansible_host for it" % (host, flow["what"]))
    return addresses[host]


class FilterModule:
    """Filters that turn the site's tables into what a host needs."""

    def filters(self):
        return {"firewall_rules": firewall_rules, "outgoing_endpoints": outgoing_endpoints, "outgoing_rules": outgoing_rules,
                "connection_places": connection_places, "port_checks": port_checks}
